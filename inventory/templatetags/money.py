from django import template
from django.conf import settings

from inventory.money import format_cents

register = template.Library()


@register.filter
def money(cents: int | None) -> str:
    """Cents as a price in the shop's currency; a dash where there is no price yet."""
    return "–" if cents is None else format_cents(cents, settings.CURRENCY)
