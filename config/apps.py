from django.apps import AppConfig


class ConcordConfig(AppConfig):
    name = "config"
    verbose_name = "Concord"
