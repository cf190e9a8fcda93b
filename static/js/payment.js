// Every page that takes a card: Stripe's card form in, a hold on the total out, or a fee paid.
// The site never sees the card: it gets a confirmation token and answers where to go on.
(() => {
  "use strict";

  const form = document.getElementById("payment");
  const button = document.getElementById("pay");
  const message = document.getElementById("payment-message");
  const label = button.textContent;

  function say(text) {
    message.textContent = text;
  }

  function busy(isBusy) {
    button.disabled = isBusy;
    button.textContent = isBusy ? "Asking your bank …" : label;
    form.setAttribute("aria-busy", String(isBusy));
  }

  if (typeof window.Stripe !== "function" || !form.dataset.publishableKey) {
    say("The card form could not be loaded. Please reload the page. " + form.dataset.kept);
    return;
  }

  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const appearance = () => ({
    theme: dark.matches ? "night" : "stripe",
    variables: {
      colorPrimary: token("--color-accent"),
      colorBackground: token("--color-surface"),
      colorText: token("--color-text"),
      colorDanger: token("--color-danger"),
    },
  });
  const stripe = window.Stripe(form.dataset.publishableKey);
  const elements = stripe.elements({
    mode: "payment",
    amount: Number(form.dataset.totalCents),
    currency: form.dataset.currency,
    // A fee is charged at once, and its card is not kept.
    ...("charged" in form.dataset ? {} : { captureMethod: "manual", setupFutureUsage: "off_session" }),
    appearance: appearance(),
  });
  dark.addEventListener("change", () => elements.update({ appearance: appearance() }));
  const card = elements.create("payment");
  card.on("ready", () => busy(false));
  card.mount("#payment-element");

  async function post(url, fields) {
    const body = new URLSearchParams(fields);
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const response = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
    return response.json();
  }

  // Where the site says to go, go; where the bank wants to see the customer, show it and ask again.
  async function follow(answer) {
    if (answer.status === "done") {
      window.location.assign(answer.url);
      return;
    }
    if (answer.status === "action_required") {
      const { error } = await stripe.handleNextAction({ clientSecret: answer.client_secret });
      const after = await post(form.dataset.statusUrl, {});
      if (after.status === "action_required" || (error && after.status !== "done")) {
        say(after.message || "Your bank could not confirm that it is you. Nothing was charged; please try again.");
        busy(false);
        return;
      }
      await follow(after);
      return;
    }
    say(answer.message || "The payment did not go through. Nothing was charged; please try again.");
    busy(false);
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    say("");
    busy(true);
    try {
      const { error: incomplete } = await elements.submit();
      if (incomplete) {
        say(incomplete.message);
        busy(false);
        return;
      }
      const { error, confirmationToken } = await stripe.createConfirmationToken({ elements });
      if (error) {
        say(error.message);
        busy(false);
        return;
      }
      await follow(
        await post(form.action, {
          confirmation_token: confirmationToken.id,
          total_cents: form.dataset.totalCents,
        }),
      );
    } catch {
      say("We could not reach the shop. Please check your connection and press the button again: you cannot be charged twice.");
      busy(false);
    }
  });
})();
