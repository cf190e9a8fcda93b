"""Whatever is sent to whichever address of the site, by whomever, the site answers: no request makes it fall.

The walk goes through the resolver, as that of test_isolation.py does, with what is the visitor's own put into the
addresses. What is sent is drawn anew for each address, and is the same in every run; FORMS says how many to try.
"""

import os
import random
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from inventory.models import ClosedDay
from orders.models import Removal
from tests.devices import PASSWORD
from tests.factories import TODAY, PickupFactory, ShippingMethodFactory, StaffFactory
from tests.test_isolation import (
    ADDRESSES,
    EMAIL,
    Owned,
    _sign_in_elsewhere_is_set_up,  # noqa: F401  a fixture
    all_that_is_theirs,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tries_counted_alone")]

FORMS = int(
    os.environ.get("ODD_FORMS", "1")
)  # of each address, beside those that say one thing; 30 take minutes
EVERYWHERE = ("\x00", "9" * 19)

NAMES = """
    account action_add action_remove action_send add amount_cents anew by cards cart check city clear code color
    compare confirm confirmation_token copies country days decision description direction draft effective_on email
    expected_on filename finish first_day forget format free from kept kind last_day leave list login looked mana_from
    mana_to mend mends name new_email next note oldpassword on once only order owned page password password1 password2
    payment payment_method postcode preferred_printing preview printing process publish publishing q quantity rarity
    read_file reason refund_id removal remove replan seen session set shipping_method show shown_cents sort start
    state stay street sure to token total_cents type undo version was without zone
""".split()  # noqa: SIM905  read like a list of words
ODD = [
    "", " ", "\x00", "a\x00b", "x" * 10_000, "0", "-1", "1", "+1", "1.5", "1_000", "2147483648", "9" * 19, "9" * 5_000,
    "1e400", "nan", "٤", "0000-00-00", "0001-01-01", "9999-12-30", "9999-12-31", "2026-02-30", "no day", "\u2028",
    "\u202eabc", "K", "🂡", "<script>", "' OR 1=1 --", "%00", "../../etc/passwd", "//else.example", "\r\nX: y", "true",
    "[]", "{}", '[1, "a", null]', "null", "main", "pickup", "wait", "move", "back", "a@b", "ä@ö.example",
    "a" * 300 + "@else.example", "00000000-0000-0000-0000-000000000000", "1:2:3", "1-2", "1 Island\n" * 300, "((((",
    "t:", "cmc>=99999999999999999999", "or or", '"',
]  # fmt: skip


def sensible(owned: Owned) -> dict[str, Any]:
    """What a form may well hold: else everything odd would be refused for the first field alone."""
    day, line = TODAY + timedelta(days=30), owned.cart.order_cards.select_related("card").first()
    assert line is not None
    return {
        "quantity": "2", "by": "1", "zone": "sideboard", "cards": f"1 {line.card.name}", "order": owned.cart.number,
        "decision": "wait", "first_day": day.isoformat(), "last_day": (day + timedelta(days=2)).isoformat(),
        "shipping_method": "pickup", "email": EMAIL, "name": "Pat", "street": "1 Way", "city": "Town",
        "postcode": "1", "country": "X", "confirmation_token": "ctoken_1", "cart": owned.cart.number, "confirm": "1",
        "removal": str(Removal.objects.get(order=owned.cart).pk), "reason": "because", "copies": "1", "list": "1",
        "on": day.isoformat(), "effective_on": day.isoformat(), "kind": "bought", "total_cents": "1",
        "from": day.isoformat(), "to": day.isoformat(), "login": EMAIL, "password": PASSWORD,
    }  # fmt: skip


def odd_form(chance: random.Random, sensible: dict[str, Any]) -> dict[str, Any]:
    form = dict(sensible) if chance.random() < 0.6 else {}
    form |= {name: chance.choice(ODD) for name in chance.sample(NAMES, chance.choice((1, 2, 8)))}
    for name in chance.sample(list(form), min(len(form), chance.choice((0, 1, 2, 5, 10)))):
        form[name] = chance.choice(ODD) if chance.random() < 0.7 else chance.choices(ODD, k=2)
    for chooses in ("remove", "clear", "forget", "leave", "zone", "decision", "by"):  # each hides the others
        if chance.random() < 0.3:
            form.pop(chooses, None)
    return form


def odd_file(chance: random.Random) -> SimpleUploadedFile:
    name = chance.choice(("x.csv", "\x00.txt", "ä.dec", "x" * 300 + ".txt"))
    return SimpleUploadedFile(name, chance.choice((b"", b"\x00\xff\xfe", b"1 Island", b"a,b\n1,2")))


def visitor(who: str, owned: Owned) -> Client:
    if who not in ("staff", "anonymous"):
        return owned.browser
    client = Client()
    if who == "staff":
        client.force_login(StaffFactory())
    return client


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("who", ["anonymous", "guest", "customer", "staff"])
def test_nothing_that_is_sent_makes_the_site_fall(who, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    ShippingMethodFactory()
    PickupFactory()
    owned = all_that_is_theirs("guest" if who == "guest" else "customer")
    far = TODAY + timedelta(days=300)
    ClosedDay.objects.create(first_day=far, last_day=far, reason="Stocktaking")
    client, usual = visitor(who, owned), sensible(owned)
    if who in ("customer", "staff"):
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    cookies, fell, tried = client.cookies.copy(), [], 0
    for address in ADDRESSES:
        if address.route.startswith("admin/"):  # Django's
            continue
        chance = random.Random(f"{who} {address.route}")
        for path in address.paths(owned):
            forms = [dict.fromkeys(NAMES, odd) for odd in EVERYWHERE]
            forms += [odd_form(chance, usual) for _ in range(FORMS)]
            for form in forms:
                client.cookies = cookies.copy()
                headers = {"HX-Request": "true"} if chance.random() < 0.3 else {}
                send = client.get if chance.random() < 0.25 else client.post
                if send == client.post and chance.random() < 0.1:
                    form["file"] = odd_file(chance)
                tried += 1
                try:
                    with transaction.atomic():
                        status = send(path, form, headers=headers).status_code
                        transaction.set_rollback(True)
                except Exception as error:  # noqa: BLE001  whatever it is, all of them are told at the end
                    status = repr(error)
                if path != "/readyz" and (isinstance(status, str) or status >= 500):
                    fell.append(f"{status}: {send.__name__.upper()} {path} {headers} {form}"[:1_000])
    assert not fell, "\n".join(fell[:10])
    assert tried > 100 * (FORMS + len(EVERYWHERE))
