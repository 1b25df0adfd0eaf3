"""The floor under `make bench-claims`: Concord's own statements, sent by bare psycopg from a few processes.

What every loop sends, from the session to the commit of the next claim, prepared and with the same transactions, but
no HTTP, no Django, and no thought: three people always agree, so that the label is known beforehand. What lies between
this and the platform is what the framework and Concord's own Python cost.
"""

import json
import multiprocessing
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.numeric import Int8

from annotation.statements import claiming, settling, submitting
from bench.crowd import Percentiles, percentiles

LEASE = timedelta(minutes=60)
PROCESSES = 2


@dataclass(frozen=True)
class Person:
    annotator: int
    user: int
    session: str


@dataclass(frozen=True)
class Floor:
    """What the statements alone reach with so many connections."""

    connections: int
    loops_a_second: float
    loop_ms: Percentiles


def measure(address: str, statements: "Reading", people: Sequence[Person], seconds: float) -> Floor:
    """One connection a person, spread over a few processes, so that Python's lock is not what is measured."""
    spawning = multiprocessing.get_context("spawn")
    shares = [people[number::PROCESSES] for number in range(PROCESSES)]
    with spawning.Pool(PROCESSES) as pool:
        jobs = [pool.apply_async(_share, (address, statements, share, seconds)) for share in shares if share]
        times = [ms for job in jobs for ms in job.get(timeout=seconds + 60)]
    return Floor(len(people), len(times) / seconds, percentiles(times))


@dataclass(frozen=True)
class Reading:
    """The statements that answer who is asking; they belong to config, which this file does not import."""

    session: str
    account: str
    on_connect: str


def _share(address: str, reading: Reading, people: Sequence[Person], seconds: float) -> list[float]:
    times: list[float] = []
    until = time.perf_counter() + seconds
    threads = [threading.Thread(target=_work, args=(address, reading, person, until, times)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _work(address: str, reading: Reading, person: Person, until: float, times: list[float]) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(reading.on_connect)
        loop = _Loop(connection, reading, person)
        loop.claim()
        while time.perf_counter() < until:
            start = time.perf_counter()
            loop.turn()
            times.append(1000 * (time.perf_counter() - start))


class _Loop:
    """One person's loops: submit what is in hand, claim the next."""

    def __init__(self, connection: psycopg.Connection[Any], reading: Reading, person: Person) -> None:
        self._connection, self._reading, self._person = connection, reading, person
        self._cursor = connection.cursor(row_factory=namedtuple_row)
        self._in_hand: Any = None

    def turn(self) -> None:
        self._send(self._reading.session, key=self._person.session, now=datetime.now(UTC))
        self._send(self._reading.account, pk=self._person.user)
        self._send(submitting.OWNER, assignment=self._in_hand.id)
        self._submit()
        self.claim()

    def claim(self) -> None:
        at = datetime.now(UTC)
        with self._connection.transaction():
            person = self._send(claiming.LOOK, annotator=self._person.annotator)
            lease = {
                "annotator": self._person.annotator,
                "project": person.project_id,
                "requirements": person.requirements or [0],
                "weight": person.weight,
                "at": at,
                "until": at + LEASE,
                "place": 0,
                "shuffles": True,
            }
            if person.held:
                self._in_hand = self._send(claiming.RESUME, assignment=person.held, until=at + LEASE)
                return
            self._in_hand = self._send(claiming.TAKE_FRESH, cursor=person.fresh_cursor, **lease)
            assert self._in_hand is not None, "The floor ran out of samples."  # noqa: S101

    def _submit(self) -> None:
        with self._connection.transaction():
            sample = self._send(submitting.LOCK_SAMPLE, assignment=self._in_hand.id)
            assignment = self._send(submitting.LOCK_ASSIGNMENT, assignment=self._in_hand.id)
            self._send(
                submitting.RECORD,
                assignment=assignment.id,
                sample=sample.id,
                rubric=assignment.rubric,
                ratings=[1],
                neither_valid=False,
                round=1,
                remarks="{}",
                comment="",
                active_seconds=None,
                client_key=str(random.random()),  # noqa: S311  no secret
                was_counted=True,
                state="submitted",
                released=1,
                counted=1,
                at=datetime.now(UTC),
            )
            if sample.counted_count + 1 == sample.target:
                self._resolve(sample, assignment)

    def _resolve(self, sample: Any, assignment: Any) -> None:
        at = datetime.now(UTC)
        self._send(settling.COUNTED, sample=sample.id)
        self._send(settling.LAST_LABELS, sample=sample.id)
        label = {"response": None, "attribute": "preference", "revision": 1, "human_value": 1, "human_expected": 1.0}
        about = {"no_preference": False, "method": "closest-three/1", "annotation_count": 3, "annotations": []}
        labels = json.dumps([label | about])
        said = {"sample": sample.id, "policy": assignment.policy, "at": at}
        self._send(settling.ADD_LABELS, labels=labels, decided_by=None, **said)
        self._send(
            settling.MOVE,
            source_state=sample.state,
            target_state="resolved",
            target=3,
            reason="agreed",
            text="The first three are within the limits on every trigger value.",
            actor=None,
            waits_for_people=False,
            head_start_until=None,
            **said,
        )

    def _send(self, statement: str, **values: Any) -> Any:
        sent = {name: Int8(value) if type(value) is int else value for name, value in values.items()}
        self._cursor.execute(statement, sent, prepare=True)
        return self._cursor.fetchone() if self._cursor.description else None
