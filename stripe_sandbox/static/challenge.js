/* The bank's page as a dialog on the shop's page: answers in place, and Escape closes it. On its own it is a plain form. */
"use strict";

const answer = document.getElementById("answer");
const close = document.getElementById("close");
const fault = document.getElementById("fault");
const reachable = () => [...document.querySelectorAll("button, a")].filter((element) => !element.hidden && !element.disabled);

if (page.exists) {
  document.documentElement.classList.add("framed");
  close.hidden = false;
  // A moment after the click, and when the key comes up again: closed any sooner, this frame is gone before the browser
  // has delivered the whole event to it.
  close.addEventListener("click", () => setTimeout(() => page.send("closed"), 50));
  document.addEventListener("keyup", (event) => {
    if (event.key === "Escape") page.send("closed");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Tab") return;
    const all = reachable();
    const last = event.shiftKey ? all[0] : all[all.length - 1];
    if (document.activeElement === last) {
      event.preventDefault();
      (event.shiftKey ? all[all.length - 1] : all[0]).focus();
    }
  });
  answer.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(answer, event.submitter));
    for (const button of answer.querySelectorAll("button")) button.disabled = true;
    fault.textContent = "";
    try {
      const response = await fetch(answer.action, { method: "POST", headers: { Accept: "application/json" }, body });
      const told = await response.json();
      if (!told.error || told.error.code === "payment_intent_unexpected_state") {
        page.send("done");
        return;
      }
      fault.textContent = told.error.message;
    } catch {
      fault.textContent = "The test bank does not answer. Please try again.";
    }
    for (const button of answer.querySelectorAll("button")) button.disabled = false;
  });
  page.listen({ focus: () => (answer.querySelector("button, a") ?? close).focus() });
}
