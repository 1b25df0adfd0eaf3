"""The addresses of the pages of runs."""

from django.urls import path

from modelgen.web import browsing_views as browsing
from modelgen.web import judge_views as judges
from modelgen.web import recipe_views as recipes
from modelgen.web import run_views as runs

app_name = "modelgen"
_RUN = "projects/<slug:slug>/models/runs/<int:pk>/"

urlpatterns = [
    path("projects/<slug:slug>/models/", runs.run_list, name="runs"),
    path("projects/<slug:slug>/models/now/", runs.run_list_now, name="runs-now"),
    path("projects/<slug:slug>/models/recipes/", recipes.recipe_list, name="recipes"),
    path("projects/<slug:slug>/models/recipes/own/", recipes.own_recipe, name="own-recipe"),
    path("projects/<slug:slug>/models/recipes/ready/<slug:name>/", recipes.ready_recipe, name="ready-recipe"),
    path("projects/<slug:slug>/models/judges/", judges.new_judge, name="new-judge"),
    path("projects/<slug:slug>/models/judges/<int:pk>/switch/", judges.switch, name="switch-judge"),
    path(_RUN, runs.run, name="run"),
    path(f"{_RUN}now/", runs.run_now, name="run-now"),
    path(f"{_RUN}change/", runs.change, name="change-run"),
    path(f"{_RUN}recipe.yaml", browsing.recipe_text, name="run-recipe"),
    path(f"{_RUN}failures/", browsing.failures, name="run-failures"),
    path(f"{_RUN}failures/<int:failure_pk>/", browsing.failure, name="run-failure"),
    path(f"{_RUN}stages/<str:name>/", browsing.outputs, name="run-outputs"),
]
