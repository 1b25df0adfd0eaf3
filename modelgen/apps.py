from django.apps import AppConfig


class ModelgenConfig(AppConfig):
    name = "modelgen"
    verbose_name = "Model generation"

    def ready(self) -> None:
        from annotation.services import judge_costs
        from modelgen.running.judge_costs import of_project

        judge_costs.tell_with(of_project)
