"""Alarm clocks: each wakes a service, which finds its work in the rows. Missed or doubled, nothing is lost or done twice."""

from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from annotation.explorer import covering, orders
from annotation.models import Project
from annotation.services import (
    applying,
    drafts,
    figures,
    gold_accuracy,
    learning,
    leases,
    merging,
    person_figures,
    quality_rules,
    reconsideration,
    routing,
    second_look_drawing,
    standing,
    versions,
    weighing,
    what_if,
)
from annotation.statistics import fold

WHEN_THE_DATABASE_IS_BACK = {"autoretry_for": (OperationalError,), "retry_backoff": True, "max_retries": 5}


@shared_task(name="annotation.expire_leases", **WHEN_THE_DATABASE_IS_BACK)
def expire_leases(**_added_later: Any) -> None:
    leases.expire(at=timezone.now())


@shared_task(name="annotation.reconsider_waiting", **WHEN_THE_DATABASE_IS_BACK)
def reconsider_waiting(**_added_later: Any) -> None:
    reconsideration.reconsider(at=timezone.now())


@shared_task(name="annotation.end_head_starts", **WHEN_THE_DATABASE_IS_BACK)
def end_head_starts(**_added_later: Any) -> None:
    reconsideration.end_head_starts(at=timezone.now())


@shared_task(name="annotation.apply_policies", **WHEN_THE_DATABASE_IS_BACK)
def apply_policies(**_added_later: Any) -> None:
    for project in applying.waiting():
        applying.apply(project=project, at=timezone.now())


@shared_task(name="annotation.learn_people", **WHEN_THE_DATABASE_IS_BACK)
def learn_people(*, at_once: bool = False, **_added_later: Any) -> None:
    for project in learning.projects_that_learn():
        learning.learn(project=project, at=timezone.now(), at_once=at_once)


@shared_task(name="annotation.merge_labels", **WHEN_THE_DATABASE_IS_BACK)
def merge_labels(*, at_once: bool = False, **_added_later: Any) -> None:
    for project in Project.objects.exclude(state=Project.State.ARCHIVED):
        merging.merge_project(project=project, at=timezone.now(), at_once=at_once)


@shared_task(name="annotation.route_samples", **WHEN_THE_DATABASE_IS_BACK)
def route_samples(*, at_once: bool = False, **_added_later: Any) -> None:
    for project in routing.projects_that_route():
        routing.run(project=project, at=timezone.now(), at_once=at_once)


@shared_task(name="annotation.fold_statistics", **WHEN_THE_DATABASE_IS_BACK)
def fold_statistics(**_added_later: Any) -> None:
    fold.fold_all(at=timezone.now)


@shared_task(name="annotation.refresh_figures", **WHEN_THE_DATABASE_IS_BACK)
def refresh_figures(*, at_once: bool = False, **_added_later: Any) -> None:
    for project in Project.objects.exclude(state=Project.State.ARCHIVED):
        figures.refresh(project=project, at=timezone.now(), at_once=at_once)


@shared_task(name="annotation.refresh_people", **WHEN_THE_DATABASE_IS_BACK)
def refresh_people(**_added_later: Any) -> None:
    for project in Project.objects.exclude(state=Project.State.ARCHIVED):
        if person_figures.refresh(project=project, at=timezone.now()):
            gold_accuracy.refresh_weights(project=project)
        quality_rules.apply(project=project, at=timezone.now())


@shared_task(name="annotation.draw_second_looks", **WHEN_THE_DATABASE_IS_BACK)
def draw_second_looks(**_added_later: Any) -> None:
    second_look_drawing.draw(at=timezone.now())


@shared_task(name="annotation.finish_decisions", **WHEN_THE_DATABASE_IS_BACK)
def finish_decisions(**_added_later: Any) -> None:
    standing.finish_begun(at=timezone.now())


@shared_task(name="annotation.build_versions", **WHEN_THE_DATABASE_IS_BACK)
def build_versions(**_added_later: Any) -> None:
    while version := versions.take_waiting(at=timezone.now()):
        versions.build(version=version, at=timezone.now())


@shared_task(name="annotation.answer_what_ifs", **WHEN_THE_DATABASE_IS_BACK)
def answer_what_ifs(**_added_later: Any) -> None:
    while asked := what_if.take_waiting(at=timezone.now()):
        what_if.answer(what_if=asked, clock=timezone.now)


@shared_task(name="annotation.forget_drafts", **WHEN_THE_DATABASE_IS_BACK)
def forget_drafts(**_added_later: Any) -> None:
    drafts.forget_old(at=timezone.now())


@shared_task(name="annotation.weigh_queue", **WHEN_THE_DATABASE_IS_BACK)
def weigh_queue(**_added_later: Any) -> None:
    weighing.weigh_everything()


@shared_task(name="annotation.build_search", **WHEN_THE_DATABASE_IS_BACK)
def build_search(**_added_later: Any) -> None:
    covering.catch_up(at=timezone.now(), seconds=8)


@shared_task(name="annotation.carry_out_orders", **WHEN_THE_DATABASE_IS_BACK)
def carry_out_orders(**_added_later: Any) -> None:
    for order in orders.under_way():
        orders.carry_on(order=order, at=timezone.now())
