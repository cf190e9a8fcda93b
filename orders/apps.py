from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from orders import change_effects, email_change, sign_in, tasks  # noqa: F401  they listen: to money, accounts, capacity
