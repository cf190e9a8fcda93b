"""A shop with a payment page, on an origin of its own and under a strict policy, as small as can be."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import stripe

from tests.stripe_sandbox.surroundings import PUBLISHABLE, client_for

PAGE = """<!doctype html><html lang="en"><title>Pay</title><body><h1>Pay</h1>
<form id="form"><div id="payment-element"></div><button>Pay</button></form><p id="out" role="status"></p>
<script src="{sandbox}/v3/"></script><script src="/page.js"></script></body></html>"""

SCRIPT = """
const out = (text) => { document.getElementById("out").textContent = text; };
const stripe = Stripe("%s");
const theme = new URLSearchParams(location.search).get("theme") ?? "stripe";
const redisplay = new URLSearchParams(location.search).get("redisplay");
const elements = stripe.elements({
  mode: "payment", amount: 1250, currency: "usd", captureMethod: "manual", setupFutureUsage: "off_session",
  appearance: { theme, variables: { colorPrimary: "#7a3ff2", borderRadius: "2px", fontSizeBase: "17px" } },
});
const element = elements.create("payment");
element.on("ready", () => out("ready"));
element.on("change", (event) => { document.body.dataset.complete = event.complete; });
element.mount("#payment-element");
window.makeTokenWith = (params) => stripe.createConfirmationToken({ elements, params }).then(
  () => "made", (error) => `${error.name}: ${error.message}`,
);
window.makeTokenWithoutSubmit = () => window.makeTokenWith(undefined);
window.tryEverything = () => {
  const tried = {};
  for (const [name, attempt] of Object.entries({
    confirmPayment: () => stripe.confirmPayment({}),
    card: () => elements.create("card"),
    second: () => elements.create("payment"),
    live: () => Stripe("pk_live_1"),
    setup: () => stripe.elements({ mode: "setup", currency: "usd" }),
  })) {
    try { attempt(); tried[name] = "done"; } catch (error) { tried[name] = error.name; }
  }
  return tried;
};
document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  out("working");
  const submitted = await elements.submit();
  if (submitted.error) return out(`form: ${submitted.error.code}`);
  const made = await stripe.createConfirmationToken({
    elements,
    params: {
      return_url: location.href,
      payment_method_data: { billing_details: { name: "A B" }, ...(redisplay && { allow_redisplay: redisplay }) },
    },
  });
  if (made.error) return out(`token: ${made.error.code} ${made.error.decline_code ?? ""}`);
  const paid = await (await fetch("/pay", { method: "POST", body: made.confirmationToken.id })).json();
  if (paid.error) return out(`pay: ${paid.error}`);
  if (paid.status !== "requires_action") return out(`status: ${paid.status}`);
  const { error, paymentIntent } = await stripe.handleNextAction({ clientSecret: paid.client_secret });
  out(error ? `action: ${error.code}` : `status: ${paymentIntent.status}`);
});
"""


class ShopPage:
    """``with ShopPage(sandbox_url) as shop``; `shop.url` is the page."""

    def __init__(self, sandbox_url: str) -> None:
        self.sandbox_url = sandbox_url
        self.client = client_for(sandbox_url)
        #: Everything that the shop's own server was sent: no card data may be in it.
        self.received: list[str] = []

    def __enter__(self) -> Self:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                script = self.path == "/page.js"
                body = SCRIPT % PUBLISHABLE if script else PAGE.format(sandbox=shop.sandbox_url)
                self.answer(body, "text/javascript" if script else "text/html")

            def do_POST(self) -> None:
                token = self.rfile.read(int(self.headers["Content-Length"])).decode()
                shop.received.append(token)
                self.answer(json.dumps(shop.pay(token)), "application/json")

            def answer(self, body: str, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Security-Policy", shop.policy)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_port}/"

    @property
    def policy(self) -> str:
        allowed = self.sandbox_url
        return (
            f"default-src 'none'; script-src 'self' {allowed}; connect-src 'self' {allowed}; frame-src {allowed}; "
            "form-action 'self'; base-uri 'none'"
        )

    def pay(self, token: str) -> dict[str, str | None]:
        try:
            intent = self.client.v1.payment_intents.create(
                {
                    "amount": 1250,
                    "currency": "usd",
                    "capture_method": "manual",
                    "confirm": True,
                    "confirmation_token": token,
                },
                {"idempotency_key": token},
            )
        except stripe.CardError as error:
            return {"error": error.error.decline_code}
        return {"status": intent.status, "client_secret": intent.client_secret}
