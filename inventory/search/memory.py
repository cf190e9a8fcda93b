"""One copy of the catalogue in each process, and of what is owned.

The catalogue is as new as inventory/kept_copies.py says. Stock is always as new as the database: it is read again,
in one query, whenever a stock movement has come or a day has begun.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db.models import Sum

from inventory.kept_copies import KeptCopy, Version, versions
from inventory.models import Change, StockMovement
from inventory.search.catalogue import Catalogue, Ints, read_catalogue


@dataclass(frozen=True, slots=True)
class Shelves:
    """The catalogue, and the copies that the shop owns of each of its cards on a day."""

    catalogue: Catalogue
    owned: Ints


_catalogue = KeptCopy(read_catalogue, cards_in=lambda catalogue: catalogue.size)
_kept: tuple[Version, Shelves] | None = None  # replaced as a whole, so threads need no lock


def shelves(*, today: date) -> Shelves:
    """The shelves as they are. One query where nothing has changed."""
    global _kept
    now = versions()
    catalogue = _catalogue.get(now[Change.Of.CATALOGUE])
    stock_version = (*now[Change.Of.STOCK], today)
    kept = _kept
    if kept is None or kept[0] != stock_version or kept[1].catalogue is not catalogue:
        _kept = kept = (stock_version, Shelves(catalogue, _owned(catalogue, today)))
    return kept[1]


def _owned(catalogue: Catalogue, today: date) -> Ints:
    sums = (
        StockMovement.objects.filter(effective_on__lte=today)
        .values_list("printing__card")
        .annotate(copies=Sum("quantity"))
    )
    found = np.array(list(sums), dtype=np.int64).reshape(-1, 2)
    found = found[np.isin(found[:, 0], catalogue.ids)]
    owned = np.zeros(catalogue.size, dtype=np.int64)
    owned[np.searchsorted(catalogue.ids, found[:, 0])] = found[:, 1]
    return owned
