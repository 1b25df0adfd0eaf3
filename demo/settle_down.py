"""Wait until the worker has judged, merged and counted everything, and say what it is at."""

import time
from collections.abc import Callable
from functools import partial

from celery import Task
from rich.console import Console

from annotation import tasks as platform_tasks
from annotation.models import DatasetVersion, Project
from annotation.services import figures, merging
from demo.sets import SETS
from modelgen import tasks as model_tasks
from modelgen.running import reward_heads

PAUSE_SECONDS = 0.5
PATIENCE_SECONDS = 300.0
NUDGE_EVERY = 10


class StillBusy(Exception):
    """The worker did not finish in time."""


class NotBuilt(Exception):
    """A data set version failed; the message says why."""


def wait(console: Console) -> None:
    """Judging first, then merging, then the figures: each needs the one before. Messages only hurry beat along."""
    projects = list(Project.objects.filter(slug__in=[which.slug for which in SETS]))
    steps = [
        ("Judging", reward_heads.is_idle, model_tasks.judge_samples),
        ("Merging labels", merging.is_up_to_date, platform_tasks.merge_labels),
        ("Computing figures", figures.is_up_to_date, platform_tasks.refresh_figures),
    ]
    for title, is_done, task in steps:
        with console.status(f"{title} in the worker"):
            _until(partial(_for_all, is_done, projects), task, title)


def _for_all(is_done: Callable[[Project], bool], projects: list[Project]) -> bool:
    return all(is_done(project) for project in projects)


def wait_for_versions(console: Console) -> None:
    """Until every requested version is built."""

    def built() -> bool:
        return not DatasetVersion.objects.filter(state=DatasetVersion.State.BUILDING).exists()

    with console.status("Building data set versions in the worker"):
        _until(built, platform_tasks.build_versions, "Building versions")


def require_built(numbers: dict[str, int]) -> None:
    """Raises NotBuilt with the reason of the first version that failed."""
    for slug, number in numbers.items():
        version = DatasetVersion.objects.get(project__slug=slug, number=number)
        if version.state == DatasetVersion.State.FAILED:
            raise NotBuilt(f"Version {number} of {slug} was not built: {version.problem}.")


def _until(is_done: Callable[[], bool], task: Task, title: str) -> None:
    """Wait, and wake the worker now and then: a message may be lost, the work stands in the rows."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    turn = 0
    while not is_done():
        if time.monotonic() > deadline:
            raise StillBusy(f"{title} is not finished after {PATIENCE_SECONDS:.0f} s. Look at var/log/worker.log.")
        if turn % NUDGE_EVERY == 0:
            task.delay(at_once=True)  # a demonstration does not rest between two merges
        turn += 1
        time.sleep(PAUSE_SECONDS)
