"""The Celery app and the schedule that a new database starts with.

Run a worker with ``celery -A celery_app worker`` and the beat with
``celery -A celery_app beat`` (the scheduler reads the database: django-celery-beat).
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deckrental.settings")

app = Celery("deckrental")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Written into the database once, where a task of that name is missing (deckrental/schedule.py).
# From then on the admin decides: beat is not given this as `beat_schedule`, which would overwrite
# what staff have changed at every start.
BEAT_DEFAULTS = {
    "Promote pending orders": {
        "task": "orders.tasks.promote_pending",
        "schedule": crontab(hour="6,12,18", minute="0"),
    },
    "Return unanswered shortfalls to the cart": {
        "task": "orders.tasks.lapse_confirming",
        "schedule": crontab(minute="*/5"),
    },
    "Cancel pending orders whose dispatch day has passed": {
        "task": "orders.tasks.lapse_pending",
        "schedule": crontab(hour="0", minute="10"),
    },
    "Renew holds that end soon": {
        "task": "orders.tasks.renew_authorizations",
        "schedule": crontab(minute="40"),
    },
    "Cancel orders that were not paid again in time": {
        "task": "orders.tasks.lapse_unpaid",
        "schedule": crontab(minute="50"),
    },
    "Void holds that were let go": {
        "task": "orders.tasks.void_released_payments",
        "schedule": crontab(minute="20"),
    },
    "Compare payments with the provider": {
        "task": "orders.tasks.reconcile_payments",
        "schedule": crontab(minute="35"),
    },
    "Send refunds that were not answered": {
        "task": "orders.tasks.send_unsent_refunds",
        "schedule": crontab(minute="7-59/15"),
    },
    "Charge fees that were not answered": {
        "task": "orders.tasks.retry_fees",
        "schedule": crontab(minute="12-59/15"),
    },
    "Forget cards that nobody asked to keep": {
        "task": "orders.tasks.forget_cards",
        "schedule": crontab(hour="3", minute="40"),
    },
    "Delete carts of guests whose session has ended": {
        "task": "orders.tasks.purge_carts",
        "schedule": crontab(hour="4", minute="10"),
    },
    "Delete changes of orders that were never paid": {
        "task": "orders.tasks.purge_changes",
        "schedule": crontab(hour="4", minute="15"),
    },
    "Delete sessions that have ended": {
        "task": "orders.tasks.clear_sessions",
        "schedule": crontab(hour="4", minute="25"),
    },
    "Delete API tokens that have expired": {
        "task": "accounts.tasks.purge_tokens",
        "schedule": crontab(hour="3", minute="50"),
    },
    "Forget addresses of bills that need not be kept any more": {
        "task": "orders.tasks.forget_addresses",
        "schedule": crontab(hour="4", minute="0"),
    },
    "Delete accounts that never confirmed an address": {
        "task": "accounts.tasks.forget_unconfirmed",
        "schedule": crontab(hour="4", minute="10"),
    },
    "Forget where somebody was signed in": {
        "task": "accounts.tasks.forget_ended_sessions",
        "schedule": crontab(hour="4", minute="20"),
    },
    "Tell that a worker is alive": {"task": "orders.tasks.worker_heartbeat", "schedule": crontab(minute="*")},
}
