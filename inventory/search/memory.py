"""One copy of the catalogue and of what is owned, in each process, as new as the database says.

Every search asks for the version first: which changes the database has noted (inventory/models/change.py). Where
they are others than those of the copy, it is read again.
"""

import time
from dataclasses import dataclass
from datetime import date
from threading import Lock

import numpy as np
from django.db import connection
from django.db.models import Sum

from inventory.models import Change, StockMovement
from inventory.search.catalogue import Catalogue, Ints, read_catalogue

Version = tuple[object, ...]

# An import changes cards batch by batch for a minute or two. A large catalogue is not read again for each of
# them: it may be as many seconds old. A small one is read in no time.
LARGE = 5_000  # cards
OLDEST = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Shelves:
    """The catalogue, and the copies that the shop owns of each of its cards on a day."""

    catalogue: Catalogue
    owned: Ints


@dataclass(frozen=True, slots=True)
class _Kept:
    catalogue_version: Version
    stock_version: Version
    read_at: float
    shelves: Shelves


_kept: _Kept | None = None  # replaced as a whole
_reading = Lock()


def shelves(*, today: date) -> Shelves:
    """The shelves as they are. One query where nothing has changed."""
    global _kept
    versions = _versions()
    kept = _kept
    if kept is not None and _is_good(kept, versions, today):
        return kept.shelves
    # Whoever comes while another thread reads takes what there was: it is as good as a moment ago.
    if not _reading.acquire(blocking=kept is None or not _may_be_old(kept, versions)):
        assert kept is not None
        return kept.shelves
    try:
        kept = _kept
        if kept is None or not _is_good(kept, versions, today):
            _kept = kept = _read(kept, versions, today)
        return kept.shelves
    finally:
        _reading.release()


def _versions() -> dict[str, Version]:
    """By what changes, which changes there have been: how many, and the sum of their numbers."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT "of", COUNT(*), SUM(id)::bigint FROM inventory_change GROUP BY "of"')
        found = {of: tuple(numbers) for of, *numbers in cursor.fetchall()}
    database = connection.settings_dict["NAME"]
    return {of: (database, *found.get(of, ())) for of in Change.Of.values}


def _is_good(kept: _Kept, versions: dict[str, Version], today: date) -> bool:
    if kept.stock_version != (*versions[Change.Of.STOCK], today):
        return False
    return kept.catalogue_version == versions[Change.Of.CATALOGUE] or _may_be_old(kept, versions)


def _may_be_old(kept: _Kept, versions: dict[str, Version]) -> bool:
    same_database = kept.catalogue_version[0] == versions[Change.Of.CATALOGUE][0]
    young = time.monotonic() - kept.read_at < OLDEST
    return same_database and young and kept.shelves.catalogue.size > LARGE


def _read(kept: _Kept | None, versions: dict[str, Version], today: date) -> _Kept:
    catalogue_version, stock_version = versions[Change.Of.CATALOGUE], (*versions[Change.Of.STOCK], today)
    read_at = time.monotonic()
    if kept is not None and (
        kept.catalogue_version == catalogue_version or _may_be_old(kept, versions)
    ):  # only the stock has changed
        catalogue, catalogue_version, read_at = kept.shelves.catalogue, kept.catalogue_version, kept.read_at
    else:
        catalogue = read_catalogue()
    return _Kept(catalogue_version, stock_version, read_at, Shelves(catalogue, _owned(catalogue, today)))


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
