"""The life of a payment intent: which step leads from which status to which. Pure: no clock, no storage.

Every change of an intent's status goes through `after`; a step that a status does not allow raises
`StepNotAllowedError`, and nothing else in the sandbox decides that question.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    REQUIRES_PAYMENT_METHOD = "requires_payment_method"
    REQUIRES_CONFIRMATION = "requires_confirmation"
    REQUIRES_ACTION = "requires_action"
    PROCESSING = "processing"
    REQUIRES_CAPTURE = "requires_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class Step(StrEnum):
    #: A payment method is set, or what is to be paid changes while one is set.
    PREPARE = "prepare"
    #: Confirmed, and the bank wants to see the customer.
    CHALLENGE = "challenge"
    #: Confirmed, and the bank holds the amount.
    AUTHORIZE = "authorize"
    #: Confirmed, and the bank pays at once.
    PAY = "pay"
    #: Confirmed, and refused: by the bank, or because the customer did not authenticate.
    DECLINE = "decline"
    CAPTURE = "capture"
    CANCEL = "cancel"
    #: Nobody captured in time, and the bank ended the hold.
    EXPIRE = "expire"


S, T = Status, Step

_CONFIRMED = {T.CHALLENGE: S.REQUIRES_ACTION, T.AUTHORIZE: S.REQUIRES_CAPTURE, T.PAY: S.SUCCEEDED}

TRANSITIONS: dict[Status, dict[Step, Status]] = {
    S.REQUIRES_PAYMENT_METHOD: {
        T.PREPARE: S.REQUIRES_CONFIRMATION,
        **_CONFIRMED,
        T.DECLINE: S.REQUIRES_PAYMENT_METHOD,
        T.CANCEL: S.CANCELED,
    },
    S.REQUIRES_CONFIRMATION: {
        T.PREPARE: S.REQUIRES_CONFIRMATION,
        **_CONFIRMED,
        T.DECLINE: S.REQUIRES_PAYMENT_METHOD,
        T.CANCEL: S.CANCELED,
    },
    S.REQUIRES_ACTION: {
        T.PREPARE: S.REQUIRES_CONFIRMATION,
        **_CONFIRMED,
        T.DECLINE: S.REQUIRES_PAYMENT_METHOD,
        T.CANCEL: S.CANCELED,
    },
    S.PROCESSING: {
        T.AUTHORIZE: S.REQUIRES_CAPTURE,
        T.PAY: S.SUCCEEDED,
        T.DECLINE: S.REQUIRES_PAYMENT_METHOD,
        T.CANCEL: S.CANCELED,
    },
    S.REQUIRES_CAPTURE: {T.CAPTURE: S.SUCCEEDED, T.CANCEL: S.CANCELED, T.EXPIRE: S.CANCELED},
    S.SUCCEEDED: {},
    S.CANCELED: {},
}


class StepNotAllowedError(Exception):
    """`status` does not allow `step`; `allowed_in` are the statuses that do."""

    def __init__(self, status: Status, step: Step) -> None:
        self.status = status
        self.step = step
        self.allowed_in = statuses_allowing(step)
        super().__init__(f"{step} is not allowed in {status}")


def after(status: Status, step: Step) -> Status:
    try:
        return TRANSITIONS[status][step]
    except KeyError:
        raise StepNotAllowedError(status, step) from None


def can(status: Status, step: Step) -> bool:
    return step in TRANSITIONS[status]


def statuses_allowing(step: Step) -> tuple[Status, ...]:
    return tuple(status for status, steps in TRANSITIONS.items() if step in steps)


def as_mermaid() -> str:
    """The table as a diagram, for the documentation."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.REQUIRES_PAYMENT_METHOD}"]
    for status, steps in TRANSITIONS.items():
        lines += [f"    {status} --> {target}: {step}" for step, target in steps.items()]
    ends = [status for status, steps in TRANSITIONS.items() if not steps]
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in ends)])
