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

  // The card form appears where no saved card is chosen; it is loaded the first time that it is needed.
  const anotherCard = document.getElementById("another-card");
  const card = elements.create("payment");
  let mounted = false;
  let ready = false;
  card.on("ready", () => {
    ready = true;
    if (form.getAttribute("aria-busy") !== "true") busy(false);
  });

  // The id of the saved card that is chosen; empty where the form's is to be used.
  const savedCard = () => form.querySelector("input[name=payment_method]:checked")?.value ?? "";

  function showChosen() {
    anotherCard.hidden = savedCard() !== "";
    if (!anotherCard.hidden && !mounted) {
      mounted = true;
      card.mount("#payment-element");
    }
    button.disabled = !anotherCard.hidden && !ready;
  }
  document.getElementById("saved-cards")?.addEventListener("change", showChosen);
  showChosen();

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

  // What stands for the card of the form; nothing where it is not complete, and the customer is told.
  async function tokenOfForm() {
    const { error: incomplete } = await elements.submit();
    if (incomplete) {
      say(incomplete.message);
      busy(false);
      return null;
    }
    const keep = document.getElementById("keep-card")?.checked;
    const { error, confirmationToken } = await stripe.createConfirmationToken({
      elements,
      params: { payment_method_data: { allow_redisplay: keep ? "always" : "limited" } },
    });
    if (error) {
      say(error.message);
      busy(false);
      return null;
    }
    return { confirmation_token: confirmationToken.id };
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    say("");
    busy(true);
    try {
      const given = savedCard() ? { payment_method: savedCard() } : await tokenOfForm();
      if (!given) return;
      const { totalCents, days = "", cards = "" } = form.dataset; // as they stand on this page
      await follow(await post(form.action, { ...given, total_cents: totalCents, days, cards }));
    } catch {
      say("We could not reach the shop. Please check your connection and press the button again: you cannot be charged twice.");
      busy(false);
    }
  });
})();
