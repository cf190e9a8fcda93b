/*
 * Completes names of cards in every field with data-autocomplete="ADDRESS", also in those that come later.
 *
 * The field is an ARIA combobox with a list below it, which the server answers as <li role="option"> with
 * data-text (what the field says once it is picked) and data-href (the card's page). Picking fills the field; in
 * a field with data-autocomplete-go it opens the card. Without this script the field is a plain one.
 */
(() => {
  "use strict";

  const PAUSE = 120; // ms after the last letter
  const SHORTEST = 2; // characters
  const FIELD = "input[data-autocomplete]";

  const boxes = new WeakMap();
  let made = 0;

  class Box {
    constructor(field) {
      this.field = field;
      this.active = -1;
      this.list = document.createElement("ul");
      this.list.className = "suggestions";
      this.list.id = `suggestions-${++made}`;
      this.list.hidden = true;
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", "Cards");
      this.status = document.createElement("span");
      this.status.className = "only-aloud";
      this.status.setAttribute("role", "status");
      field.after(this.list, this.status);
      field.parentElement.classList.add("completes");
      const attributes = {
        role: "combobox",
        autocomplete: "off",
        autocapitalize: "off",
        spellcheck: "false",
        "aria-autocomplete": "list",
        "aria-controls": this.list.id,
        "aria-expanded": "false",
      };
      for (const [name, value] of Object.entries(attributes)) field.setAttribute(name, value);
      // Pressing on the list leaves the focus, and the keyboard of a phone, where they are.
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) this.pick(option);
      });
    }

    get options() {
      return this.list.querySelectorAll("[role=option]");
    }

    get isOpen() {
      return !this.list.hidden;
    }

    /* Asks for what the field says now, after a pause. What was asked before is not shown any more. */
    ask(pause = PAUSE) {
      this.forget();
      const text = this.field.value;
      if (text.trim().length < SHORTEST) {
        this.close();
        return;
      }
      this.timer = setTimeout(() => this.fetch(text), pause);
    }

    forget() {
      clearTimeout(this.timer);
      this.request?.abort();
      this.request = null;
    }

    async fetch(text) {
      const request = new AbortController();
      this.request = request;
      try {
        const address = new URL(this.field.dataset.autocomplete, location.href);
        address.searchParams.set("q", text);
        const response = await fetch(address, { signal: request.signal });
        const options = response.ok ? await response.text() : "";
        if (this.request === request) this.show(options);
      } catch {
        if (this.request === request) this.close(); // no network: the field is a plain one
      }
    }

    show(options) {
      this.forget();
      const chosen = this.options[this.active]?.dataset.href; // since the last letter, of the list before
      this.list.innerHTML = options;
      this.options.forEach((option, place) => {
        option.id = `${this.list.id}-${place}`;
      });
      const found = this.options.length;
      if (!found) {
        this.close();
        this.say("No card is called so.");
        return;
      }
      this.list.hidden = false;
      this.list.scrollTop = 0;
      this.activate([...this.options].findIndex((option) => chosen && option.dataset.href === chosen));
      this.field.setAttribute("aria-expanded", "true");
      this.place();
      this.say(`${found} ${found === 1 ? "card" : "cards"}. Arrow keys to choose.`);
    }

    say(text) {
      this.status.textContent = text;
    }

    /* Below the field and as wide, or wider where that is narrow; never beyond the edge of the window. */
    place() {
      const { field, list } = this;
      const at = field.getBoundingClientRect();
      const host = field.parentElement;
      const margin = parseFloat(getComputedStyle(document.documentElement).fontSize);
      const roomy = Math.min(23 * margin, document.documentElement.clientWidth - 2 * margin);
      const wide = at.width < 19 * margin ? roomy : at.width;
      const beyond = Math.max(0, at.left + wide + margin - document.documentElement.clientWidth);
      const around = host.getBoundingClientRect();
      list.style.left = `${Math.max(margin, at.left - beyond) - around.left - host.clientLeft}px`;
      list.style.top = `${at.bottom - around.top - host.clientTop + 4}px`;
      list.style.width = `${wide}px`;
      const below = (window.visualViewport?.height ?? innerHeight) - at.bottom - margin;
      list.style.maxHeight = `${Math.min(26 * margin, Math.max(11 * margin, below))}px`;
    }

    close() {
      this.forget();
      this.list.hidden = true;
      this.field.setAttribute("aria-expanded", "false");
      this.activate(-1);
      this.say("");
    }

    /* Makes an option the one that Enter picks; -1: none. The focus stays in the field. */
    activate(place) {
      const options = this.options;
      options[this.active]?.setAttribute("aria-selected", "false");
      this.active = place;
      const option = options[place];
      if (!option) {
        this.field.removeAttribute("aria-activedescendant");
        return;
      }
      option.setAttribute("aria-selected", "true");
      this.field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }

    /* From the field down through the list and back to the field, or the other way. */
    move(by) {
      const places = this.options.length + 1;
      this.activate(((this.active + 1 + by + places) % places) - 1);
    }

    pick(option) {
      this.close();
      if (this.field.hasAttribute("data-autocomplete-go")) {
        location.assign(option.dataset.href);
        return;
      }
      this.field.value = option.dataset.text;
      this.field.focus();
      this.field.setSelectionRange(this.field.value.length, this.field.value.length);
      this.field.dispatchEvent(new Event("change", { bubbles: true }));
    }

    /* Whether the key was for the list. */
    press(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey) return false;
      const { key } = event;
      if (!this.isOpen) {
        if (key !== "ArrowDown" && key !== "ArrowUp") return false;
        this.ask(0);
        return true;
      }
      const option = this.options[this.active];
      if (key === "ArrowDown") this.move(1);
      else if (key === "ArrowUp") this.move(-1);
      else if (key === "Home" && option) this.activate(0);
      else if (key === "End" && option) this.activate(this.options.length - 1);
      else if (key === "Enter" && option) this.pick(option);
      else if (key === "Escape") this.close();
      else return false;
      return true;
    }
  }

  function boxOf(field) {
    if (!boxes.get(field)?.list.isConnected) boxes.set(field, new Box(field));
    return boxes.get(field);
  }

  function upgrade(root) {
    if (root.matches?.(FIELD)) boxOf(root);
    root.querySelectorAll(FIELD).forEach(boxOf);
  }

  function onField(type, handle) {
    document.addEventListener(type, (event) => {
      if (event.target instanceof Element && event.target.matches(FIELD)) handle(boxOf(event.target), event);
    });
  }

  onField("input", (box, event) => {
    if (event.isComposing) return;
    box.activate(-1); // a letter more says anew what is meant
    box.ask();
  });
  onField("compositionend", (box) => box.ask());
  onField("focusout", (box) => box.close());
  onField("keydown", (box, event) => {
    if (box.press(event)) event.preventDefault();
    else if (event.key === "Enter") box.close(); // the form goes off: nothing may open behind it
  });
  window.addEventListener("resize", () => {
    const field = document.activeElement;
    if (field?.matches(FIELD) && boxOf(field).isOpen) boxOf(field).place();
  });

  upgrade(document);
  const typing = document.activeElement; // who was quicker than this script gets the names, too
  if (typing?.matches(FIELD) && typing.value !== typing.defaultValue) boxOf(typing).ask();
  document.addEventListener("htmx:load", (event) => upgrade(event.target));
})();
