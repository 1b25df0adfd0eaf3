"""Second looks: which annotation a reviewer reads next, what they say of it, and what share of all would come back.

Who looks sees the sample and what one person said: no other person, no judge, and not who it was. Nobody looks at their own.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import Annotator, Assignment, Project, SecondLook, User
from annotation.services.people import written
from consensus.estimates import Estimate
from consensus.found_share import Stratum, found_share

State, Why = SecondLook.State, SecondLook.Why
NEXT_ONES = 20  # of the oldest that wait: reviewers at work at the same time begin at different ones
DECIDED = (State.ACCEPTED, State.RETURNED, State.REVISED)
SENT_BACK = (State.RETURNED, State.REVISED)


class LookRefused(Exception):
    """This look cannot be taken so; the message says why."""


# --- which one --------------------------------------------------------------------------------------------------
def waiting(project: Project, *, besides: User | None = None) -> QuerySet[SecondLook]:
    """What waits, the oldest first (index second_look_waiting); `besides`: without what this account wrote itself."""
    looks = SecondLook.objects.filter(
        project=project,
        state=State.WAITING,
        annotation__is_current=True,
        annotation__assignment__state=Assignment.State.SUBMITTED,
    )
    if besides is not None:
        looks = looks.exclude(annotator__in=Annotator.objects.filter(project=project, user=besides))
    return looks.order_by("pk")


def next_for(project: Project, reviewer: User) -> SecondLook | None:
    """One of the oldest that wait; another reviewer who asks at the same moment is most likely given another one."""
    oldest = waiting(project, besides=reviewer).values_list("pk", flat=True)[:NEXT_ONES]
    chosen = min(oldest, key=lambda pk: hashlib.sha256(f"{reviewer.pk}.{pk}".encode()).digest(), default=None)
    return None if chosen is None else SecondLook.objects.get(pk=chosen)


# --- what is said of it -----------------------------------------------------------------------------------------
def accept(*, look: SecondLook, by: User, at: datetime) -> None:
    """It stands. Raises LookRefused."""
    _decide(look, by, at, state=State.ACCEPTED, word="")


def send_back(*, look: SecondLook, by: User, word: str, at: datetime) -> None:
    """The person is asked to look at it again, and reads the word; it counts until they revise it.

    Raises LookRefused, ReasonMissing.
    """
    word = written(word, _("Write what is to be looked at again: the person reads it."))
    _decide(look, by, at, state=State.RETURNED, word=word)


def _decide(look: SecondLook, by: User, at: datetime, *, state: str, word: str) -> None:
    """Whoever decided may change their mind until the person has revised it."""
    if look.annotator.user_id == by.pk:
        raise LookRefused(_("This is your own annotation. Somebody else takes the second look."))
    if look.annotation.assignment.state != Assignment.State.SUBMITTED:
        raise LookRefused(_("This annotation was set aside and counts no more, so there is nothing to decide."))
    mine = Q(state=State.WAITING) | Q(state__in=[State.ACCEPTED, State.RETURNED], reviewer=by)
    changed = SecondLook.objects.filter(mine, pk=look.pk).update(
        state=state,
        word=word,
        reviewer=by,
        reviewer_name=by.get_full_name() or by.get_username(),
        decided_at=at,
        read_at=None,
    )
    if not changed:
        raise LookRefused(_already(SecondLook.objects.get(pk=look.pk)))


def _already(look: SecondLook) -> str:
    if look.state == State.REVISED:
        return _("The person has revised it already, so what was decided stands.")
    return _("%(name)s has looked at it already. What you chose was not stored.") % {"name": look.reviewer_name}


# --- what was found ---------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Found:
    """What second looks have shown. rate: the share of all annotations that would come back, with its interval.

    drawn, looked, returned: counts without what was revised. by_why: the same of what was drawn at random, and of first ones.
    """

    rate: Estimate
    drawn: int
    looked: int
    returned: int
    by_why: Mapping[str, "Found"]


@dataclass(frozen=True)
class _Group:
    annotator_id: int
    why: str
    probability: float
    drawn: int
    looked: int
    returned: int


def error_rate(project: Project, annotator: Annotator | None = None) -> Estimate:
    """The share of annotations (of one person's, if given) that a second look would return, with a 95 % interval.

    What is always drawn counts no more than its share of all annotations. Undefined, in words, before the first look.
    """
    return found(project, annotator).rate


def found(project: Project, annotator: Annotator | None = None) -> Found:
    return _found(_groups(project, annotator))


def found_by_person(project: Project) -> dict[int, Found]:
    """The same of everybody of whose annotations any was drawn, by annotator id."""
    by_person: dict[int, list[_Group]] = defaultdict(list)
    for group in _groups(project, None):
        by_person[group.annotator_id].append(group)
    return {person: _found(groups) for person, groups in by_person.items()}


def _groups(project: Project, annotator: Annotator | None) -> list[_Group]:
    """A row a person, reason and probability, counted from the index second_look_found."""
    looks = SecondLook.objects.filter(project=project).exclude(why=Why.AGAIN)
    if annotator is not None:
        looks = looks.filter(annotator=annotator)
    counted = looks.order_by().values_list("annotator_id", "why", "probability")
    rows = counted.annotate(  # of states, which the index has: then the table itself is not read
        drawn=Count("state"),
        looked=Count("state", filter=Q(state__in=DECIDED)),
        returned=Count("state", filter=Q(state__in=SENT_BACK)),
    )
    return [_Group(*row) for row in rows]


def _found(groups: Iterable[_Group]) -> Found:
    groups = list(groups)
    by_why = {
        str(why.value): _summed([group for group in groups if group.why == why])
        for why in (Why.RANDOM, Why.FIRST_ONES)
        if any(group.why == why for group in groups)
    }
    return _summed(groups, by_why)


def _summed(groups: list[_Group], by_why: Mapping[str, Found] | None = None) -> Found:
    strata: dict[tuple[str, float], list[_Group]] = defaultdict(list)
    for group in groups:
        strata[group.why, group.probability].append(group)
    rate = found_share([Stratum(probability, *_sums(of)) for (_why, probability), of in sorted(strata.items())])
    return Found(rate, *_sums(groups), by_why=by_why or {})


def _sums(groups: list[_Group]) -> tuple[int, int, int]:
    return (
        sum(group.drawn for group in groups),
        sum(group.looked for group in groups),
        sum(group.returned for group in groups),
    )
