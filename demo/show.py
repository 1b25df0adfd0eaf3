"""`manage.py demo`: import the bundled data, start the platform, replay, judge, merge, report, export, serve."""

import asyncio
import json
import signal
import time
from datetime import datetime
from pathlib import Path

from django.db import connections
from django.utils import timezone
from rich.console import Console

from annotation.models import DatasetVersion, Project
from annotation.services import versions
from config import platform
from config.supervisor import Supervisor
from demo import cast, replay, report, settle_down
from demo.sets import SETS

console = Console(highlight=False)


def run(*, stay: bool, limit: int | None, report_file: str | None) -> None:
    """Everything, in order. Run a second time it finds its work done and only makes new log-ins."""
    started = time.monotonic()
    platform.require_address()
    with platform.servers(_say):
        platform.prepare(_say)
        for which in SETS:
            which.bring_in(at=timezone.now(), say=_say)
        people = cast.assemble(at=timezone.now())
        stage = platform.supervisor(say=_say, quiet=True)
        stage.start()
        try:
            _perform(stage, people, limit=limit, started=started, report_file=report_file)
            _say(people.invitation(platform.address(), stays=stay))
            if stay:
                _serve(stage)
        finally:
            for again in (signal.SIGINT, signal.SIGTERM):
                signal.signal(again, signal.SIG_IGN)  # it is ending, in order
            _say("Stopping.")
            stage.stop()


def _perform(
    stage: Supervisor, people: cast.Cast, *, limit: int | None, started: float, report_file: str | None
) -> None:
    _say("Starting the web server, a worker and beat.")
    stage.wait_ready(platform.answers, platform.WEB_READY_SECONDS)
    connections.close_all()  # the replay takes a while; no connection of this process stays open for it
    replayed = asyncio.run(replay.replay_all(platform.address(), people.replay_key, console=console, limit=limit))
    settle_down.wait(console)
    numbers = {which.slug: _version(which.slug) for which in SETS}
    settle_down.wait_for_versions(console)
    settle_down.require_built(numbers)
    figures = report.gather(
        platform.address(), people.replay_key, replayed=replayed, seconds=time.monotonic() - started
    )
    report.show(figures, console)
    report.show_versions(numbers, console)
    if report_file:
        Path(report_file).write_text(json.dumps(figures, indent=1))


def _version(slug: str) -> int:
    """The version that holds the project as it is: the last one if nothing happened since, else a new one."""
    project = Project.objects.get(slug=slug)
    last = project.versions.exclude(state=DatasetVersion.State.FAILED).order_by("-number").first()
    if last and not _changed_since(project, last.requested_at):
        return last.number
    return versions.request(project=project, by=None, at=timezone.now()).number


def _changed_since(project: Project, at: datetime) -> bool:
    return project.samples.filter(events__at__gt=at).exists()


def _serve(stage: Supervisor) -> None:
    """Stay up until Ctrl-C."""
    try:
        while True:
            stage.wait_ready(lambda: False, 3600)
    except KeyboardInterrupt:
        console.print()


def _say(sentence: str) -> None:
    console.print(sentence, markup=False)
