"""One chart of each kind for /styleguide/. Every number is made up."""

from datetime import date, timedelta

from annotation.review.charts import kinds as charts
from annotation.review.charts.kinds import Chart, Dot, Mark, Row
from consensus.estimates import Estimate

MADE_UP = "Made-up numbers."
LEVELS = ("0: no use", "1: a little", "2: partly, with something that is wrong", "3: mostly", "4: completely")
WEEKS = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(9)]


def examples() -> list[Chart]:
    """Each kind, then what is shown where there is little to show."""
    return [
        _bars(),
        _stacked(),
        _standing(),
        _course(),
        _two_courses(),
        _intervals(),
        _heat(),
        _dots(),
        _histogram(),
        *_little(),
    ]


def _bars() -> Chart:
    counts = {"Ratings": [31, 74, 160, 412, 238]}
    return charts.bars("Levels of helpfulness", LEVELS, counts, heading="Level", caption=MADE_UP)


def _stacked() -> Chart:
    shares: dict[str, list[charts.Value]] = {
        "Ana": [0.04, 0.5, 0.31],
        "Ben": [0.36, 0.2, 0.42],
        "Cleo": [0.6, 0.3, 0.27],
    }
    return charts.bars(
        "Who said what", ("Safe", "Not safe", "Cannot say"), shares, heading="Level", form="share", stacked=True, caption=MADE_UP
    )  # fmt: skip


def _standing() -> Chart:
    counts: dict[str, list[charts.Value]] = {"Before": [12, 30, 58, 20, 9], "After": [6, 22, 71, 41, None]}
    return charts.bars("Before and after", LEVELS, counts, heading="Level", horizontal=False, caption=MADE_UP)


def _course() -> Chart:
    values = (0.41, 0.48, 0.52, None, 0.55, 0.61, 0.66, 0.64, 0.68)
    alphas = [_measured(value, 0.22 / (1 + week / 3)) for week, value in enumerate(values)]
    return charts.lines(
        "Reliability by week", WEEKS, {"alpha": alphas}, heading="Week", span=(-0.2, 1), reference=Mark(0.667, "tentative"),
        marks=[Mark(date(2026, 1, 29), "guideline 2")], caption=f"Alpha with a 95 % interval. {MADE_UP}",
    )  # fmt: skip


def _two_courses() -> Chart:
    series = {"Annotations": [40, 90, 130, 150, 110, 170, 190, 205, 60], "Decided": [0, 12, 30, 41, 38, 52, 60, 66, 19]}
    return charts.lines("A week's work", WEEKS, series, heading="Week", form="count", caption=MADE_UP)


def _intervals() -> Chart:
    rows = [
        Row("People among themselves", Estimate(0.71, 0.66, 0.75, 412, 130), "people"),
        Row("A judge", Estimate(0.48, 0.31, 0.62, 97, 60), "judge"),
        Row("A judge with a rather long name, revision 3", Estimate(0.64, 0.55, 0.72, 180, 71), "judge"),
        Row("A new judge", "too few (6)", "judge"),
    ]
    return charts.intervals(
        "Agreement with people", rows, heading="Who", of="Agreement", span=(-0.2, 1), reference=Mark(0.71, "people"), caption=MADE_UP
    )  # fmt: skip


def _heat() -> Chart:
    counts = [[40, 12, 4, 1, 0], [12, 61, 30, 9, 2], [4, 30, 118, 61, 9], [1, 9, 61, 402, 130], [0, 2, 9, 130, 288]]
    return charts.heat(
        "One person's level, another's level", LEVELS, [str(level) for level in range(5)], counts, heading="One", across="The other",
        caption=f"Pairs of ratings of the same sample; a cell is shaded by its share of the row. {MADE_UP}",
    )  # fmt: skip


def _dots() -> Chart:
    said = (0.1, 0.3, 0.5, 0.7, 0.9)
    points = [Dot(x, Estimate(y, y - 0.06, y + 0.06, 80, 40), group=group) for group, ys in _GROUPS.items() for x, y in zip(said, ys, strict=True)]  # fmt: skip
    return charts.dots(
        "How sure, and how often right", points, x="Said", y="Right", form="share", span=(0, 1), diagonal="as often as it said", caption=MADE_UP
    )  # fmt: skip


_GROUPS = {"As it came": (0.22, 0.31, 0.44, 0.58, 0.71), "Calibrated": (0.12, 0.29, 0.52, 0.71, 0.88)}


def _histogram() -> Chart:
    spread = {0: 211, 1: 305, 2: 96, 3: 22, 4: 5}
    return charts.histogram("How far first rounds lie apart", spread, heading="Range", of="Samples", caption=MADE_UP)


def _little() -> list[Chart]:
    return [
        charts.lines(
            "Too little to draw", WEEKS[:2], {"alpha": [None, "too few (3)"]}, heading="Week", caption=MADE_UP
        ),
        charts.bars("Nothing at all", (), {"Ratings": []}, heading="Level"),
    ]


def _measured(value: float | None, half: float) -> Estimate:
    if value is None:
        return Estimate(None, None, None, 0, 0, "nobody worked")
    return Estimate(value, value - half / 2, value + half / 2, 60, 30)
