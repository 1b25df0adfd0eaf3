"""A picture of what policies cost and how right they are: SVG, text in and out, no library.

Labels a sample go to the right, quality upwards (errors are turned over, so that up is always better). Every setting is a mark
with its interval; the baselines of one label rule are joined by a line. Colours follow the reader's light or dark mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

PLOT_WIDTH, HEIGHT = 560, 520
LEFT, TOP, BOTTOM = 74, 48, 56
PLOT_RIGHT = LEFT + PLOT_WIDTH
NAMES_AT = PLOT_RIGHT + 58
LINE_HEIGHT, LETTER_WIDTH = 17, 7.6  # of the widest letters that names have, on average
SERIES_APART = 5  # so that intervals of two label rules at one cost stand side by side
COLOURS = ("c1", "c2", "c3", "c4", "c5", "c6")
MARKS = ("circle", "square", "diamond", "triangle")
STYLE = """
svg { color-scheme: light dark; background: light-dark(#ffffff, #16181d); font: 13px system-ui, sans-serif; }
text { fill: light-dark(#1c1e21, #e6e8eb); }
.quiet { fill: light-dark(#5a6068, #a3a9b3); }
.axis, .tick { stroke: light-dark(#c9cdd3, #3b4048); stroke-width: 1; }
.leader { stroke: light-dark(#9aa0a8, #6b7280); stroke-width: .75; fill: none; }
.c1 { --c: light-dark(#0b62c4, #7db4ff); } .c2 { --c: light-dark(#b03a00, #ffa36b); } .c3 { --c: light-dark(#0f7a4d, #5fd3a0); }
.c4 { --c: light-dark(#7b3fb3, #c9a1f5); } .c5 { --c: light-dark(#9a6b00, #e6c15c); } .c6 { --c: light-dark(#a8286b, #f593c4); }
.mark { fill: var(--c); } .interval { stroke: var(--c); stroke-width: 2; } .baseline { stroke: var(--c); stroke-width: 1.5; fill: none; opacity: .6; }
"""


@dataclass(frozen=True)
class Point:
    """One setting. name: what stands beside it. series: its label rule. cost: labels a sample. quality, low, high: in the
    unit of the axis. is_baseline: joined with the others of its series."""

    name: str
    series: str
    cost: float
    quality: float
    low: float | None = None
    high: float | None = None
    is_baseline: bool = False


def picture(points: Sequence[Point], *, title: str, quality_name: str, smaller_is_better: bool = False) -> str:
    """The SVG of the points. Its words never overlap: names stand in a column to the right, tied to their marks.

    Returns: text of an SVG file. A label rule has a colour and a shape of its own, so it is not told by colour alone.
    """
    series = list(dict.fromkeys(point.series for point in points))
    styles = {
        name: _Style(COLOURS[at % len(COLOURS)], MARKS[at % len(MARKS)], (at - (len(series) - 1) / 2) * SERIES_APART)
        for at, name in enumerate(series)
    }
    names = list(_names(points, series))
    height = max(HEIGHT, TOP + BOTTOM + LINE_HEIGHT * len(names))
    width = (
        NAMES_AT + int(LETTER_WIDTH * max((len(name.text) + len(name.point.series) for name in names), default=0)) + 16
    )
    frame = _Frame.around(points, height, upside_down=smaller_is_better)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<text x="{LEFT}" y="26" font-size="16" font-weight="600">{escape(title)}</text>',
        *_axes(frame, quality_name + (" (up is better)" if smaller_is_better else "")),
    ]
    for name in series:
        lines += _baseline(
            frame, [point for point in points if point.series == name and point.is_baseline], styles[name]
        )
    for point in points:
        lines += _mark(frame, point, styles[point.series])
    return "\n".join([*lines, *_column(frame, names, styles), "</svg>", ""])


@dataclass(frozen=True)
class _Style:
    """How the points of one label rule are drawn. aside: how far to the right of their cost."""

    colour: str
    shape: str
    aside: float


@dataclass(frozen=True)
class _Name:
    """A name in the column, and the point that it is tied to."""

    text: str
    point: Point


@dataclass(frozen=True)
class _Frame:
    """Where numbers stand on the page."""

    cost: tuple[float, float]
    quality: tuple[float, float]
    upside_down: bool
    height: int

    @classmethod
    def around(cls, points: Sequence[Point], height: int, *, upside_down: bool) -> _Frame:
        costs = [point.cost for point in points] or [0.0]
        ends = [end for point in points for end in (point.quality, point.low, point.high) if end is not None] or [0.0]
        return cls(_wide(costs), _wide(ends), upside_down, height)

    def x(self, cost: float) -> float:
        low, high = self.cost
        return LEFT + (cost - low) / (high - low) * PLOT_WIDTH

    def y(self, quality: float) -> float:
        low, high = self.quality
        share = (quality - low) / (high - low)
        return TOP + (share if self.upside_down else 1 - share) * (self.height - TOP - BOTTOM)


def _wide(numbers: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis, a little beyond the numbers."""
    low, high = min(numbers), max(numbers)
    room = (high - low) * 0.06 or 0.5
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between the ends, four to eight of them."""
    step = next(
        size * 10**power for power in range(-6, 7) for size in (1, 2, 5) if (high - low) / (size * 10.0**power) <= 8
    )
    first = int(low / step) - 1
    return [step * place for place in range(first, first + 12) if low <= step * place <= high]


def _axes(frame: _Frame, quality_name: str) -> Iterator[str]:
    bottom, right = frame.height - BOTTOM, PLOT_RIGHT
    yield f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}" fill="none"/>'
    for cost in _ticks(*frame.cost):
        x = frame.x(cost)
        yield f'<text class="quiet" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{cost:g}</text>'
    for quality in _ticks(*frame.quality):
        y = frame.y(quality)
        yield f'<path class="tick" d="M{LEFT} {y:.1f}H{right}" stroke-dasharray="2 4"/>'
        yield f'<text class="quiet" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{quality:.4g}</text>'
    yield f'<text x="{(LEFT + right) / 2}" y="{bottom + 40}" text-anchor="middle">labels a sample</text>'
    yield (
        f'<text transform="translate(20 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{escape(quality_name)}</text>'
    )


def _baseline(frame: _Frame, points: Sequence[Point], style: _Style) -> Iterator[str]:
    if len(points) >= 2:
        ordered = sorted(points, key=lambda point: point.cost)
        path = "L".join(f"{frame.x(point.cost) + style.aside:.1f} {frame.y(point.quality):.1f}" for point in ordered)
        yield f'<path class="baseline {style.colour}" d="M{path}"/>'


def _mark(frame: _Frame, point: Point, style: _Style) -> Iterator[str]:
    x, y = frame.x(point.cost) + style.aside, frame.y(point.quality)
    if point.low is not None and point.high is not None:
        ends = f"M{x:.1f} {frame.y(point.low):.1f}V{frame.y(point.high):.1f}"
        yield f'<path class="interval {style.colour}" d="{ends}" opacity=".45"/>'
    about = escape(f"{point.name}, {point.series}: {point.cost:.2f} labels a sample, {point.quality:.4g}")
    outline = _outline(style.shape, x, y, 3.5 if point.is_baseline else 6)
    yield f'<path class="mark {style.colour}" d="{outline}"><title>{about}</title></path>'


def _outline(shape: str, x: float, y: float, size: float) -> str:
    corners: dict[str, list[tuple[float, float]]] = {
        "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        "diamond": [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
        "triangle": [(0, -1.3), (1.2, 0.9), (-1.2, 0.9)],
    }
    if shape == "circle":
        return f"M{x - size:.1f} {y:.1f}a{size} {size} 0 1 0 {2 * size} 0a{size} {size} 0 1 0 {-2 * size} 0Z"
    return "M" + "L".join(f"{x + size * right:.1f} {y + size * down:.1f}" for right, down in corners[shape]) + "Z"


def _names(points: Sequence[Point], series: Sequence[str]) -> Iterator[_Name]:
    """One for every setting, and one for all baselines of a label rule together, tied to the dearest."""
    yield from (_Name(point.name, point) for point in points if not point.is_baseline)
    for name in series:
        baselines = sorted((p for p in points if p.series == name and p.is_baseline), key=lambda point: point.cost)
        if len(baselines) == 1:
            yield _Name(baselines[0].name, baselines[0])
        elif baselines:
            yield _Name(f"{baselines[0].name} ... {baselines[-1].name}", baselines[-1])


def _column(frame: _Frame, names: Sequence[_Name], styles: Mapping[str, _Style]) -> Iterator[str]:
    """The names in the order of their marks from top to bottom, each with its mark again and tied to it by a thin line."""
    ordered = sorted(names, key=lambda name: (frame.y(name.point.quality), -name.point.cost))
    lines = _apart([frame.y(name.point.quality) for name in ordered], TOP + 4, frame.height - BOTTOM)
    for name, line in zip(ordered, lines, strict=True):
        style = styles[name.point.series]
        x, y = frame.x(name.point.cost) + style.aside, frame.y(name.point.quality)
        yield f'<path class="leader" d="M{x + 8:.1f} {y:.1f}L{PLOT_RIGHT + 24} {line:.1f}H{NAMES_AT - 20}" opacity=".6"/>'
        yield f'<path class="mark {style.colour}" d="{_outline(style.shape, NAMES_AT - 12, line, 4)}"/>'
        words = f'{escape(name.text)} <tspan class="quiet">{escape(name.point.series)}</tspan>'
        yield f'<text x="{NAMES_AT}" y="{line + 4:.1f}">{words}</text>'


def _apart(wanted: Sequence[float], top: float, bottom: float) -> list[float]:
    """Ascending places, each as near to the wanted one as a line's height between neighbours allows."""
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + LINE_HEIGHT if places else top))
    limit = bottom
    for at in reversed(range(len(places))):
        places[at] = min(places[at], limit)
        limit = places[at] - LINE_HEIGHT
    return places
