import stat
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db.models import Sum

from accounts.models import User
from deckrental.demo.loader import demo_decks, load_demo
from deckrental.demo.sign_ins import demo_sign_ins
from inventory.models import Card, Printing, StockMovement, TemplateDeck, Zone
from orders.models import ShippingMethod

TODAY = date(2026, 5, 10)


@pytest.fixture
def loaded(db: None) -> None:
    load_demo(today=TODAY, by=None)


def owned(on: date) -> dict[str, int]:
    rows = StockMovement.objects.filter(effective_on__lte=on).values_list("printing__card__name")
    return dict(rows.annotate(Sum("quantity")))


def test_decks_are_of_the_size_that_their_format_asks_for() -> None:
    decks = list(demo_decks())
    assert len(decks) >= 12
    assert len({deck.format for deck in decks}) >= 4
    for deck in decks:
        sizes: Counter[Zone] = Counter()
        for zone, quantity, _ in deck.lines:
            sizes[zone] += quantity
        if deck.format == "Commander":
            assert sizes == {Zone.COMMANDER: 1, Zone.MAIN: 99}, deck.name
        else:
            assert sizes == {Zone.MAIN: 60, Zone.SIDEBOARD: 15}, deck.name


def test_a_deck_has_no_more_of_a_card_than_the_rules_allow() -> None:
    for deck in demo_decks():
        copies: Counter[str] = Counter()
        for _, quantity, name in deck.lines:
            copies[name] += quantity
        for basic in ("Plains", "Island", "Swamp", "Mountain", "Forest"):
            copies.pop(basic, None)
        assert max(copies.values()) <= (1 if deck.format == "Commander" else 4), deck.name


@pytest.mark.usefixtures("loaded")
def test_the_shop_has_cards_printings_decks_and_ways_to_ship() -> None:
    assert Card.objects.count() >= 400
    assert Printing.objects.filter(finish="foil").count() >= 50
    assert TemplateDeck.objects.published().count() == TemplateDeck.objects.count() - 1
    assert set(ShippingMethod.objects.values_list("slug", "price_cents")) == {
        ("pickup", 0),
        ("standard", 590),
        ("express", 1490),
    }
    names = ["Lightning Bolt", "Sol Ring", "Lim-Dûl's Vault", "Fire // Ice", "Jötun Grunt", "Aether Vial"]
    assert Card.objects.filter(name__in=names).count() == len(names)
    assert Card.objects.get(name="Fire // Ice").mana_value == 4
    assert "insectile aberration" in Card.objects.get(name__startswith="Delver of").folded_names


@pytest.mark.usefixtures("loaded")
def test_the_popular_deck_can_be_rented_once_and_a_second_renter_lacks_several_cards() -> None:
    copies = owned(TODAY)
    version = TemplateDeck.objects.get(slug="ember-sprint").current_version()
    lines = version.deck_cards.values_list("card__name")
    demand = dict(lines.annotate(Sum("quantity")))
    assert all(copies[name] >= quantity for name, quantity in demand.items())
    assert len([name for name, quantity in demand.items() if copies[name] < 2 * quantity]) >= 5
    assert copies["Lightning Bolt"] >= 16


@pytest.mark.usefixtures("loaded")
def test_some_decks_are_short_today_and_not_later() -> None:
    today, later = owned(TODAY), owned(TODAY + timedelta(days=20))
    for name in ("Karn Liberated", "Cavern of Souls", "Jace, the Mind Sculptor", "Sylvan Library"):
        assert today.get(name, 0) < later[name]


@pytest.mark.usefixtures("loaded")
def test_a_second_time_adds_nothing() -> None:
    again = load_demo(today=TODAY + timedelta(days=3), by=None)
    assert (again.cards, again.printings, again.movements, again.decks, again.shipping_methods) == (0,) * 5


@pytest.mark.django_db
def test_both_can_sign_in_with_passwords_of_their_own() -> None:
    staff, customer = demo_sign_ins(remembered_in=None)
    assert staff.password
    assert customer.password
    assert staff.password != customer.password
    user = User.objects.get(email=staff.email)
    assert (user.is_staff, user.is_superuser, user.check_password(staff.password)) == (True, True, True)
    other = User.objects.get(email=customer.email)
    assert (other.is_staff, other.is_superuser, other.check_password(customer.password)) == (
        False,
        False,
        True,
    )
    assert EmailAddress.objects.filter(verified=True, primary=True).count() == 2


@pytest.mark.django_db
def test_passwords_are_remembered_in_a_file_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "local" / "sign-ins"
    first = demo_sign_ins(remembered_in=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().splitlines() == [str(sign_in) for sign_in in first]
    assert demo_sign_ins(remembered_in=path) == first


@pytest.mark.django_db
def test_where_the_file_is_lost_new_passwords_are_set_and_said(tmp_path: Path) -> None:
    path = tmp_path / "sign-ins"
    first = demo_sign_ins(remembered_in=path)
    path.unlink()
    second = demo_sign_ins(remembered_in=path)
    for before, after in zip(first, second, strict=True):
        assert "was lost" in after.note
        assert before.password != after.password
        assert User.objects.get(email=after.email).check_password(after.password or "")


@pytest.mark.django_db
def test_without_a_file_an_existing_password_is_kept() -> None:
    first = demo_sign_ins(remembered_in=None)
    for before, after in zip(first, demo_sign_ins(remembered_in=None), strict=True):
        assert after.password is None
        assert User.objects.get(email=before.email).check_password(before.password or "")


@pytest.mark.django_db
def test_the_command_prints_the_sign_ins_and_nothing_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    call_command("load_demo", "--sign-ins", str(tmp_path / "sign-ins"))
    staff, customer = capsys.readouterr().out.splitlines()
    assert staff.split(" ")[:2] == ["staff", "staff@deckrental.example"]
    assert customer.split(" ")[:2] == ["customer", "customer@deckrental.example"]
