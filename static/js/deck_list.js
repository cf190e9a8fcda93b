// The page that takes a deck list in: a file that is dropped or chosen is read at once, and a list that is too large is
// not even sent. All of it can be done without this script, by choosing a file and pressing the button.
(() => {
  "use strict";

  const form = document.getElementById("deck-list");
  const source = document.getElementById("list-source");
  const review = document.getElementById("list-review");
  const file = form.querySelector("input[type=file]");
  const cards = form.querySelector("textarea");
  form.querySelector(".list-drop-says").hidden = false;

  const bytes = (text) => new TextEncoder().encode(text).length;
  const isTooLarge = () =>
    (file.files.length ? file.files[0].size : bytes(cards.value)) > Number(form.dataset.largest);

  function say(text) {
    const note = document.createElement("div");
    note.className = "note note-error list-wrong";
    note.id = "list-wrong";
    note.setAttribute("role", "alert");
    note.textContent = text;
    review.replaceChildren(note);
  }

  // Before htmx sees it.
  form.addEventListener(
    "submit",
    (event) => {
      if (!isTooLarge()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      say(form.dataset.tooLarge);
      file.value = "";
    },
    { capture: true },
  );

  file.addEventListener("change", () => {
    if (file.files.length) form.requestSubmit();
  });

  // --- dropping ---

  const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  let inside = 0; // dragenter and dragleave come from every element on the way

  document.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    inside += 1;
    document.body.classList.add("takes-a-file");
  });
  document.addEventListener("dragleave", (event) => {
    if (!holdsFiles(event)) return;
    inside = Math.max(0, inside - 1);
    if (!inside) document.body.classList.remove("takes-a-file");
  });
  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  document.addEventListener("drop", (event) => {
    inside = 0;
    document.body.classList.remove("takes-a-file");
    if (!holdsFiles(event) || !event.dataTransfer.files.length) return;
    event.preventDefault();
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    file.files = one.files;
    form.requestSubmit();
  });

  // --- after a list was read ---

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== review) return;
    const read = event.detail.requestConfig.elt === form;
    const heading = document.getElementById("review-heading");
    if (read) file.value = ""; // it travels in the review from now on; the next list may be a pasted one
    if (read && heading) source.open = false;
    // Whoever pressed a button that has gone goes on with what came of it.
    if (heading && (read || document.activeElement === document.body)) heading.focus();
  });

  // A list is added once, however often the button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.submitter?.id !== "add-list") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    delete document.getElementById("list-review-form")?.dataset.sent;
  });
})();
