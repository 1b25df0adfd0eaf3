"""What a simulation found, for people and for machines: a table, JSON, and the points of the picture."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.table import Table

from consensus.cost_quality_picture import Point, picture
from consensus.estimates import Estimate
from consensus.replays.scoring import Measure
from consensus.simulate import Result, Simulation

MEASURES: dict[Measure, str] = {"agreement": "agreement", "absolute_error": "mean absolute error"}
AGAINST = {"gold": "gold", "left_out_people": "people who were kept back"}


def as_json(found: Simulation) -> dict[str, Any]:
    """Everything; an estimate is {"value", "low", "high", "count", "clusters", "undefined"}."""
    return asdict(found)


def table(found: Simulation) -> Table:
    """One row a policy and label rule; in brackets 95 % intervals that draw whole prompts."""
    measures = measures_of(found)
    shown = Table(title=_title(found), title_justify="left", caption="\n".join(_caption(found)), caption_justify="left")
    shown.add_column("policy", overflow="fold")
    shown.add_column("rule")
    names = [MEASURES[measure] for measure in measures]
    beside = [f"better than {found.reference}, points" for _ in measures]
    shares = ["escalated", "contested", *(["unlabelled"] if _some_unlabelled(found) else [])]
    for name in ("labels a sample", *shares, *names, f"labels saved, to {found.reference}", *beside):
        shown.add_column(name, justify="right", overflow="fold")
    rule = ""
    for result in sorted(found.results, key=lambda result: result.rule):
        if rule and result.rule != rule:
            shown.add_section()
        rule = result.rule
        shown.add_row(*_cells(result, measures, with_unlabelled=_some_unlabelled(found)))
    return shown


def pictures(found: Simulation, name: str) -> dict[Measure, str]:
    """An SVG for each measure: labels a sample against quality."""
    return {
        measure: picture(
            list(_points(found, measure)),
            title=f"{name}: what policies cost, and how right they are",
            quality_name=f"{MEASURES[measure]} with {AGAINST[found.against]}"
            if measure == "agreement"
            else f"{MEASURES[measure]} from {AGAINST[found.against]}",
            smaller_is_better=measure == "absolute_error",
        )
        for measure in measures_of(found)
    }


def measures_of(found: Simulation) -> list[Measure]:
    return [measure for measure in MEASURES if any(measure in result.quality for result in found.results)]


def _points(found: Simulation, measure: Measure) -> Iterator[Point]:
    for result in found.results:
        quality = result.quality.get(measure)
        if quality is not None and quality.value is not None and result.labels.value is not None:
            yield Point(
                result.policy,
                result.rule,
                result.labels.value,
                quality.value,
                quality.low,
                quality.high,
                result.is_baseline,
            )


def _some_unlabelled(found: Simulation) -> bool:
    return any(result.unlabelled.value for result in found.results)


def _cells(result: Result, measures: list[Measure], *, with_unlabelled: bool) -> Iterator[str]:
    yield result.policy
    yield result.rule
    yield _number(result.labels, "{:.2f}")
    yield _number(result.escalated, "{:.1%}")
    yield _number(result.contested, "{:.1%}")
    if with_unlabelled:
        yield _number(result.unlabelled, "{:.1%}")
    for measure in measures:
        yield _with_interval(result.quality.get(measure), "{:.1%}" if measure == "agreement" else "{:.3f}")
    gain = result.gain
    yield _with_interval(gain.labels_saved if gain else None, "{:.1%}")
    for measure in measures:
        yield _with_interval(gain.quality.get(measure) if gain else None, "{:+.2f}")


def _number(estimate: Estimate, style: str) -> str:
    return "-" if estimate.value is None else style.format(estimate.value)


def _with_interval(estimate: Estimate | None, style: str) -> str:
    if estimate is None or estimate.value is None:
        return "-"
    value = style.format(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ({style.format(estimate.low)} to {style.format(estimate.high)})"


def _title(found: Simulation) -> str:
    orders = "in the recorded order" if found.ordered else "in random orders"
    return (
        f"{found.samples} samples of {found.prompts} prompts, {found.people} people, replayed {found.draws} times {orders}; "
        f"compared with {AGAINST[found.against]}"
    )


def _with_brackets(result: Result) -> Iterator[Estimate]:
    """What the table shows with an interval, where it has one."""
    yield from result.quality.values()
    if result.gain:
        yield from (result.gain.labels_saved, *result.gain.quality.values())


def _caption(found: Simulation) -> Iterator[str]:
    if any(estimate.low is not None for result in found.results for estimate in _with_brackets(result)):
        yield "In brackets: 95 % intervals that draw whole prompts."
    yield "Points are of a hundred; of an error, of the scale's span."
    yield from found.notes
