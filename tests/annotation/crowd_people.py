"""People who play a script against the services: each tab on a connection of its own, remembering what it was told."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import Error, connection
from story import MINUTE, NOW, make_sample

from annotation.models import Annotator, Project
from annotation.services import claiming, leases, people, projects, reconsideration, submission
from annotation.services.claiming import NotClaimable
from annotation.services.leases import LeaseGone
from annotation.services.submission import AlreadySubmitted, Answer, NotCorrectable

NEITHER = 0  # as a value: "neither response is valid"


class Crash(BaseException):
    """The process is gone; nothing that the service does can catch it."""


@dataclass(frozen=True)
class Step:
    """One thing that somebody does. `crash`: in the midst of it, around which exchange with the database."""

    what: str
    value: Any = None
    crash: int | None = None
    after: bool = False

    def __repr__(self) -> str:
        how = "" if self.crash is None else f" CRASH {'after' if self.after else 'before'} exchange {self.crash}"
        return f"{self.what}{'' if self.value is None else f' {self.value}'}{how}"


@dataclass
class Told:
    """What the platform said, as somebody remembers it. Keys and values that were sent, whatever became of them."""

    receipts: list[tuple[int, str, int, bool]] = field(default_factory=list)  # assignment, key, annotation, counted
    sent: dict[tuple[int, str], int] = field(default_factory=dict)
    refused: list[tuple[int, str]] = field(default_factory=list)


class World:
    """A project with its crowd, a clock, and the journal of what happened."""

    def __init__(self, project: Project) -> None:
        self.project, self.told, self.journal = project, Told(), []
        self.house = Step("house")
        self._lock, self._at, self._numbers = threading.Lock(), NOW, 0

    def now(self) -> datetime:
        """A second later than the last time that anybody asked."""
        with self._lock:
            self._at += timedelta(seconds=1)
            return self._at

    def key(self) -> str:
        with self._lock:
            self._numbers += 1
            return f"key-{self._numbers}"

    def note(self, who: str, what: object, became: object) -> None:
        with self._lock:
            self.journal.append(f"{who}: {what!r} -> {became}")


class Tab:
    """One window of one person."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.hand: int | None = None
        self.last: tuple[int, str] | None = None

    def play(self, script: list[Step]) -> None:
        for step in script:
            self.do(step)

    def do(self, step: Step) -> None:
        does: Callable[[Any], object] = getattr(self, f"_{step.what}")
        try:
            with crashing(step):
                became = does(step.value)
        except (NotClaimable, AlreadySubmitted, NotCorrectable, LeaseGone) as refusal:
            became = f"{type(refusal).__name__}: {refusal}"
        except (Crash, Error) as gone:
            if step.crash is None:
                raise
            connection.close()
            became = f"gone ({type(gone).__name__})"
        self.world.note(self.name, step, became)

    def _claim(self, _value: Any) -> object:
        lease = claiming.claim_next(annotator=self._person(), at=self.world.now())
        self.hand = lease.pk if lease else self.hand
        return f"{lease.sample.external_id} (assignment {lease.pk})" if lease else "nothing left"

    def _ahead(self, _value: Any) -> object:
        """The next one, while the one in hand is read: what is in hand stays so."""
        lease = claiming.claim_ahead(annotator=self._person(), at=self.world.now())
        return f"{lease.sample.external_id} ahead (assignment {lease.pk})" if lease else "nothing left ahead"

    def _work(self, value: int) -> object:
        claimed = self._claim(None)
        return claimed if claimed == "nothing left" else f"{claimed}; {self._say(value)}"

    def _say(self, value: int) -> object:
        return self._submit(self.hand, self.world.key(), value) if self.hand else "has nothing in hand"

    def _again(self, value: int) -> object:
        """The same form once more, with another value: the first one stands."""
        return self._submit(*self.last, value) if self.last else "has sent nothing yet"

    def _old_form(self, value: int) -> object:
        """The back button: the form of the last sample, filled in anew, under another key."""
        return self._submit(self.last[0], self.world.key(), value) if self.last else "has sent nothing yet"

    def _double_click(self, value: int) -> object:
        if not self.hand:
            return "has nothing in hand"
        key, twin = self.world.key(), Tab(self.world, self.name)
        hand = self.hand
        second = threading.Thread(target=twin._quietly, args=(hand, key, value))
        second.start()
        try:
            return self._submit(hand, key, value)
        finally:
            second.join()

    def _quietly(self, assignment: int, key: str, value: int) -> None:
        try:
            self._submit(assignment, key, value)
        except AlreadySubmitted:
            pass
        except BaseException as wrong:
            self.world.note(self.name, Step("the second click"), f"UNEXPECTED {wrong!r}")
        finally:
            connection.close()

    def _submit(self, assignment: int, key: str, value: int) -> object:
        self.last = (assignment, key)
        self.world.told.sent.setdefault((assignment, key), value)
        said = _answer(key, value)
        try:
            receipt = submission.submit(assignment_id=assignment, answer=said, at=self.world.now())
        except AlreadySubmitted:
            self.world.told.refused.append((assignment, key))
            raise
        self.world.told.receipts.append((assignment, key, receipt.annotation.pk, receipt.counted))
        return f"annotation {receipt.annotation.pk} {'counted' if receipt.counted else 'late'} {'again' * receipt.repeated}"

    def _correct(self, value: int) -> object:
        if not self.last:
            return "has sent nothing yet"
        assignment, key = self.last[0], self.world.key()
        self.world.told.sent.setdefault((assignment, key), value)
        receipt = submission.correct(assignment_id=assignment, answer=_answer(key, value), at=self.world.now())
        self.world.told.receipts.append((assignment, key, receipt.annotation.pk, receipt.counted))
        return f"revision {receipt.annotation.pk}"

    def _skip(self, reason: str) -> object:
        return leases.skip(assignment=self._lease(), reason=reason, at=self.world.now()) if self.hand else "has nothing"

    def _release(self, _value: Any) -> object:
        return leases.release(assignment=self._lease(), at=self.world.now()) if self.hand else "has nothing"

    def _renew(self, _value: Any) -> object:
        return leases.renew(assignment=self._lease(), at=self.world.now()) if self.hand else "has nothing"

    def _hold(self, _value: Any) -> object:
        """The page is still open: renewed, or taken again."""
        return leases.hold(assignment=self._lease(), at=self.world.now()) if self.hand else "has nothing"

    def _person(self) -> Annotator:
        return Annotator.objects.select_related("project").get(project=self.world.project, external_id=self.name)

    def _lease(self) -> Any:
        from annotation.models import Assignment

        return Assignment.objects.select_related("annotator__project").get(pk=self.hand)


