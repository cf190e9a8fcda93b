"""The shop's own decks: made, changed, published, unpublished, deleted; by two people at once, too."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from inventory import deck_shelf
from inventory.deck_shelf import (
    MAX_LINES,
    DeckChangedMeanwhile,
    DeckError,
    delete_deck,
    lines_of_version,
    publish,
    save_deck,
    signs_of,
    unpublish,
)
from inventory.models import Card, TemplateDeck, TemplateDeckCard, TemplateDeckVersion, Zone
from orders import cart as carts
from orders.cart import CartError
from orders.models import Order
from tests.factories import CardFactory, CartFactory, StaffFactory, deck_version, template_deck
from tests.racing import (
    begin_elsewhere,
    failed,
    meet_after,
    race,
    wait_until_somebody_waits_for_us,
)

pytestmark = pytest.mark.django_db


def lines(**copies: int) -> dict[tuple[int, str], int]:
    """lines(bolt=4): four Bolts in the main deck; bolt_side for the sideboard."""
    made = {}
    for name, quantity in copies.items():
        name, _, side = name.partition("_")
        card = Card.objects.filter(slug=name).first() or CardFactory(name=name.capitalize(), slug=name)
        made[card.pk, Zone.SIDEBOARD if side else Zone.MAIN] = quantity
    return made


def save(deck: TemplateDeck | None = None, **changes) -> TemplateDeck:
    """The deck saved with what it has, but for the changes; without one, a new deck of four Bolts."""
    fields = {"name": "Goblins", "format": "Modern", "description": "", "by": None}
    if deck is not None:
        deck = TemplateDeck.objects.get(pk=deck.pk)
        fields |= {"name": deck.name, "format": deck.format, "description": deck.description}
        changes.setdefault("lines", lines_of_version(deck.current_version()))
    return save_deck(
        **{**fields, "lines": changes.pop("lines", None) or lines(bolt=4), "deck": deck, **changes}
    )


def versions_of(deck: TemplateDeck) -> dict[int, dict]:
    return {version.number: lines_of_version(version) for version in deck.versions.order_by("number")}


# --- making ---------------------------------------------------------------------------------------------


def test_a_new_deck_is_a_draft_in_version_1():
    by, wanted = StaffFactory(), lines(bolt=4, shock=2, bolt_side=1)

    deck = save_deck(name=" Mono  Red ", format="Pauper", description=" Quick. ", lines=wanted, by=by)

    deck.refresh_from_db()
    assert (deck.name, deck.slug, deck.format, deck.description) == (
        "Mono Red",
        "mono-red",
        "Pauper",
        "Quick.",
    )
    assert not deck.published
    assert versions_of(deck) == {1: wanted}
    assert deck.current_version().by == by


def test_decks_of_one_name_have_addresses_of_their_own():
    assert [save().slug for _ in range(3)] == ["goblins", "goblins-2", "goblins-3"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [("龍", "deck"), ("--", "deck"), ("Lim-Dûl’s Vault", "lim-duls-vault"), ("A " * 59, None)],
)
def test_every_name_makes_an_address(name, slug):
    deck = save(name=name)

    assert deck.slug == slug or slug is None
    assert len(deck.slug) <= 130


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "  \x00 "}, "Give the deck a name"),
        ({"name": "n" * 121}, "at most 120 characters"),
        ({"format": "f" * 41}, "at most 40 characters"),
        ({"lines": {(1, "main"): 0}}, "1 to 250 copies"),
        ({"lines": {(1, "main"): 251}}, "1 to 250 copies"),
        ({"lines": {(1, "library"): 1}}, "Commander, Main, Sideboard"),
        ({"lines": {(n, "main"): 1 for n in range(MAX_LINES + 1)}}, "at most 500 different cards"),
    ],
)
def test_what_no_deck_can_be_is_refused_and_nothing_is_made(wrong, says):
    with pytest.raises(DeckError, match=says):
        save(**wrong)

    assert not TemplateDeck.objects.exists()


def test_a_deck_of_no_format_is_of_another_one():
    assert save(format=" ").format == "Other"


# --- changing -------------------------------------------------------------------------------------------


def test_other_lines_are_a_new_version_and_the_old_one_stays():
    deck = save(lines=lines(bolt=4))

    save(deck, lines=lines(bolt=3, shock=1))

    assert versions_of(deck) == {1: lines(bolt=4), 2: lines(bolt=3, shock=1)}
    assert deck.current_version().number == 2


def test_another_name_or_description_is_no_new_version_and_the_address_stays():
    deck = save()

    save(deck, name="Elves", format="Legacy", description="Green.")

    deck.refresh_from_db()
    assert (deck.name, deck.slug, deck.format, deck.description) == ("Elves", "goblins", "Legacy", "Green.")
    assert list(versions_of(deck)) == [1]


def test_the_same_lines_in_another_order_are_no_new_version():
    deck = save(lines=lines(bolt=4, shock=2))

    save(deck, lines=lines(shock=2, bolt=4))

    assert list(versions_of(deck)) == [1]


def test_a_version_can_come_back_as_a_new_one():
    deck = save(lines=lines(bolt=4))
    save(deck, lines=lines(shock=4))

    save(deck, lines=lines(bolt=4))

    assert versions_of(deck)[3] == versions_of(deck)[1]


def test_a_draft_can_be_emptied_a_published_deck_cannot():
    deck = save()
    save_deck(name="Goblins", format="Modern", description="", lines={}, by=None, deck=deck)
    assert versions_of(deck)[2] == {}
    save(deck, lines=lines(bolt=1))
    publish(deck=deck)

    with pytest.raises(DeckError, match="published and needs cards"):
        save_deck(name="Goblins", format="Modern", description="", lines={}, by=None, deck=deck)

    assert list(versions_of(deck)) == [1, 2, 3]


def test_who_began_from_an_older_state_is_told_and_changes_nothing():
    deck = save()
    save(deck, lines=lines(shock=4), began_from=1)

    with pytest.raises(DeckChangedMeanwhile, match="somebody else") as told:
        save(deck, lines=lines(bolt=1), began_from=1)

    assert told.value.deck.current_version().number == 2
    assert versions_of(deck)[2] == lines(shock=4)
    assert list(versions_of(deck)) == [1, 2]


def test_another_description_counts_as_a_change_in_the_meantime():
    deck = save()
    save(deck, description="Hers.", began_from=1)

    with pytest.raises(DeckChangedMeanwhile):
        save(deck, description="His.", began_from=1)

    deck.refresh_from_db()
    assert deck.description == "Hers."


def opened(deck: TemplateDeck) -> dict:
    """What the form of the deck, opened now, says about its beginning."""
    deck = TemplateDeck.objects.get(pk=deck.pk)
    return {
        "began_from": deck.saves,
        "began_with": signs_of(deck, lines_of_version(deck.current_version())),
        "name": deck.name,
        "format": deck.format,
        "description": deck.description,
        "lines": lines_of_version(deck.current_version()),
    }


def test_what_only_one_of_two_people_changed_stands_beside_what_the_other_did():
    deck = save()
    hers, his = opened(deck), opened(deck)
    save(deck, **hers | {"lines": lines(shock=4), "name": "Elves"})

    saved = save(deck, **his | {"description": "His.", "name": "Elves"})

    assert (saved.name, saved.description) == ("Elves", "His.")
    assert lines_of_version(saved.current_version()) == lines(shock=4)
    assert list(versions_of(deck)) == [1, 2]


@pytest.mark.parametrize(
    ("hers", "his", "conflicts", "theirs"),
    [
        ({"name": "Elves"}, {"name": "Orcs"}, {"name"}, set()),
        ({"lines": {"shock": 4}}, {"lines": {"bolt": 1}}, {"cards"}, set()),
        ({"lines": {"shock": 4}, "name": "Elves"}, {"name": "Orcs"}, {"name"}, {"cards"}),
        (
            {"format": "Pauper", "name": "Elves"},
            {"name": "Orcs", "description": "His."},
            {"name"},
            {"format"},
        ),
    ],
)
def test_what_both_changed_is_asked_about_and_nothing_is_saved(hers, his, conflicts, theirs):
    deck = save()
    changes = [
        opened(deck) | change | ({"lines": lines(**change["lines"])} if "lines" in change else {})
        for change in (hers, his)
    ]
    save(deck, **changes[0])
    before = opened(deck)

    with pytest.raises(DeckChangedMeanwhile) as told:
        save(deck, **changes[1])

    assert (told.value.merged.conflicts, told.value.merged.theirs) == (conflicts, theirs)
    assert opened(deck) == before


def test_line_breaks_of_a_browser_are_no_change():
    deck = save(description="One.\nTwo.")
    began = opened(deck)
    save(deck, **opened(deck) | {"description": "Three."})

    saved = save(deck, **began | {"description": "One.\r\nTwo.", "name": "Elves"})

    assert (saved.name, saved.description) == ("Elves", "Three.")


def test_a_double_click_saves_once():
    deck = save()

    for _ in range(2):
        save(deck, lines=lines(shock=4), began_from=1)

    assert list(versions_of(deck)) == [1, 2]


def test_a_deck_that_was_deleted_in_the_meantime_is_said_to_be():
    deck = save()
    delete_deck(deck=TemplateDeck.objects.get(pk=deck.pk))

    with pytest.raises(DeckError, match="deleted in the meantime"):
        save_deck(name="Goblins", format="", description="", lines={}, by=None, deck=deck)


# --- publishing and deleting ----------------------------------------------------------------------------


def test_a_deck_is_published_and_unpublished():
    deck = save()

    publish(deck=deck)
    assert list(TemplateDeck.objects.published()) == [deck]

    unpublish(deck=deck)
    assert not TemplateDeck.objects.published().exists()


def test_a_deck_without_cards_is_not_published():
    deck = template_deck({}, published=False)

    with pytest.raises(DeckError, match="no cards"):
        publish(deck=deck)

    deck.refresh_from_db()
    assert not deck.published


def test_a_deck_that_nobody_took_can_be_deleted_with_all_its_versions():
    deck = save()
    save(deck, lines=lines(shock=4))

    delete_deck(deck=deck)

    assert not TemplateDeck.objects.exists()
    assert not TemplateDeckVersion.objects.exists()
    assert not TemplateDeckCard.objects.exists()


def test_a_deck_of_which_an_old_version_is_in_an_order_is_not_deleted():
    deck = template_deck({CardFactory(): 4}, name="Goblins")
    carts.add_template_deck(cart=CartFactory(), deck=deck)
    deck_version(deck, {CardFactory(): 1})

    with pytest.raises(DeckError, match=r"“Goblins” is in a cart or an order.*Unpublish it instead"):
        delete_deck(deck=deck)

    assert deck.versions.count() == 2
    assert TemplateDeckCard.objects.count() == 2


# --- what the database itself refuses -------------------------------------------------------------------


def test_no_number_stands_for_two_versions_of_a_deck():
    deck = template_deck({})

    with pytest.raises(IntegrityError, match="one_version_per_deck_and_number"), transaction.atomic():
        TemplateDeckVersion.objects.create(deck=deck, number=1)


def test_no_version_has_the_number_0():
    with pytest.raises(IntegrityError, match="template_deck_versions_count_from_1"), transaction.atomic():
        TemplateDeckVersion.objects.create(deck=template_deck({}), number=0)


def test_no_version_has_two_lines_of_a_card_in_a_zone():
    card = CardFactory()
    version = template_deck({card: 4}).current_version()

    with pytest.raises(IntegrityError, match="one_line_per_version_card_and_zone"), transaction.atomic():
        TemplateDeckCard.objects.create(version=version, card=card, quantity=1)


def test_a_version_that_is_in_an_order_cannot_be_deleted():
    deck = template_deck({CardFactory(): 4})
    carts.add_template_deck(cart=CartFactory(), deck=deck)

    with pytest.raises(ProtectedError):
        deck.current_version().delete()


# --- two at once ----------------------------------------------------------------------------------------


def two_edits(deck: TemplateDeck) -> tuple[Callable[[], TemplateDeck], Callable[[], TemplateDeck]]:
    """Two people who both began from the deck's first state."""
    mine, theirs = lines(bolt=1), lines(bolt=2)
    return (
        lambda: save(deck, lines=mine, began_from=1),
        lambda: save(deck, lines=theirs, began_from=1),
    )


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_the_same_moment_the_second_is_told_of_the_first(monkeypatch):
    deck = save()
    meet_after(monkeypatch, deck_shelf, "_lock")

    ends = race(*two_edits(deck))

    (refused,) = failed(ends)
    assert isinstance(refused, DeckChangedMeanwhile)
    assert list(versions_of(deck)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_different_things_at_the_same_moment_both_are_saved(monkeypatch):
    deck = save()
    hers = opened(deck) | {"lines": lines(shock=4)}
    his = opened(deck) | {"description": "His."}
    meet_after(monkeypatch, deck_shelf, "_lock")

    assert not failed(race(lambda: save(deck, **hers), lambda: save(deck, **his)))

    deck.refresh_from_db()
    assert (deck.description, deck.saves) == ("His.", 3)
    assert lines_of_version(deck.current_version()) == lines(shock=4)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_believe_to_be_first(monkeypatch):
    """The negative control: then only the constraint stands between them, and the second is shown a crash."""
    deck = save()
    monkeypatch.setattr(deck_shelf, "_lock", lambda deck: TemplateDeck.objects.get(pk=deck.pk))
    meet_after(monkeypatch, deck_shelf, "_lock")

    (refused,) = failed(race(*two_edits(deck)))

    assert isinstance(refused, IntegrityError)


@pytest.mark.django_db(transaction=True)
def test_two_decks_of_one_name_made_at_the_same_moment_are_both_made(monkeypatch):
    wanted = lines(bolt=4)
    meet_after(monkeypatch, deck_shelf, "_free_slug")

    assert not failed(race(lambda: save(lines=wanted), lambda: save(lines=wanted)))

    assert set(TemplateDeck.objects.values_list("slug", flat=True)) == {"goblins", "goblins-2"}


@pytest.mark.django_db(transaction=True)
def test_a_deck_that_is_deleted_while_somebody_takes_it_stays_for_them(monkeypatch):
    deck, cart = template_deck({CardFactory(): 4}), CartFactory()

    with transaction.atomic():
        carts.add_template_deck(cart=cart, deck=deck)
        deleting = begin_elsewhere(lambda: delete_deck(deck=deck))
        wait_until_somebody_waits_for_us()

    with pytest.raises(DeckError, match="in a cart or an order"):
        deleting.result(timeout=30)
    assert Order.objects.get().order_template_decks.get().version.deck == deck


@pytest.mark.django_db(transaction=True)
def test_a_deck_that_is_taken_while_it_is_deleted_is_not_offered_any_more():
    deck, cart = template_deck({CardFactory(): 4}), CartFactory()

    with transaction.atomic():
        delete_deck(deck=deck)
        taking = begin_elsewhere(lambda: carts.add_template_deck(cart=cart, deck=deck))
        wait_until_somebody_waits_for_us()

    with pytest.raises(CartError, match="not offered any more"):
        taking.result(timeout=30)
    assert not cart.order_cards.exists()
