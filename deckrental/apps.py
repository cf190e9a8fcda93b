from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DeckrentalConfig(AppConfig):
    name = "deckrental"

    def ready(self) -> None:
        from deckrental.schedule import install_schedule

        post_migrate.connect(install_schedule, sender=self)
