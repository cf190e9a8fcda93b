"""Processes that are killed in the middle; test_killed.py starts the one from which they are forked.

It reads jobs, a line of JSON each: what to do (`action`, `arguments`) and where to die (`point`, `when`, `call`).
Each is done by a process of its own, forked from this one, which has loaded everything and has no connection yet;
the answer is a line with the number of the signal that ended it, or 0 where it came to its end. `torn`: what was
written until then is committed, as if there were no transaction; for negative controls.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from itertools import count
from typing import Any

from django.db import connection
from django.utils import timezone

from celery_app import app as celery_app
from orders import cancellation, checkout, fulfilment, promotion, submission
from orders.models import Order
from orders.transitions import SYSTEM, customer


def submit(order: int, token: str, total_cents: int) -> None:
    submission.submit(
        cart=Order.objects.get(pk=order),
        confirmation_token=token,
        shown_total_cents=total_cents,
        today=timezone.localdate(),
    )


def accept(order: int) -> None:
    checkout.accept_shortfall(order=Order.objects.get(pk=order), by=customer(), today=timezone.localdate())


def cancel(order: int) -> None:
    cancellation.cancel(order=Order.objects.get(pk=order), by=customer(), reason="changed my mind")


def dispatch(order: int) -> None:
    fulfilment.dispatch(order=Order.objects.get(pk=order), by=SYSTEM, today=timezone.localdate())


def promote(orders_at_once: int) -> None:
    promotion.ORDERS_AT_ONCE = orders_at_once
    promotion.promote_pending(timezone.localdate())


ACTIONS: Mapping[str, Callable[..., None]] = {
    action.__name__: action for action in (submit, accept, cancel, dispatch, promote)
}


def die(*, torn: bool) -> None:
    if torn:
        assert connection.connection is not None
        connection.connection.commit()
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(point: str, *, when: str, call: int, torn: bool) -> None:
    """The process does not survive that call of that function: it dies just before it, or just after."""
    module_name, name = point.rsplit(".", 1)
    module = import_module(module_name)
    function, calls = getattr(module, name), count(1)

    def call_and_die(*args: Any, **kwargs: Any) -> Any:
        the_last = next(calls) == call
        if the_last and when == "before":
            die(torn=torn)
        answer = function(*args, **kwargs)
        if the_last:
            die(torn=torn)
        return answer

    setattr(module, name, call_and_die)


def do(job: dict[str, Any]) -> None:
    try:
        die_at(job["point"], when=job["when"], call=job["call"], torn=job["torn"])
        ACTIONS[job["action"]](**job["arguments"])
    except BaseException:  # noqa: BLE001  it must not go on as a copy of its parent
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(0)


def main() -> None:
    celery_app.conf.task_always_eager = True
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            do(json.loads(line))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}\n")
        sys.stdout.flush()
