"""What judging took, in tokens and money, as far as anybody has told.

Whoever runs judges tells it for all of theirs (`tell_with`). Of judgments that were posted from outside it is read from their
details, under `usage`: `prompt_tokens`, `completion_tokens` and `cost`, each if it is known; looked at are the samples on which
judges are measured.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from annotation.models import Judge, Project
from annotation.services import evidence, judging
from annotation.services.evidence import Evidence

USAGE = "usage"


@dataclass(frozen=True)
class Cost:
    """judgments: those that it covers. money: None where the price of any of them is not known."""

    judgments: int
    prompt_tokens: int
    completion_tokens: int
    money: Decimal | None


Teller = Callable[[Project], Mapping[int, Cost]]
_tellers: list[Teller] = []


def tell_with(teller: Teller) -> None:
    """From now on ask this too: by judge id, what its judgments in a project took."""
    if teller not in _tellers:
        _tellers.append(teller)


def of_project(project: Project, first_rounds: Sequence[Evidence]) -> list[dict[str, Any]]:
    """A row for each enabled judge of which anything is known. from_runs: told of all its judgments, not read from some."""
    told = {judge: cost for teller in _tellers for judge, cost in teller(project).items()}
    rows = []
    for judge in judging.enabled_judges(project):
        cost = told.get(judge.pk) or _in_details(project, judge, first_rounds)
        if cost:
            money = None if cost.money is None else str(cost.money)
            rows.append(
                {
                    "judge": judge.name,
                    "digest": judge.digest,
                    **asdict(cost),
                    "money": money,
                    "from_runs": judge.pk in told,
                }
            )
    return rows  # fmt: skip


def _in_details(project: Project, judge: Judge, measured: Sequence[Evidence]) -> Cost | None:
    samples = list({sample for of in measured for sample, _ in of.keys})
    said = evidence.judgments(project, judge).filter(sample__in=samples, details__has_key=USAGE)
    usages = [of for of in said.values_list(f"details__{USAGE}", flat=True) if isinstance(of, dict)]
    if not usages:
        return None
    prices = [_number(of.get("cost")) for of in usages]
    money = None if None in prices else sum((Decimal(str(price)) for price in prices), Decimal(0))
    return Cost(len(usages), _sum(usages, "prompt_tokens"), _sum(usages, "completion_tokens"), money)


def _sum(usages: Iterable[Mapping[str, Any]], name: str) -> int:
    return int(sum(_number(of.get(name)) or 0 for of in usages))


def _number(value: Any) -> float | None:
    """What a producer posted, where it is a number that can be one of these; anything else is not told."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e12 else None
