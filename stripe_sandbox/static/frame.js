/* A frame's side of the talk with the page that holds it. Loaded first, so that the first paint has the right colours. */
"use strict";

const told = new URLSearchParams(location.hash.slice(1));
document.documentElement.dataset.scheme = told.get("scheme") === "dark" ? "dark" : "light";

const page = {
  channel: told.get("channel"),
  origin: told.get("parent"),

  get exists() {
    return window.parent !== window && Boolean(this.channel && this.origin);
  },

  send(type, content = {}) {
    if (this.exists) window.parent.postMessage({ channel: this.channel, type, ...content }, this.origin);
  },

  /* `answers` maps a question to a function; what it returns goes back, if the page waits for it. */
  listen(answers) {
    window.addEventListener("message", async (event) => {
      if (event.source !== window.parent || event.origin !== this.origin || event.data?.channel !== this.channel) return;
      const { type, question, ...content } = event.data;
      const result = await answers[type]?.(content);
      if (question) this.send(type, { question, ...result });
    });
    this.send("loaded");
  },
};