class House(Tab):
    """What happens to a project beside its people."""

    def _reap(self, _value: Any) -> object:
        """Beat's reaper, whose clock is three hours ahead: every lease runs out."""
        return f"{leases.expire(at=self.world.now() + 180 * MINUTE)} leases given back"

    def _pause(self, _value: Any) -> object:
        return Project.objects.filter(pk=self.world.project.pk).update(state="paused")

    def _resume(self, _value: Any) -> object:
        return Project.objects.filter(pk=self.world.project.pk).update(state="active")

    def _leave(self, name: str) -> object:
        return self._people(name).update(state="paused")

    def _come_back(self, name: str) -> object:
        return self._people(name).update(state="active")

    def _cap(self, name: str) -> object:
        return self._people(name).update(cap=2)

    def _join(self, name: str) -> object:
        return people.add_outside_people(project=self._project(), external_ids=[name], at=self.world.now())

    def _add(self, name: str) -> object:
        make_sample(self._project(), name)
        return "added"

    def _look_again(self, _value: Any) -> object:
        return f"{reconsideration.reconsider(at=self.world.now(), project=self._project())} samples looked at"

    def _policy(self, content: tuple[tuple[str, Any], ...]) -> object:
        project = self._project()
        triggers = project.policies.latest("version").triggers
        return f"policy {projects.write_policy(project=project, triggers=triggers, **dict(content)).version}"

    def _people(self, name: str) -> Any:
        return Annotator.objects.filter(project=self.world.project, external_id=name)

    def _project(self) -> Project:
        return Project.objects.get(pk=self.world.project.pk)


def _answer(key: str, value: int) -> Answer:
    if value == NEITHER:
        return Answer(given=[], client_key=key, neither_valid=True)
    return Answer(given=[{"attribute": "overall", "value": value}], client_key=key)


# --- the middle of a transaction --------------------------------------------------------------------------------
@contextmanager
def crashing(step: Step) -> Iterator[None]:
    """The process dies before or after the n-th exchange with the database, if the step says so.

    Its connection is ended on the server (pg_terminate_backend), as the kernel ends it for a process that is killed.
    """
    if step.crash is None:
        yield
        return
    connection.ensure_connection()
    wire, left = connection.connection, step.crash
    waits = wire.wait

    def wait(*arguments: Any, **keywords: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not step.after:
            end(wire.info.backend_pid)
        answered = waits(*arguments, **keywords)
        if left == 0 and step.after:
            end(wire.info.backend_pid)
            raise Crash
        return answered

    wire.wait = wait
    try:
        yield
    finally:
        del wire.wait


def end(backend: int) -> None:
    """End another connection of the database, and wait until it has gone."""
    with psycopg.connect(**_address(), autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s)", [backend])
        while killer.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [backend]).fetchone() is not None:
            time.sleep(0.002)


def _address() -> dict[str, Any]:
    wanted = connection.get_connection_params()
    return {name: wanted[name] for name in ("host", "port", "dbname", "user", "password") if wanted.get(name)}
