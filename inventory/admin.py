"""The admin of cards, printings, stock and template decks."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.models import (
    Card,
    ClosedDay,
    Printing,
    Reservation,
    StockMovement,
    TemplateDeck,
    TemplateDeckCard,
    TemplateDeckVersion,
)


class PrintingInline(admin.TabularInline):
    model = Printing
    extra = 0
    fields = ("set_code", "set_name", "collector_number", "language", "finish", "rarity", "value_cents")


@admin.register(Card)
class CardAdmin(admin.ModelAdmin):
    """Facts come from the catalogue; the price per day is the shop's."""

    list_display = ("name", "mana_cost", "type_line", "day_price_cents")
    search_fields = ("name", "folded_name")
    readonly_fields = ("oracle_id", "slug", "folded_name", "folded_names", "faces")
    inlines = (PrintingInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # inventory.catalogue makes cards, so that slug and folded names are always right


@admin.register(Printing)
class PrintingAdmin(admin.ModelAdmin):
    list_display = ("card", "set_code", "collector_number", "language", "finish", "rarity", "value_cents")
    list_filter = ("finish", "rarity")
    list_select_related = ("card",)
    search_fields = ("card__name", "set_code", "collector_number")
    raw_id_fields = ("card",)


class LedgerAdmin(admin.ModelAdmin):
    """Rows of a ledger: shown, never edited; the domain writes them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(StockMovement)
class StockMovementAdmin(LedgerAdmin):
    list_display = ("printing", "quantity", "kind", "effective_on", "by", "note")
    list_filter = ("kind",)
    list_select_related = ("printing", "by")
    search_fields = ("printing__card__name", "note")
    date_hierarchy = "effective_on"


@admin.register(Reservation)
class ReservationAdmin(LedgerAdmin):
    list_display = ("card", "quantity", "out_on", "back_on", "state", "queued_at", "expected_on")
    list_filter = ("state",)
    list_select_related = ("card",)
    search_fields = ("card__name", "claim")


@admin.register(TemplateDeck)
class TemplateDeckAdmin(LedgerAdmin):
    """Decks are made and changed at the desk (/staff/decks/), so that old orders stay true."""

    list_display = ("name", "format", "published")
    list_filter = ("format", "published")
    search_fields = ("name",)


class TemplateDeckCardInline(admin.TabularInline):
    model = TemplateDeckCard
    extra = 0
    fields = ("card", "quantity", "zone")


@admin.register(TemplateDeckVersion)
class TemplateDeckVersionAdmin(LedgerAdmin):
    list_display = ("deck", "number", "created_at", "by")
    list_select_related = ("deck", "by")
    search_fields = ("deck__name",)
    inlines = (TemplateDeckCardInline,)


@admin.register(ClosedDay)
class ClosedDayAdmin(admin.ModelAdmin):
    list_display = ("first_day", "last_day", "reason")
    date_hierarchy = "first_day"
