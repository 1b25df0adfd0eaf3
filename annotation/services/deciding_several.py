"""One decision on several samples: what it would do to which, and each taken in a transaction of its own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annotation.models import Decision, Sample, User
from annotation.ratings import RatingsRefused
from annotation.services import adjudication, decisions_made, handing, proposing
from annotation.services.adjudication import DecidedAlready, NotReviewable

Action = Decision.Action
AT_MOST = 100
TAKING: dict[str, Callable[..., None]] = {
    Action.ACCEPT: adjudication.accept,
    Action.ESCALATE: adjudication.ask_more,
    Action.EXCLUDE: adjudication.exclude,
}


@dataclass(frozen=True)
class Outlook:
    """What a decision would do: the samples that it can be taken of, with how they stand, and why not of the others."""

    can: list[tuple[Sample, str]]
    cannot: list[tuple[Sample, str]]


@dataclass(frozen=True)
class Told:
    """What became of one sample. `is_decided`: also where the same decision stood already."""

    sample: Sample
    is_decided: bool
    text: str = ""


def outlook(*, action: str, samples: Iterable[Sample]) -> Outlook:
    """What it would do now. Nothing is changed."""
    found = Outlook([], [])
    for sample in samples:
        as_of = decisions_made.seen_now(sample)
        if refusal := adjudication.why_not(sample, action) or _why_not_accepted(sample, action):
            found.cannot.append((sample, refusal))
        else:
            found.can.append((sample, as_of))
    return found


def decide(
    *,
    action: str,
    versions: Mapping[int, str],
    samples: Iterable[Sample],
    by: User,
    note: str,
    cause: str,
    at: datetime,
) -> list[Told]:
    """Take one decision of each sample. `versions`: how each stood when the reviewer was shown what it does.

    A sample that moved meanwhile is refused for itself; the same decision sent twice is told as taken.
    """
    take = TAKING[action]
    said: dict[str, Any] = {"by": by, "note": note, "cause": cause, "at": at}
    return [_decide(take, sample, {**said, "as_of": versions.get(sample.pk, "")}) for sample in samples]


def _decide(take: Callable[..., None], sample: Sample, said: dict[str, Any]) -> Told:
    try:
        take(sample_id=sample.pk, **said)
    except DecidedAlready as already:
        return Told(sample, is_decided=True, text=str(already))
    except (NotReviewable, RatingsRefused) as refusal:
        return Told(sample, is_decided=False, text=str(refusal))
    return Told(sample, is_decided=True)


def _why_not_accepted(sample: Sample, action: str) -> str:
    if action != Action.ACCEPT:
        return ""
    proposed = proposing.proposal(sample, handing.counted_annotations(sample))
    return adjudication.nothing_proposed() if proposed.is_empty else ""
