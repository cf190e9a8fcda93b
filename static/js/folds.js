// What is folded in the deck builder stays folded, and what is open open, when htmx swaps the whole of it. So does
// what was typed into the days, which no other press is about. Without this script all of it folds by itself.
(() => {
  "use strict";

  const wide = window.matchMedia("(min-width: 62rem)");
  const byHand = new Map(); // id of a fold -> whether it is open
  let typed = new Map(); // id of a field of the days -> what was typed or chosen

  const folds = () => document.querySelectorAll("#cart details[id]");
  const daysOf = (event) => event.detail.requestConfig?.elt?.id === "days-form";
  const isOpen = (fold) => byHand.get(fold.id) ?? (fold.open || ("openWide" in fold.dataset && wide.matches));

  const closed = (element) => element?.closest("details:not([open])");

  function put() {
    for (const fold of folds()) fold.open = isOpen(fold);
    for (const [id, { value, checked }] of typed) {
      const field = document.getElementById(id);
      if (field) Object.assign(field, { value, checked });
    }
    typed = new Map();
    const led = document.getElementById(document.getElementById("cart")?.dataset.focus);
    const from = led?.matches("summary") ? led.parentElement.parentElement : led;
    for (let fold = closed(from); fold; fold = closed(fold.parentElement)) fold.open = true; // else it is not seen
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "cart") return;
    for (const fold of folds()) byHand.set(fold.id, fold.open);
    if (daysOf(event)) {
      byHand.delete("days"); // the answer says
      return;
    }
    for (const field of document.querySelectorAll("#days-form input[id]")) {
      const { value, checked } = field;
      if (value !== field.defaultValue || checked !== field.defaultChecked) typed.set(field.id, { value, checked });
    }
  });

  document.addEventListener("htmx:afterSwap", put);

  document.addEventListener("htmx:afterSettle", (event) => {
    const cart = document.getElementById("cart");
    if (event.target === cart && daysOf(event)) document.getElementById(cart.dataset.focus)?.focus();
  });

  put();
})();
