"""Money is whole cents, everywhere; this is the one place that turns cents into something to read."""

SYMBOLS = {"eur": "€", "usd": "$", "gbp": "£"}


def format_cents(cents: int, currency: str) -> str:
    """Cents as a person reads them.

    >>> format_cents(123456, "eur")
    '€1,234.56'
    >>> format_cents(-5, "usd")
    '-$0.05'
    >>> format_cents(990, "chf")
    'CHF 9.90'
    """
    sign = "-" if cents < 0 else ""
    symbol = SYMBOLS.get(currency.lower(), f"{currency.upper()} ")
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{symbol}{whole:,}.{rest:02d}"
