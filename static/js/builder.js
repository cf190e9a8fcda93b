// The deck builder (templates/orders/_cart.html). Without this script, and without htmx, its forms do all of it.
//
// Every press is sent, one after the other: htmx swaps the whole builder, and would drop what is pressed meanwhile.
// What is being typed, and the focus, stay where they were; where their place is gone, the focus goes to the next.
// Where no answer came the cart is read again, and the presses that wait go on from there.
(() => {
  "use strict";

  const PATIENCE = 30000; // ms that an answer may take; the server takes no longer
  htmx.config.timeout = PATIENCE;
  const READING = 5000; // ms that a note about what did not arrive stays at least

  const waiting = []; // presses: the id of the control, its value, what it is called; or a text of the quick add
  let sent = null; // what is on its way: what asked, the control, the number in its form; or that it reads again
  let resumes = false; // whether a press is one that waited
  let leave = null; // goes where a link or a form led that was pressed meanwhile
  let typed = ""; // what that request took out of the quick add field
  let successors = []; // ids of what may take the focus over

  const byId = (id) => (id ? document.getElementById(id) : null);
  const quickAdd = () => byId("quick-add");
  const field = () => byId("id_cards");

  // --- one after the other ---------------------------------------------------------------------------------

  document.addEventListener("htmx:confirm", (event) => {
    const { elt, verb, triggeringEvent } = event.detail;
    if (verb !== "post" || !elt.closest("#cart, #quick-add, #messages")) return;
    const number = elt.querySelector(".step-copies");
    let control = triggeringEvent.submitter || triggeringEvent.target;
    if (control.id.startsWith("set-")) control = number; // Enter in it
    if (!sent) {
      sent = { elt, control, number: number?.value };
      if (!resumes) forgetFailures();
      return;
    }
    event.preventDefault();
    const last = waiting.at(-1);
    if (elt === quickAdd()) {
      waiting.push({ text: field().value });
      field().value = "";
    } else if (control === number && last?.id === number.id) {
      last.value = number.value;
    } else if (last || control !== number || sent.control !== number || sent.number !== number.value) {
      waiting.push(pressOf(control));
    }
  });

  const pressOf = (control) => ({
    id: control.id,
    value: control.value,
    called: called(control),
    removal: control.form?.elements.removal?.value,
  });

  function next() {
    sent = null;
    resumes = true;
    while (waiting.length && !sent) {
      const press = waiting.shift();
      const control = byId(press.id);
      if (press.text !== undefined) {
        asking(field(), press.text, () => quickAdd().requestSubmit());
      } else if (control?.matches(".step-copies")) {
        asking(control, press.value, () => control.dispatchEvent(new Event("change", { bubbles: true })));
        if (control.value !== press.value) putBack.add(control);
      } else if (control && press.removal) {
        // What was done last may be something else by now: then the shop says that this cannot be undone any more.
        asking(control.form.elements.removal, press.removal, () => control.click());
      } else if (control) {
        control.click();
      } else if (/^(more|quantity)-/.test(press.id)) {
        tell(`“${press.called}”: ${known(404)}`);
      }
    }
    resumes = false;
    if (!sent) leaveNow();
  }

  // With the value that was pressed; what stands there is what is being typed anew, or what was done since.
  function asking(input, value, ask) {
    const now = input.value;
    input.value = value;
    ask();
    input.value = now;
  }

  // htmx sends the button that has the focus along with its form, whatever asked: a number would be a step.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.triggeringEvent?.type === "change" && detail.elt.matches(".steps")) delete detail.parameters.by;
  });

  // The answer may come while the mouse or the space bar is down. What was pressed is replaced then, and the browser
  // tells nobody of the press.
  let down = null;

  function goesDown(event) {
    down = event.button || (event.key && event.key !== " ") ? null : event.target.closest("#cart :is(a, button)[id]");
  }

  function comesUp(event) {
    const replaced = down && !down.isConnected && byId(down.id);
    down = null;
    if (replaced && replaced.contains(event.target)) replaced.click();
  }

  for (const type of ["mousedown", "keydown"]) document.addEventListener(type, goesDown);
  for (const type of ["mouseup", "keyup"]) document.addEventListener(type, comesUp);

  // Who leaves the page while presses wait takes them along; not for ever, where no answer comes.
  function leavesLater(event, go) {
    if (!sent || sent.lost) return;
    event.preventDefault();
    leave = go;
    setTimeout(() => leave === go && leaveNow(), 10000);
  }

  function leaveNow() {
    const go = leave;
    leave = null; // a link to a file leaves the page where it is
    go?.();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]:not([hx-get], [data-close], [target])");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    if (!link.getAttribute("href").startsWith("#")) leavesLater(event, () => window.location.assign(link.href));
  });

  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) leavesLater(event, () => event.target.submit()); // those of htmx are prevented
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

  // --- what does not arrive ----------------------------------------------------------------------------------

  const failures = new Map(); // notes about it, and when they were told: they stay until they are closed, or read

  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(failure, (event) => {
      const { elt, xhr, requestConfig } = event.detail;
      if (sent?.readsAgain && elt === sent.elt) {
        sent.lost = tell("We cannot reach the shop. What you press meanwhile is sent when we can.", "Try again");
      } else if (elt === sent?.elt) {
        tell(`${named(sent)}: ${known(xhr.status)} This is your cart as it is now.`);
        readAgain(sent.control.form, sent.number);
      } else if (requestConfig.verb === "get" && elt.closest("#cart")) {
        tell(`${named({ control: elt })} could not be shown. ${xhr.status === 404 ? "The line is gone." : "Try again."}`);
        if (!sent) readAgain();
      }
    });
  }

  const called = (control) => control.getAttribute("aria-label") || control.textContent.trim();
  const named = ({ elt, control }) => `“${elt === quickAdd() ? typed : called(control)}”`;

  // A step is more or less, not a number: sent twice, it counts twice. So nothing is said that is not known.
  function known(status) {
    if (status === 404) return "this is in your cart no longer, so nothing was changed.";
    if (status === 403) return "this page was out of date, as after signing in elsewhere, so nothing was changed.";
    if (status >= 400 && status < 500) return "this was refused, so nothing was changed.";
    return "we do not know whether this reached us. Look before you try again.";
  }

  // Presses wait until the cart is read. `form`: the one whose request failed; `number`: what it sent.
  function readAgain(form, number) {
    leave = null;
    sent = { elt: byId("cart"), form, number, readsAgain: true };
    const asked = { source: "#cart", target: "#cart", swap: "outerHTML" };
    htmx.ajax("GET", window.location.pathname, asked).catch(() => {}); // the events above tell of it
  }

  function tryAgain() {
    if (!sent?.lost) return;
    sent.lost.remove();
    failures.delete(sent.lost);
    readAgain(sent.form, sent.number);
  }

  window.addEventListener("online", tryAgain);

  function tell(text, action) {
    const note = document.createElement("div");
    note.className = "note note-error";
    note.setAttribute("role", "alert");
    const says = document.createElement("p");
    says.textContent = text;
    const button = document.createElement("button");
    button.type = "button";
    button.className = action ? "button button-plain" : "button button-quiet note-close";
    button.textContent = action || "Close";
    if (action) button.addEventListener("click", tryAgain);
    else button.dataset.closeNote = "";
    note.append(says, button);
    failures.set(note, Date.now());
    showFailures();
    return note;
  }

  function showFailures() {
    if (!failures.size) return;
    let over = document.querySelector("#messages > .notes-over");
    if (!over) {
      over = document.createElement("div");
      over.className = "notes notes-over";
      byId("messages").append(over);
    }
    over.append(...failures.keys());
  }

  // With the next press; but who presses in a hurry has not read what just came.
  function forgetFailures() {
    for (const [note, told] of failures) if (Date.now() - told > READING) failures.delete(note);
  }

  // --- what is being typed -----------------------------------------------------------------------------------

  const unsent = new Map(); // by id: what stands in the fields that the answer is not about
  const putBack = new WeakSet();
  let done = ""; // the id of the editor that the answer is about

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "cart") return;
    const { xhr } = event.detail;
    const taken = xhr.status === 200 && !sent?.readsAgain;
    const answered = sent?.form || sent?.control?.form;
    unsent.clear();
    for (const control of byId("cart").querySelectorAll("input[id], textarea[id]")) {
      // The number that was sent gives way to what the cart has; a text that was refused stays, to be put right.
      if (control.form === answered && (control.type === "number" ? control.value === sent.number : taken)) continue;
      if (control.checked !== control.defaultChecked) unsent.set(control.id, { checked: control.checked });
      else if (control.value !== control.defaultValue) unsent.set(control.id, { value: control.value });
    }
    done = taken && answered?.closest(".line-editor")?.id;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "cart") return;
    for (const [id, state] of unsent) {
      const control = byId(id);
      if (!control) continue;
      Object.assign(control, state);
      if (!waiting.some((press) => press.id === id && press.value === state.value)) putBack.add(control);
    }
    const active = document.activeElement;
    if (active.matches(".step-copies") && !unsent.has(active.id)) active.select(); // as Tab left it
    if (done) byId(done)?.replaceChildren(); // htmx preserves the editors, also the one that has done its work
    showFailures();
  });

  // What a script has put into a field is no change to the browser, which would not tell when the field is left.
  document.addEventListener("change", (event) => putBack.delete(event.target), true);
  document.addEventListener("focusout", ({ target }) => {
    if (!putBack.delete(target) || target.type !== "number" || target.value === target.defaultValue) return;
    target.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "cart") return; // it comes for the other parts of the answer, too
    keepFocus();
    setTimeout(next); // htmx takes no request from a form before it has done with its last one
  });

  // --- the focus -------------------------------------------------------------------------------------------

  // Never to a button of another line, which a key that is pressed once more would press; nor into a field, for
  // which a phone would open its keyboard.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "cart") return;
    const active = document.activeElement;
    const rows = [...document.querySelectorAll("#cart li[id]")];
    const at = rows.indexOf(active.closest("#cart li[id]"));
    successors = active.closest("#cart, .undo") ? [active.id, "undo"] : [];
    if (at >= 0) successors.splice(1, 0, ...[rows[at], rows[at + 1], rows[at - 1]].map((row) => row?.id));
  });

  function keepFocus() {
    if (document.activeElement && document.activeElement !== document.body) return;
    const led = byId("cart").dataset.focus;
    const found = [led, ...successors, "cart"].map(byId).find(Boolean);
    if (!found.matches("a, button, input, select, textarea")) found.tabIndex = -1;
    found.focus({ preventScroll: !led });
    if (led) found.scrollIntoView({ block: "nearest" });
  }

  // --- by hand ---------------------------------------------------------------------------------------------

  function closeEditor(line) {
    byId(`editor-${line}`).replaceChildren();
    byId(`change-${line}`)?.focus();
  }

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close && byId(`editor-${close.dataset.close}`)) {
      event.preventDefault();
      closeEditor(close.dataset.close);
    }
    const note = event.target.closest("[data-close-note]")?.closest(".note");
    failures.delete(note);
    note?.remove();
  });

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (key === "Enter" && event.repeat && target.matches("#cart :not(textarea), #quick-add *, #messages *")) {
      event.preventDefault(); // a key that is held is one press
    }
    const editor = key === "Escape" && target.closest("#cart .line-editor");
    if (editor) closeEditor(editor.id.replace("editor-", ""));

    const undoes = (event.ctrlKey || event.metaKey) && !event.shiftKey && key.toLowerCase() === "z";
    const writes = target.matches("input, textarea") && target.value !== target.defaultValue;
    // While something is being written it undoes typing.
    if (!undoes || writes || !(sent || byId("undo"))) return;
    event.preventDefault();
    if (sent) waiting.push({ id: "undo" }); // whatever is done last by then
    else byId("undo").click();
  });
})();
