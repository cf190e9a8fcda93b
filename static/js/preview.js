// Who points at the name of a card in a list, or comes to it by keyboard, sees the card. Its page has the same and
// more, so whoever has no room, no mouse or no script misses nothing. A card is fetched once.
(() => {
  "use strict";

  const room = window.matchMedia("(min-width: 80rem) and (hover: hover)");
  const NAMES = ".builder-lines .card-name, .deck-lines .card-name";
  const GAP = 12;
  const faces = new Map(); // address of a card -> its face, as HTML
  const panel = document.createElement("div");
  panel.className = "preview";
  panel.hidden = true;
  panel.setAttribute("aria-hidden", "true"); // the name is a link to all of it
  document.body.append(panel);
  let name = null; // whose card is asked for
  let ink = document.querySelector(".engravings"); // which come with the first card where the page has none
  let wait = 0;

  async function fetched(href) {
    const response = await fetch(`${href}face/${ink ? "" : "?ink"}`);
    if (!response.ok) throw new Error(`The card did not come: ${response.status}`);
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    const engravings = template.content.querySelector(".engravings");
    engravings?.remove();
    if (engravings && !ink) document.body.append((ink = engravings));
    return template.innerHTML;
  }

  async function show(asked) {
    const href = asked.getAttribute("href");
    if (!faces.has(href)) faces.set(href, fetched(href));
    try {
      const face = await faces.get(href);
      if (name !== asked || !asked.isConnected) return;
      panel.innerHTML = face;
      panel.hidden = false;
      const at = (asked.nextElementSibling ?? asked).getBoundingClientRect(); // the cost beside it stays in sight
      const top = Math.min(at.top - GAP, window.innerHeight - panel.offsetHeight - GAP);
      panel.style.left = `${Math.min(at.right + GAP, window.innerWidth - panel.offsetWidth - GAP)}px`;
      panel.style.top = `${Math.max(GAP, top)}px`;
    } catch {
      faces.delete(href); // it is asked for again next time
    }
  }

  function ask(asked, after) {
    hide();
    if (!asked || !room.matches) return;
    name = asked;
    wait = setTimeout(show, after, asked);
  }

  function hide() {
    clearTimeout(wait);
    name = null;
    panel.hidden = true;
  }

  document.addEventListener("mouseover", (event) => {
    const over = event.target.closest?.(NAMES);
    if (over && over !== name) ask(over, 120);
  });
  document.addEventListener("mouseout", (event) => {
    if (name && event.target.closest?.(NAMES) === name && !name.contains(event.relatedTarget)) hide();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.(NAMES) && event.target.matches(":focus-visible")) ask(event.target, 0);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("htmx:beforeSwap", hide);
  document.addEventListener("scroll", hide, { passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
})();
