"""Stages as a drawing: each on a lane beside its row, with lines from the stages that it builds on. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIRST_LANE, LANE_WIDTH = 14, 18
TOP, MIDDLE, BOTTOM = "0", "50%", "100%"


@dataclass(frozen=True)
class Line:
    """From one point to another: x in pixels, y as a part of the row's height."""

    x1: int
    y1: str
    x2: int
    y2: str


@dataclass(frozen=True)
class Drawn:
    """One row of the drawing. x: where the stage itself stands; width: of the whole drawing, the same in every row."""

    x: int
    lines: tuple[Line, ...]
    width: int


def draw(sources: Mapping[str, Sequence[str]]) -> dict[str, Drawn]:
    """The drawing of stages in their order. sources: stage -> the stages above it that it builds on.

    >>> draw({"topics": [], "questions": ["topics"]})["questions"].lines
    (Line(x1=14, y1='0', x2=14, y2='50%'),)
    """
    last_use = {source: place for place, stage in enumerate(sources) for source in sources[stage]}
    lanes: list[str | None] = []
    rows: list[tuple[str, int, tuple[Line, ...]]] = []
    for place, stage in enumerate(sources):
        rows.append((stage, *_row(stage, place, sources[stage], last_use, lanes)))
    width = FIRST_LANE * 2 + LANE_WIDTH * max(len(lanes) - 1, 0)
    return {stage: Drawn(_x(lane), lines, width) for stage, lane, lines in rows}


def _row(
    stage: str, place: int, sources: Sequence[str], last_use: Mapping[str, int], lanes: list[str | None]
) -> tuple[int, tuple[Line, ...]]:
    """One stage's lane and lines; `lanes`, which stage's rows each lane carries, is brought up to date."""
    into = [at for at, carried in enumerate(lanes) if carried in sources]
    for at in into:
        if last_use[str(lanes[at])] == place:
            lanes[at] = None
    lane = _free_lane(lanes, into)
    passing = [at for at, carried in enumerate(lanes) if carried is not None]
    lines = [Line(_x(at), TOP, _x(at), BOTTOM) for at in passing]
    lines += [Line(_x(at), TOP, _x(lane), MIDDLE) for at in into]
    if stage in last_use:
        lines.append(Line(_x(lane), MIDDLE, _x(lane), BOTTOM))
        lanes[lane] = stage
    return lane, tuple(lines)


def _free_lane(lanes: list[str | None], preferred: Sequence[int]) -> int:
    """A lane that ends here if there is one, so that a chain is a straight line."""
    free = [at for at in (*preferred, *range(len(lanes))) if lanes[at] is None]
    if free:
        return free[0]
    lanes.append(None)
    return len(lanes) - 1


def _x(lane: int) -> int:
    return FIRST_LANE + LANE_WIDTH * lane
