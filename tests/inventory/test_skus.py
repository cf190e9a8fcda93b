"""A sku names one printing: that of which it was made."""

from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from inventory.models import Finish, Printing
from inventory.skus import cards_of, skus_of
from tests.factories import CardFactory, PrintingFactory

NUMBERS = ("1", "01", "1a", "GNT-1")
EDITIONS = list(product(("lea", "2xm"), NUMBERS, ("en", "ja", "de"), Finish.values))


def each_leads_back(printings: list[Printing]) -> bool:
    card = printings[0].card
    skus = skus_of([(card, printing) for printing in printings])
    named = cards_of(skus)
    return [named[sku].printing for sku in skus] == printings


class TestSkus(TestCase):
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(EDITIONS), min_size=1, max_size=12, unique=True))
    def test_whatever_printings_there_are_each_sku_leads_back_to_its_own(self, editions):
        card = CardFactory()
        printings = [
            PrintingFactory(
                card=card, set_code=code, collector_number=number, language=language, finish=finish
            )
            for code, number, language, finish in editions
        ]
        assert each_leads_back(printings)


@pytest.mark.django_db
def test_of_one_number_every_set_of_languages_and_finishes_is_told_apart():
    kinds = list(product(("en", "ja"), (Finish.NONFOIL, Finish.FOIL)))
    for size in range(1, len(kinds) + 1):
        for chosen in combinations(kinds, size):
            card = CardFactory()
            printings = [
                PrintingFactory(
                    card=card,
                    set_code=f"s{card.pk}",
                    collector_number="1",
                    language=language,
                    finish=finish,
                )
                for language, finish in chosen
            ]
            assert each_leads_back(printings), chosen
