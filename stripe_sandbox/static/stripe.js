/* The part of Stripe.js that a payment page with the Payment Element uses, against this sandbox.
 *
 * Names, arguments and results are those of the real script. What it does not simulate, it refuses aloud.
 * Card data is typed into a frame of the sandbox's own origin and never reaches the page.
 */
(() => {
  "use strict";
  if (window.Stripe) return;

  const base = new URL(document.currentScript.src).href.replace(/\/(v3\/?|stripe\.js)(\?.*)?$/, "");
  const origin = new URL(base).origin;
  /* What the form measures with the default appearance; the frame corrects it once it knows better. */
  const USUAL_HEIGHT = 235;
  const FOCUS_RING = 4;
  const NOT_SIMULATED = [
    "confirmPayment", "confirmSetup", "confirmCardPayment", "confirmCardSetup", "createPaymentMethod", "createToken",
    "createSource", "handleCardAction", "paymentRequest", "retrieveSetupIntent", "initCheckout",
    "redirectToCheckout", "collectBankAccountForPayment", "verifyIdentity",
  ];

  const KNOWN_OPTIONS = {
    elements:
      "mode amount currency captureMethod setupFutureUsage appearance locale loader fonts paymentMethodTypes " +
      "paymentMethodCreation excludedPaymentMethodTypes",
    payment: "fields defaultValues layout terms business paymentMethodOrder readOnly wallets",
  };

  /* As in the real script: a misspelt option is worth a warning. */
  const warnOfUnknown = (where, options) => {
    const known = KNOWN_OPTIONS[where].split(" ");
    for (const name of Object.keys(options)) {
      if (!known.includes(name)) console.warn(`[Stripe sandbox] ${where}: ${name} is not a recognized parameter.`);
    }
  };

  /* What a token can carry. The rest is refused: a token without it would be a made-up success. */
  const KNOWN_PARAMS = {
    "": ["payment_method_data", "return_url", "shipping"],
    "payment_method_data.": ["allow_redisplay", "billing_details"],
  };

  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = "IntegrationError";
    }
  }

  const random = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const intentId = (clientSecret) => String(clientSecret).split("_secret_")[0];

  /* Questions and answers between the page and one frame, by origin, window and channel. */
  class Channel {
    constructor(frame, id, onMessage) {
      this.frame = frame;
      this.id = id;
      this.waiting = new Map();
      this.listener = (event) => {
        if (event.origin !== origin || event.source !== frame.contentWindow) return;
        if (!event.data || event.data.channel !== id) return;
        const { question, type, ...rest } = event.data;
        if (question && this.waiting.has(question)) {
          this.waiting.get(question)(rest);
          this.waiting.delete(question);
        } else {
          onMessage(type, rest);
        }
      };
      window.addEventListener("message", this.listener);
    }

    send(type, content = {}) {
      this.frame.contentWindow?.postMessage({ channel: this.id, type, ...content }, origin);
    }

    ask(type, content = {}) {
      return new Promise((resolve) => {
        const question = random();
        this.waiting.set(question, resolve);
        this.send(type, { ...content, question });
      });
    }

    close() {
      window.removeEventListener("message", this.listener);
      for (const answer of this.waiting.values()) {
        answer({ error: { type: "validation_error", message: "The payment form was removed from the page." } });
      }
      this.waiting.clear();
    }
  }

  const frameFor = (path, hash, title) => {
    const frame = document.createElement("iframe");
    frame.src = `${base}${path}#${new URLSearchParams(hash)}`;
    frame.title = title;
    frame.setAttribute("allow", "payment *");
    frame.setAttribute("frameborder", "0");
    return frame;
  };

  const schemeOf = (appearance) => (appearance?.theme === "night" ? "dark" : "light");

  class PaymentElement {
    constructor(elements, options) {
      this._elements = elements;
      this._options = options;
      this._handlers = {};
      this._state = { empty: true, complete: false };
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!(place instanceof Element)) {
        throw new IntegrationError(
          `Invalid DOM element or selector: ${target}. Make sure it is on the page before you call mount().`,
        );
      }
      if (this._frame) this.unmount();
      const id = random();
      const frame = frameFor(
        "/elements/payment",
        { channel: id, parent: location.origin, scheme: schemeOf(this._elements._options.appearance) },
        "Secure payment input frame",
      );
      Object.assign(frame.style, {
        display: "block", border: "0", margin: `-${FOCUS_RING}px`, padding: "0", boxSizing: "border-box",
        width: `calc(100% + ${2 * FOCUS_RING}px)`, minWidth: "100%", height: `${USUAL_HEIGHT}px`,
        background: "transparent", colorScheme: schemeOf(this._elements._options.appearance),
      });
      this._frame = frame;
      this._place = place;
      this._channel = new Channel(frame, id, (type, content) => this._heard(type, content));
      place.replaceChildren(frame);
      return this;
    }

    _heard(type, content) {
      if (type === "loaded") {
        this._channel.send("options", { elements: this._elements._shareable(), element: this._options });
      } else if (type === "height") {
        this._frame.style.height = `${content.height}px`;
      } else if (type === "ready") {
        this._isReady = true;
        this._emit("ready", { elementType: "payment" });
      } else if (type === "change") {
        this._elements._submitted = false;
        this._state = content;
        this._emit("change", {
          elementType: "payment", empty: content.empty, complete: content.complete, collapsed: false,
          value: { type: "card" },
        });
      } else if (type === "focus" || type === "blur" || type === "escape") {
        this._emit(type, { elementType: "payment" });
      } else if (type === "enter") {
        this._place.closest("form")?.requestSubmit();
      }
    }

    on(event, handler) {
      (this._handlers[event] ??= []).push(handler);
      if (event === "ready" && this._isReady) queueMicrotask(() => handler({ elementType: "payment" }));
      return this;
    }

    once(event, handler) {
      const first = (content) => {
        this.off(event, first);
        handler(content);
      };
      return this.on(event, first);
    }

    off(event, handler) {
      this._handlers[event] = handler ? (this._handlers[event] ?? []).filter((one) => one !== handler) : [];
      return this;
    }

    _emit(event, content) {
      for (const handler of this._handlers[event] ?? []) handler(content);
    }

    update(options) {
      Object.assign(this._options, options);
      this._refresh();
    }

    _refresh() {
      if (!this._frame) return;
      this._frame.style.colorScheme = schemeOf(this._elements._options.appearance);
      this._channel.send("options", { elements: this._elements._shareable(), element: this._options });
    }

    focus() {
      this._frame?.focus();
      this._channel?.send("focus");
    }

    blur() {
      this._frame?.blur();
      this._channel?.send("blur");
    }

    clear() {
      this._channel?.send("clear");
    }

    unmount() {
      this._channel?.close();
      this._frame?.remove();
      this._frame = this._channel = null;
      this._isReady = false;
    }

    destroy() {
      this.unmount();
      this._elements._payment = null;
    }
  }

  class Elements {
    constructor(publishableKey, options) {
      if (options.clientSecret || (options.mode && options.mode !== "payment")) {
        throw new IntegrationError("This sandbox simulates elements({mode: 'payment', amount, currency}) only.");
      }
      for (const name of ["mode", "amount", "currency"]) {
        if (options[name] === undefined) {
          throw new IntegrationError(`In order to create a payment element, you must pass ${name} to stripe.elements().`);
        }
      }
      warnOfUnknown("elements", options);
      this._key = publishableKey;
      this._options = { ...options };
      this._submitted = false;
      this._payment = null;
      this._check();
    }

    _check() {
      const { amount, currency } = this._options;
      if (!Number.isInteger(amount) || amount < 0) {
        throw new IntegrationError(`Invalid value for elements(): amount should be a positive integer, not ${amount}.`);
      }
      if (!/^[a-z]{3}$/.test(currency)) {
        throw new IntegrationError("Invalid value for elements(): currency should be three lower-case letters.");
      }
    }

    _shareable() {
      return JSON.parse(JSON.stringify(this._options));
    }

    create(type, options = {}) {
      if (type !== "payment") throw new IntegrationError(`This sandbox does not simulate the element '${type}'.`);
      if (this._payment) throw new IntegrationError("Can only create one Element of type payment.");
      warnOfUnknown("payment", options);
      this._payment = new PaymentElement(this, { ...options });
      return this._payment;
    }

    getElement(type) {
      return type === "payment" ? this._payment : null;
    }

    update(options) {
      Object.assign(this._options, options);
      this._check();
      this._payment?._refresh();
    }

    /* Shows every fault in the form. Resolves to {error} or {selectedPaymentMethod}. */
    async submit() {
      if (!this._payment?._channel) {
        throw new IntegrationError("elements.submit() needs a mounted payment element.");
      }
      const { error } = await this._payment._channel.ask("submit");
      this._submitted = !error;
      return error ? { error } : { selectedPaymentMethod: "card" };
    }
  }

  class StripeSandbox {
    constructor(publishableKey) {
      if (!/^pk_test_/.test(publishableKey ?? "")) {
        throw new IntegrationError("Please call Stripe() with your publishable key. The sandbox takes pk_test_… only.");
      }
      this._key = publishableKey;
      for (const name of NOT_SIMULATED) {
        this[name] = () => {
          throw new IntegrationError(`This sandbox does not simulate stripe.${name}().`);
        };
      }
    }

    elements(options = {}) {
      this._elements = new Elements(this._key, options);
      return this._elements;
    }

    async createConfirmationToken({ elements, params = {} } = {}) {
      if (!(elements instanceof Elements)) {
        throw new IntegrationError("stripe.createConfirmationToken(): `elements` is missing.");
      }
      for (const [where, given] of [["", params], ["payment_method_data.", params.payment_method_data ?? {}]]) {
        const unknown = Object.keys(given).find((name) => !KNOWN_PARAMS[where].includes(name));
        if (unknown) {
          throw new IntegrationError(
            `stripe.createConfirmationToken(): this sandbox does not simulate params.${where}${unknown}.`,
          );
        }
      }
      if (!elements._submitted) {
        throw new IntegrationError("elements.submit() must be called before stripe.createConfirmationToken().");
      }
      const { error, confirmationToken } = await elements._payment._channel.ask("token", {
        publishableKey: this._key,
        setupFutureUsage: elements._options.setupFutureUsage ?? null,
        params: JSON.parse(JSON.stringify(params)),
      });
      return error ? { error } : { confirmationToken };
    }

    async retrievePaymentIntent(clientSecret) {
      const query = new URLSearchParams({ client_secret: clientSecret, key: this._key });
      try {
        const response = await fetch(`${base}/v1/payment_intents/${intentId(clientSecret)}?${query}`);
        const answer = await response.json();
        return answer.error ? { error: answer.error } : { paymentIntent: answer };
      } catch {
        return {
          error: { type: "api_connection_error", message: "We could not reach the payment service. Please try again." },
        };
      }
    }

    /* Resolves when the customer is done: {paymentIntent}, or {error} where the payment failed. A dialog that is
     * closed leaves the intent at requires_action, and resolves with it. */
    async handleNextAction({ clientSecret } = {}) {
      if (!clientSecret) throw new IntegrationError("stripe.handleNextAction(): `clientSecret` is missing.");
      const before = await this.retrievePaymentIntent(clientSecret);
      if (before.error) return before;
      const { status, next_action: action } = before.paymentIntent;
      if (status !== "requires_action") {
        return {
          error: {
            type: "invalid_request_error",
            code: "payment_intent_unexpected_state",
            message: "handleNextAction: The PaymentIntent supplied is not in the requires_action state.",
            payment_intent: before.paymentIntent,
          },
        };
      }
      if (action.type === "redirect_to_url") {
        location.assign(action.redirect_to_url.url);
        return new Promise(() => {});
      }
      const theme = this._elements?._options.appearance?.theme;
      const dark = theme ? theme === "night" : matchMedia("(prefers-color-scheme: dark)").matches;
      await challenge(clientSecret, dark ? "dark" : "light");
      const after = await this.retrievePaymentIntent(clientSecret);
      if (after.paymentIntent?.status === "requires_payment_method") {
        return { error: { ...after.paymentIntent.last_payment_error, payment_intent: after.paymentIntent } };
      }
      return after;
    }
  }

  /* The bank's page in a dialog over the whole page, which is out of reach meanwhile. */
  const challenge = (clientSecret, scheme) =>
    new Promise((resolve) => {
      const id = random();
      const before = document.activeElement;
      const overflow = document.documentElement.style.overflow;
      const frame = document.createElement("iframe");
      const query = new URLSearchParams({ client_secret: clientSecret });
      const hash = new URLSearchParams({ channel: id, parent: location.origin, scheme });
      frame.src = `${base}/3ds/${intentId(clientSecret)}?${query}#${hash}`;
      frame.title = "3D Secure authentication";
      Object.assign(frame.style, {
        position: "fixed", inset: "0", width: "100%", height: "100%", border: "0", margin: "0", zIndex: "2147483647",
        background: "transparent", colorScheme: scheme,
      });
      const others = [...document.body.children].filter((element) => !element.inert);
      const channel = new Channel(frame, id, (type) => {
        if (type === "loaded") {
          channel.send("focus");
        } else if (type === "done" || type === "closed") {
          channel.close();
          frame.remove();
          for (const element of others) element.inert = false;
          document.documentElement.style.overflow = overflow;
          before?.focus?.();
          resolve();
        }
      });
      for (const element of others) element.inert = true;
      document.documentElement.style.overflow = "hidden";
      document.body.append(frame);
      frame.focus();
    });

  window.Stripe = (publishableKey) => new StripeSandbox(publishableKey);
  window.Stripe.version = "sandbox";
})();
