"""Every status times every step: what it leads to, or that it is refused."""

import pytest

from stripe_sandbox.intent_states import Status, Step, StepNotAllowedError, after, can, statuses_allowing

OPEN = {
    "prepare": "requires_confirmation",
    "challenge": "requires_action",
    "authorize": "requires_capture",
    "pay": "succeeded",
    "decline": "requires_payment_method",
    "cancel": "canceled",
}
EXPECTED = {
    "requires_payment_method": OPEN,
    "requires_confirmation": OPEN,
    "requires_action": OPEN,
    "processing": {
        "authorize": "requires_capture",
        "pay": "succeeded",
        "decline": "requires_payment_method",
        "cancel": "canceled",
    },
    "requires_capture": {"capture": "succeeded", "cancel": "canceled", "expire": "canceled"},
    "succeeded": {},
    "canceled": {},
}


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("status", list(Status))
def test_every_status_and_step(status: Status, step: Step) -> None:
    expected = EXPECTED[status].get(step)
    assert can(status, step) is (expected is not None)
    if expected is None:
        with pytest.raises(StepNotAllowedError) as refused:
            after(status, step)
        assert refused.value.allowed_in == statuses_allowing(step)
        assert status not in refused.value.allowed_in
    else:
        assert after(status, step) == expected


def test_nothing_leaves_an_end() -> None:
    assert not any(can(end, step) for end in (Status.SUCCEEDED, Status.CANCELED) for step in Step)
