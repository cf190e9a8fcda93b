// The deck builder (templates/orders/_cart.html). Without this script, and without htmx, its forms do all of it.
//
// Every press is sent, one after the other: htmx swaps the whole builder, and would drop what is pressed meanwhile.
// The focus stays where it was; where that is gone, it goes to what took its place.
(() => {
  "use strict";

  const waiting = [];
  let sent = null; // the control whose request is on its way
  let leaving = ""; // the address of a link that was followed meanwhile
  let typed = ""; // what that request took out of the quick add field
  let successors = []; // ids of what may take the focus over

  const byId = (id) => (id ? document.getElementById(id) : null);
  const quickAdd = () => byId("quick-add");
  const field = () => byId("id_cards");

  // --- one after the other ---------------------------------------------------------------------------------

  document.addEventListener("htmx:confirm", (event) => {
    const { elt, verb, triggeringEvent } = event.detail;
    if (verb !== "post" || !elt.closest("#cart, #quick-add, #messages")) return;
    const control = triggeringEvent.submitter || triggeringEvent.target;
    if (!sent) {
      sent = control;
      return;
    }
    event.preventDefault();
    if (elt === quickAdd()) {
      waiting.push({ text: field().value });
      field().value = "";
    } else if (!(control.id.startsWith("set-") && sent.form === control.form)) {
      waiting.push({ id: control.id, value: control.value });
    }
  });

  function next() {
    sent = null;
    while (waiting.length && !sent) {
      const { id, value, text } = waiting.shift();
      if (text !== undefined) {
        const now = field().value;
        field().value = text;
        quickAdd().requestSubmit();
        field().value = now;
      } else {
        const control = byId(id);
        if (control instanceof HTMLInputElement) {
          control.value = value;
          control.dispatchEvent(new Event("change", { bubbles: true }));
        } else if (control) {
          control.click();
        }
      }
    }
    if (leaving && !sent) window.location.assign(leaving);
  }

  // Who leaves the page while presses wait takes them along; not for ever, where no answer comes.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]:not([hx-get], [data-close], [target])");
    if (!sent || !link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    leaving = link.href;
    setTimeout(() => window.location.assign(leaving), 10000);
  });

  // What was typed is on its way: the field is free for the next card, and gets it back where it did not arrive.
  document.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.elt !== quickAdd()) return;
    typed = event.detail.requestConfig.parameters.cards || "";
    if (field().value === typed) field().value = "";
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== quickAdd()) return;
    if (!event.detail.successful && !field().value) field().value = typed;
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "cart") return; // it comes for the other parts of the answer, too
    keepFocus();
    next();
  });

  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(failure, (event) => {
      const { xhr } = event.detail;
      if (xhr && (xhr.status === 403 || xhr.status === 404)) {
        window.location.reload(); // the line or the session is gone: another tab was faster
        return;
      }
      waiting.length = 0;
      next();
      const note = document.createElement("div");
      note.className = "note note-error";
      note.textContent = "This did not reach us, and nothing was changed. Look at your connection and try again.";
      const notes = document.createElement("div");
      notes.className = "notes notes-over";
      notes.append(note);
      byId("messages")?.replaceChildren(notes);
    });
  }

  // --- the focus -------------------------------------------------------------------------------------------

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "cart") return;
    const active = document.activeElement;
    const line = active.closest(".line");
    successors = [active.id];
    if (!line) return;
    const lines = [...document.querySelectorAll(".line")];
    const at = lines.indexOf(line);
    const kind = /^(less|more|quantity)-/.exec(active.id)?.[1] || "change";
    for (const other of [line, lines[at + 1], lines[at - 1]]) {
      if (other) successors.push(other.id.replace("line", kind));
    }
  });

  function keepFocus() {
    if (document.activeElement && document.activeElement !== document.body) return;
    const led = byId("cart").dataset.focus;
    const found = [led, ...successors].map(byId).find(Boolean);
    (found || field())?.focus({ preventScroll: !led });
    if (led) found?.scrollIntoView({ block: "nearest" });
  }

  // --- by hand ---------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close && byId(`editor-${close.dataset.close}`)) {
      event.preventDefault();
      byId(`editor-${close.dataset.close}`).replaceChildren();
      byId(`change-${close.dataset.close}`)?.focus();
    }
    event.target.closest("[data-close-note]")?.closest(".note").remove();
  });

  document.addEventListener("keydown", (event) => {
    const undoes = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
    if (!undoes || event.target.closest("input, textarea, select")) return; // there it undoes typing
    if (byId("undo")) {
      event.preventDefault();
      byId("undo").click();
    }
  });
})();
