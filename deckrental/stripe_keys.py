"""A wrong key must stop the start, not the first payment."""

from collections.abc import Mapping


def check_stripe_settings(*, debug: bool, keys: Mapping[str, Mapping[str, str]], api_base: str) -> None:
    """Raises ValueError, saying what to do, where a key is of the wrong mode or a sandbox would get live keys.

    An empty key is of no mode: the site then starts, and payments say that they are not set up.
    """
    for mode, kinds in keys.items():
        for kind, key in kinds.items():
            prefixes = {"publishable": (f"pk_{mode}_",), "secret": (f"sk_{mode}_", f"rk_{mode}_")}[kind]
            if key and not key.startswith(prefixes):
                raise ValueError(
                    f"STRIPE_{mode.upper()}_{kind.upper()}_KEY must begin with {' or '.join(prefixes)}: "
                    f"put a {mode}-mode {kind} key there."
                )
    if api_base and not debug:
        raise ValueError(
            "STRIPE_API_BASE names a stand-in for Stripe, which must never see live keys: "
            "unset STRIPE_API_BASE, or set STRIPE_DEBUG=true."
        )
