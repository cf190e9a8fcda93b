"""Reports of errors go to somebody else's server: they say what broke and on which page, not what opens that page.

What a payment passes through (a card's fingerprint, the body of a webhook) is no business of theirs either.
"""

from typing import Any

import sentry_sdk
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber

from deckrental.log_secrets import without_secrets_within


def report_errors(*, dsn: str) -> None:
    """From now on errors are reported to Sentry."""
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        # Sentry's own list has this header as WSGI spells it, and reports spell it as browsers do.
        event_scrubber=EventScrubber(denylist=[*DEFAULT_DENYLIST, "x-csrftoken"]),
        before_send=_clean,
        before_send_transaction=_clean,  # with its spans
        before_breadcrumb=_clean,
    )


def _clean(report: Any, hint: Any) -> Any:
    """By the time that events and transactions come here, they are text, numbers, dictionaries and lists."""
    return without_secrets_within(report)
