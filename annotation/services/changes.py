"""Whether something was added to a project since one looked: found by what came since, never by counting what is there.

A task that computes from rows keeps a Mark beside its result and looks before it computes again. A look costs what came
since the last one, whatever the size of the project.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max, QuerySet

from annotation.models import Project, Sample

# Computing takes at most a tenth of the time: it rests for ten times as long as it took. What takes less than a second
# takes less than a tenth of beat's ten seconds by itself.
REST = 10
SHORT_SECONDS = 1.0


@dataclass(frozen=True)
class Watch:
    """What a result is computed from.

    growing: rows that are only ever added, each with the way to its project; a row's id tells when it came.
    small: what may change in place, and is small enough to be read whole. slots: also samples that got a slot free.
    """

    growing: tuple[tuple[QuerySet[Any], str], ...]
    small: Callable[[Project], Iterable[object]]
    slots: bool = False


@dataclass(frozen=True)
class Mark:
    """How far a computation has seen, when it was made and how long it took.

    Ids are given out before rows are committed, so a lower id may appear after a higher one. `settled` are ids up to which
    nothing can appear any more; `latest` are those that were there, and settled once every transaction before `horizon` is
    over. Transactions from `unfinished` on may have done what was not to be seen yet. `small` is a digest.
    """

    settled: tuple[int, ...]
    latest: tuple[int, ...]
    unfinished: int
    horizon: int
    small: str
    computed_at: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        ids = "/".join(".".join(map(str, of)) for of in (self.settled, self.latest))
        return f"{ids}/{self.unfinished}/{self.horizon}/{self.small}/{self.computed_at:.0f}/{self.seconds:.2f}"

    @classmethod
    def parse(cls, text: str) -> "Mark | None":
        """What __str__ wrote; None for anything else, which means: look as if for the first time."""
        try:
            settled, latest, unfinished, horizon, small, computed_at, seconds = text.split("/")
            return cls(
                settled=_ids(settled),
                latest=_ids(latest),
                unfinished=int(unfinished),
                horizon=int(horizon),
                small=small,
                computed_at=float(computed_at),
                seconds=float(seconds),
            )
        except ValueError:
            return None

    def after_computing(self, *, at: datetime, seconds: float) -> "Mark":
        return replace(self, computed_at=at.timestamp(), seconds=seconds)

    def rests(self, at: datetime) -> bool:
        """Whether it is too early to compute again. A clock that was put back does not keep anybody waiting."""
        since = at.timestamp() - self.computed_at
        return self.seconds >= SHORT_SECONDS and 0 <= since < REST * self.seconds


def _ids(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def look(project: Project, watch: Watch, before: Mark | None) -> tuple[bool, Mark]:
    """Whether anything is there that `before` had not seen, and the mark from which to look the next time.

    What is computed afterwards sees everything up to the new mark. It may see more, and is then computed once too often.
    """
    latest = tuple(rows.model._default_manager.aggregate(last=Max("pk"))["last"] or 0 for rows, _ in watch.growing)
    unfinished, horizon = _transactions()
    small = _digest(watch.small(project))
    if before is None or len(before.settled) != len(latest):
        settled = latest if unfinished == horizon else (0,) * len(latest)
        return True, Mark(settled, latest, unfinished, horizon, small)
    now = replace(before, settled=_settled(before, latest, unfinished, horizon), latest=latest, small=small)
    now = replace(now, unfinished=unfinished, horizon=horizon)
    is_new = before.small != small or _came_since(project, watch, before) or _was_freed(project, watch, before)
    return is_new, now


def _settled(before: Mark, latest: tuple[int, ...], unfinished: int, horizon: int) -> tuple[int, ...]:
    if unfinished == horizon:  # nobody is writing
        return latest
    return before.latest if unfinished >= before.horizon else before.settled


def _transactions() -> tuple[int, int]:
    """The oldest transaction that is not over, and the next that will begin."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() now"
        )
        unfinished, horizon = cursor.fetchone()
    return unfinished, horizon


def _came_since(project: Project, watch: Watch, before: Mark) -> bool:
    return any(
        rows.filter(pk__gt=seen, **{way: project}).exists()
        for (rows, way), seen in zip(watch.growing, before.settled, strict=True)
    )


def _was_freed(project: Project, watch: Watch, before: Mark) -> bool:
    """Samples that were imported or got a slot free, by the transaction that their trigger notes (index sample_claimable)."""
    with_a_slot = Sample.objects.filter(
        project=project, state__in=(Sample.State.OPEN, Sample.State.ESCALATED), open_slots__gt=0
    )
    return watch.slots and with_a_slot.filter(claimable_xid__gte=before.unfinished).exists()


def _digest(parts: Iterable[object]) -> str:
    return hashlib.blake2b(repr(list(parts)).encode(), digest_size=8).hexdigest()
