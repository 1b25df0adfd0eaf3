"""Alarm clocks: each wakes a service, which finds its work in the rows. Missed or doubled, nothing is lost or done twice."""

from typing import Any

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

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
    standing,
    versions,
)

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


@shared_task(name="annotation.finish_decisions", **WHEN_THE_DATABASE_IS_BACK)
def finish_decisions(**_added_later: Any) -> None:
    standing.finish_begun(at=timezone.now())


@shared_task(name="annotation.build_versions", **WHEN_THE_DATABASE_IS_BACK)
def build_versions(**_added_later: Any) -> None:
    while version := versions.take_waiting(at=timezone.now()):
        versions.build(version=version, at=timezone.now())


@shared_task(name="annotation.forget_drafts", **WHEN_THE_DATABASE_IS_BACK)
def forget_drafts(**_added_later: Any) -> None:
    drafts.forget_old(at=timezone.now())
