"""Cards as the shop knows them: how one comes to its slug and to the forms of its name."""

import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from inventory.mana import mana_value
from inventory.models import Card
from inventory.names import fold_name

_LONGEST_SLUG = 180  # leaves room for a suffix
_NOT_A_CARD = {"names"}  # what stands in the place of a slug in inventory/urls.py


def make_card(*, name: str, faces: Sequence[dict[str, Any]] = (), **facts: Any) -> Card:
    """A new card, saved, with its slug and its folded names; `facts` are further fields of the card.

    The names of its faces are taken from `faces`, else from a name like "Fire // Ice". The mana value follows
    from the mana cost unless it is given.
    Raises ValueError where there is no name.
    """
    with transaction.atomic():
        return make_cards([{"name": name, "faces": list(faces), **facts}])[0]


def make_cards(facts: Sequence[dict[str, Any]]) -> list[Card]:
    """Many new cards at once, each as by `make_card`, in three queries."""
    names = [printable_name(each["name"]) for each in facts]
    slugs = new_slugs(names)
    return Card.objects.bulk_create(
        Card(
            **{
                "mana_value": mana_value(each.get("mana_cost", ""), layout=each.get("layout", "normal")),
                **each,
                "name": name,
                "slug": slug,
                "folded_name": fold_name(name),
                "folded_names": folded_names(name, each.get("faces", ())),
            }
        )
        for each, name, slug in zip(facts, names, slugs, strict=True)
    )


def printable_name(name: str) -> str:
    """The name with single spaces. Raises ValueError where nothing is left, or something cannot be stored."""
    name = " ".join(name.split())
    if not name or "\x00" in name:
        raise ValueError("A card needs a name that can be printed.")
    return name


def folded_names(name: str, faces: Sequence[dict[str, Any]] = ()) -> list[str]:
    """The folded forms of a whole name and of each face, the whole one first, the front face second. Pure."""
    face_names = [face["name"] for face in faces] if faces else name.split(" // ")
    return list(dict.fromkeys([fold_name(name), *map(fold_name, face_names)]))


def slug_base(name: str) -> str:
    """What a name becomes in an address; "card" where nothing of it can stand there. Pure.

    >>> slug_base("Lim-Dûl's Vault"), slug_base("Fire // Ice"), slug_base("_____"), slug_base("Names")
    ('lim-duls-vault', 'fire-ice', 'card', 'names-card')
    """
    slug = slugify(fold_name(name))[:_LONGEST_SLUG].strip("-_") or "card"
    return f"{slug}-card" if slug in _NOT_A_CARD else slug


def new_slugs(names: Sequence[str]) -> list[str]:
    """A slug that is not taken for each name, in their order: the bare one, else with -2, -3 and so on."""
    bases = [slug_base(name) for name in names]
    taken = set(Card.objects.filter(slug__in=set(bases)).values_list("slug", flat=True))
    for base in sorted(taken):
        numbered = Card.objects.filter(slug__regex=rf"^{re.escape(base)}-\d+$")
        taken.update(numbered.values_list("slug", flat=True))
    return distinct_slugs(bases, taken)


def distinct_slugs(bases: Sequence[str], taken: set[str]) -> list[str]:
    """Each base, or with the lowest number behind it that makes a slug neither taken nor given before. Pure.

    A base goes to the first name that has it, before any number makes it up: "Card 2" is card-2, and the
    second "Card" of the same list is card-3.

    >>> distinct_slugs(["card", "card", "card-2"], taken=set())
    ['card', 'card-3', 'card-2']
    """
    given = set(taken)
    own = {base for base in bases if base not in taken}
    slugs = []
    for base in bases:
        slug, number = base, 1
        while slug in given or (number > 1 and slug in own):
            number += 1
            slug = f"{base}-{number}"
        given.add(slug)
        slugs.append(slug)
    return slugs
