"""Nobody renews a hold at once, so that a test sees what the loss of one leaves; unless it says `renews_at_once`."""

import pytest

from orders import tasks

_DELAY = tasks.renew_hold.delay


@pytest.fixture(autouse=True)
def _nobody_renews_at_once(monkeypatch) -> None:
    monkeypatch.setattr(tasks.renew_hold, "delay", lambda *args, **kwargs: None)


@pytest.fixture
def renews_at_once(monkeypatch, _nobody_renews_at_once) -> None:
    """Whoever hears that a hold is lost or wanted renews it there and then, as a worker would."""
    monkeypatch.setattr(tasks.renew_hold, "delay", _DELAY)
