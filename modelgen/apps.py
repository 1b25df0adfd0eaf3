from django.apps import AppConfig


class ModelgenConfig(AppConfig):
    name = "modelgen"
    verbose_name = "Model generation"
