"""Money that the payment provider holds or has taken for an order; docs/payments.md."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Guest
from orders.models.order import Order
from orders.models.order_change import OrderChange


class PaymentCustomerQuerySet(models.QuerySet["PaymentCustomer"]):
    def of_our_mode(self) -> "PaymentCustomerQuerySet":
        """Those whom the keys in use can name: what is made in test mode is nothing in live mode."""
        return self.filter(livemode=not settings.STRIPE_DEBUG)


class PaymentCustomer(models.Model):
    """A customer as the payment provider knows them: one in each mode for each user or guest who has paid."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    guest = models.ForeignKey(Guest, null=True, on_delete=models.CASCADE, related_name="+")
    stripe_id = models.CharField(max_length=255, unique=True)
    livemode = models.BooleanField(default=False)
    leaving = models.BooleanField(
        default=False,
        editable=False,
        help_text="They have left: the provider is to delete them, with their cards.",
    )

    objects = PaymentCustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "livemode"], name="one_payment_customer_per_user_and_mode"
            ),
            models.UniqueConstraint(
                fields=["guest", "livemode"], name="one_payment_customer_per_guest_and_mode"
            ),
            models.CheckConstraint(
                name="payment_customer_has_one_owner",
                condition=Q(user__isnull=False, guest__isnull=True)
                | Q(user__isnull=True, guest__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id


class PaymentStatus(models.TextChoices):
    CREATED = "created", "Not yet answered"
    FAILED = "failed", "Failed"
    ACTION_REQUIRED = "action_required", "Waiting for the customer"
    PROCESSING = "processing", "Processing"
    AUTHORIZED = "authorized", "Authorized"
    CAPTURED = "captured", "Captured"
    EXPIRED = "expired", "Expired"
    VOIDED = "voided", "Voided"


ENDED = (PaymentStatus.EXPIRED, PaymentStatus.VOIDED)  # nothing is held any more
FINAL = (PaymentStatus.CAPTURED, *ENDED)  # a hold goes here, and no further


class DisputeStatus(models.TextChoices):
    """How a customer's objection at their bank stands, in the few words that matter to the desk."""

    NONE = "", "None"
    OPEN = "open", "Disputed"
    WON = "won", "Dispute won"
    LOST = "lost", "Dispute lost"


class PaymentQuerySet(models.QuerySet["Payment"]):
    def live(self) -> "PaymentQuerySet":
        """Those that still stand for their order: at most one for each."""
        return self.filter(kind=Payment.Kind.ORDER, released_at=None).exclude(status__in=ENDED)

    def taken(self) -> "PaymentQuerySet":
        """Those that are charged, or were asked for: see `Payment.is_taken`."""
        return self.live().filter(Q(status=PaymentStatus.CAPTURED) | Q(capture_begun_at__isnull=False))

    def fees(self) -> "PaymentQuerySet":
        """What staff have charged besides, within agreed limits."""
        return self.filter(kind__in=FEES)

    def to_void(self) -> "PaymentQuerySet":
        """Those that were let go, and of which the provider does not know yet."""
        return self.filter(released_at__isnull=False).exclude(status__in=FINAL)


class Payment(models.Model):
    """An amount in cents that a customer owes for an order, and how far it has come.

    `status`, and what is captured, refunded and disputed, is what Stripe said last of the attempt in force, as
    `orders.payments.sync_intent` has booked it; `created` before that. Of a card no more is kept than brand, last
    four digits and expiry.
    """

    class Kind(models.TextChoices):
        ORDER = "order", "Order"
        LATE = "late", "Late fee"
        DAMAGE = "damage", "Damage"
        LOSS = "loss", "Loss"
        EXTENSION = "extension", "Kept longer"  # rent for further days, paid by the customer at that moment

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ORDER)
    amount_cents = models.PositiveIntegerField(help_text="Asked for, or held.")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=PaymentStatus, default=PaymentStatus.CREATED)
    in_force = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="The sequence of the attempt that moves this payment; 0: none yet.",
    )
    captured_cents = models.PositiveIntegerField(default=0, editable=False)
    captured_at = models.DateTimeField(null=True, editable=False)
    refunded_cents = models.PositiveIntegerField(default=0, editable=False)
    paid_back_cents = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Of refunds that failed, and that staff have paid back in another way.",
    )
    dispute = models.CharField(
        max_length=8, choices=DisputeStatus, default=DisputeStatus.NONE, blank=True, editable=False
    )
    reason = models.TextField(
        blank=True, default="", help_text="Why a fee is charged, as the customer is told."
    )
    due_on = models.DateField(
        null=True,
        editable=False,
        help_text="Of a late fee: when the deck was due, as it was charged. Keeping the deck longer moves that day.",
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Who of the staff asked for a fee.",
    )
    customer = models.ForeignKey(
        PaymentCustomer, null=True, on_delete=models.SET_NULL, related_name="payments"
    )
    payment_method = models.CharField(max_length=255, blank=True, default="")
    card_brand = models.CharField(max_length=20, blank=True, default="")
    card_last4 = models.CharField(max_length=4, blank=True, default="")
    card_exp_month = models.PositiveSmallIntegerField(null=True, blank=True)
    card_exp_year = models.PositiveSmallIntegerField(null=True, blank=True)
    released_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When it was decided to let the hold go; voiding it may take longer.",
    )
    capture_begun_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the provider was asked to take the money; from then on the order cannot be cancelled.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(kind="order", released_at__isnull=True) & ~Q(status__in=["expired", "voided"]),
                name="one_live_payment_per_order",
            ),
            models.CheckConstraint(name="payment_amount_above_0", condition=Q(amount_cents__gt=0)),
            models.CheckConstraint(
                name="payment_captured_exactly_when_captured",
                condition=Q(status="captured", captured_cents__gt=0, captured_at__isnull=False)
                | (~Q(status="captured") & Q(captured_cents=0, captured_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="payment_no_more_captured_than_asked_for",
                condition=Q(captured_cents__lte=F("amount_cents")),
            ),
            models.CheckConstraint(
                name="payment_no_more_refunded_than_captured",
                condition=Q(refunded_cents__lte=F("captured_cents")),
            ),
            models.CheckConstraint(
                name="payment_no_more_paid_back_than_captured",
                condition=Q(paid_back_cents__lte=F("captured_cents")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_cents} {self.currency}: {self.status}"

    @property
    def is_taken(self) -> bool:
        """Whether the money is charged, or was asked for without a no from the provider."""
        return self.status == PaymentStatus.CAPTURED or self.capture_begun_at is not None

    @property
    def is_held(self) -> bool:
        """Whether its amount is held on a card, and nobody has decided to let it go."""
        return self.status == PaymentStatus.AUTHORIZED and self.released_at is None

    @property
    def given_back_cents(self) -> int:
        """As far as Stripe has said, or staff have noted."""
        return self.refunded_cents + self.paid_back_cents

    @property
    def left_cents(self) -> int:
        """What was taken and not given back."""
        return self.captured_cents - self.given_back_cents


FEES = (Payment.Kind.LATE, Payment.Kind.DAMAGE, Payment.Kind.LOSS)


class PaymentAttempt(models.Model):
    """One try to hold or charge a payment: the exact request, written down before it is sent.

    `off_session`: without the customer there, by the card that they left for it.
    """

    payment = models.ForeignKey(Payment, on_delete=models.CASCADE, related_name="attempts")
    change = models.ForeignKey(
        OrderChange,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="attempts",
        help_text="What takes effect with its money.",
    )
    sequence = models.PositiveIntegerField()
    parameters = models.JSONField()
    idempotency_key = models.CharField(max_length=100, unique=True)
    days = models.JSONField(
        default=list,
        editable=False,
        help_text="Of a cart: its days as the page showed them (orders/shown_days.py).",
    )
    cards = models.CharField(
        max_length=16,
        default="",
        editable=False,
        help_text="Of a cart: its cards as the page showed them (orders/shown_cards.py).",
    )
    off_session = models.BooleanField(default=False)
    intent_id = models.CharField(max_length=255, unique=True, null=True)
    status = models.CharField(max_length=16, choices=PaymentStatus, default=PaymentStatus.CREATED)
    error_code = models.CharField(max_length=80, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    capture_before = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="When the intent of a try that failed was cancelled: no other card can be tried on it.",
    )
    stray_cents = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Taken by its intent, not given back, and no payment stands for it.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "sequence"], name="one_attempt_per_sequence")
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class Refund(models.Model):
    """Money that goes back to the customer, in cents: the request, written down before it is sent.

    One that was made in Stripe's dashboard is written down when it is heard of. `key` is its idempotency key.
    `paid_back_…`: one that failed was paid back in another way, who noted that, and how it was done; the status stays
    what Stripe has said.
    """

    class Status(models.TextChoices):
        CREATED = "created", "Not yet answered"
        PENDING = "pending", "On its way"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_cents = models.PositiveIntegerField()
    reason = models.TextField(blank=True, default="", help_text="As the customer is told.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.CREATED)
    stripe_id = models.CharField(max_length=255, unique=True, null=True)
    error_message = models.TextField(blank=True, default="")
    paid_back_at = models.DateTimeField(null=True, editable=False)
    paid_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    paid_back_note = models.TextField(blank=True, default="", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="refund_amount_above_0", condition=Q(amount_cents__gt=0)),
            models.CheckConstraint(
                name="refund_paid_back_says_how",
                condition=Q(paid_back_at=None, paid_back_note="")
                | (Q(paid_back_at__isnull=False) & ~Q(paid_back_note="")),
            ),
        ]

    def __str__(self) -> str:
        return f"Refund of {self.amount_cents}: {self.status}"

    @property
    def key(self) -> str:
        return f"refund-{self.pk}"


class WebhookEvent(models.Model):
    """An event of the payment provider that has been handled. Its id is the key: a second delivery does nothing."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(max_length=100)
    intent_id = models.CharField(max_length=255, blank=True, default="")
    received_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
