from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class DeckrentalConfig(AppConfig):
    name = "deckrental"
    default = True  # of the two here

    def ready(self) -> None:
        from deckrental.schedule import install_schedule

        # The signal is sent for apps with models only; these are the models that the schedule is kept in.
        post_migrate.connect(install_schedule, sender=apps.get_app_config("django_celery_beat"))


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "deckrental.admin_site.AdminSite"
