"""What an hour of active work brought people lately: in the middle, and to the lowest tenth.

Computed with the other figures of a project and kept, because it looks through four weeks of work.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from annotation.models import Project
from annotation.services import pay
from annotation.services.pay import Line, Period

LATELY = timedelta(days=28)
ENOUGH_SECONDS = 3600  # of active work; with less, an hour's pay is guessed from minutes
LOWEST = 0.1


@dataclass(frozen=True)
class HourlyPay:
    """median, lowest_tenth: for an active hour, over people with enough active time; None where there is nobody.

    people: so many they are; too_short: who worked for a price, but less than that. below_floor: who of them got less than
    the project's floor.
    """

    median: float | None
    lowest_tenth: float | None
    people: int
    too_short: int
    below_floor: int

    @property
    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "days": LATELY.days}


def lately(project: Project, *, at: datetime) -> HourlyPay | None:
    """Over the four weeks until now; None where nobody worked for a price."""
    lines = pay.statement(project=project, period=Period(at - LATELY, at), at=at)
    return of(lines, floor=project.hourly_floor)


def of(lines: list[Line], *, floor: Decimal | None) -> HourlyPay | None:
    """The same of the lines of a statement. Work without a price counts neither as pay nor as time."""
    due: dict[str, Decimal] = defaultdict(Decimal)
    seconds: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.due is not None:
            due[line.person] += line.due
            seconds[line.person] += line.active_seconds
    if not due:
        return None
    hourly = np.array([float(due[who]) * 3600 / long for who, long in seconds.items() if long >= ENOUGH_SECONDS])
    return HourlyPay(
        median=float(np.median(hourly)) if hourly.size else None,
        lowest_tenth=float(np.quantile(hourly, LOWEST)) if hourly.size else None,
        people=hourly.size,
        too_short=len(seconds) - hourly.size,
        below_floor=int((hourly < float(floor)).sum()) if floor is not None else 0,
    )
