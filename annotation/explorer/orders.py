"""Do one thing to many samples: what it would do is told before, each is done in a transaction of its own, and all is written down.

An order keeps the ids as they were found when it was given. The row says how far it has come, so that whoever is killed in
the middle is followed by the next.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from annotation.explorer import finding
from annotation.explorer.filters import Filters, asked
from annotation.models import Annotator, Membership, Project, ProjectEvent, Sample, SampleOrder, User
from annotation.services import adjudication, offering, people, priorities, speaking
from annotation.services.adjudication import NotReviewable
from annotation.services.alone import ORDERING, alone
from annotation.services.retrying import in_one_transaction

Kind = SampleOrder.Kind
State = Sample.State
AT_ONCE = 200  # samples that are done while somebody waits
AT_MOST = 100_000  # of one order
AT_MOST_OF_A_REVIEWER = 1_000  # beyond that it is a decision about the project
SEARCH_MS = 20_000  # of finding all that match
UNDECIDED = (State.OPEN, State.ESCALATED)
ASKED, DONE = "sample_order_given", "sample_order_done"
# Why a sample is left as it is.
NOT_WORK, DECIDED, SAME, NO_SLOT, NOBODY, EXCLUDED, NOT_EXCLUDED, MOVED = (
    *("not_work", "decided", "same_priority", "no_slot", "nobody", "excluded_already", "not_excluded", "moved"),
)


class OrderRefused(ValueError):
    """This cannot be ordered; the message says why."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants done. details: `priority`, or `people` (ids of annotators)."""

    kind: str
    samples: Sequence[int]
    details: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    query: str = ""


@dataclass(frozen=True)
class Outlook:
    """What it would do now: how many samples it would change, and why not the others."""

    can: int
    cannot: dict[str, int]

    @property
    def total(self) -> int:
        return self.can + sum(self.cannot.values())


def all_that_fit(project: Project, filters: Filters) -> list[int]:
    """The ids of everything that a filter finds, ascending. Raises TooWide, and OrderRefused when there are too many."""
    ids = finding.page(project, asked(project, filters), order="id", size=AT_MOST, limit_ms=SEARCH_MS)
    if ids.after:
        said = _("The filter finds more than %(most)s samples, which is as many as one order takes. Narrow it.")
        raise OrderRefused(said % {"most": f"{AT_MOST:,}"})
    return ids.ids


def outlook(project: Project, wish: Wish) -> Outlook:
    """A look at every sample of the wish, and nothing done."""
    fates = Counter(_why_not(sample, wish) for sample in _looked_at(project, wish))
    if wish.kind == Kind.SEND:
        fates = _with_nobody(project, wish, fates)
    can = fates.pop("", 0)
    return Outlook(can, dict(fates.most_common()))


def give(*, project: Project, wish: Wish, by: User, at: datetime) -> SampleOrder:
    """Write the order down. A small one is done when this returns; beat carries out the others.

    Raises OrderRefused when nothing would be done or when it is too much for a reviewer, and NotAnAdmin when people are to be
    asked by somebody who is none.
    """
    _check(project, wish, by)
    ids = sorted(
        {*wish.samples} & set(Sample.objects.filter(project=project, pk__in=wish.samples).values_list("pk", flat=True))
    )
    if not ids:
        raise OrderRefused(_("No sample was chosen. Mark some, or take all that the filter finds."))
    with transaction.atomic():
        about: dict[str, Any] = {"kind": wish.kind, "query": wish.query, "details": dict(wish.details)}
        order = SampleOrder.objects.create(
            project=project, samples=ids, total=len(ids), reason=wish.reason, by=by, asked_at=at, **about
        )
        _write_down(order, ASKED, at)
    if order.total <= AT_ONCE:
        carry_on(order=order, at=at)
        order.refresh_from_db()
    return order


def why_not_by(user: User, project: Project, wish: Wish) -> str:
    """Why this account may not order so much at once; nothing where it may."""
    many = len(set(wish.samples))
    if many <= AT_MOST_OF_A_REVIEWER or Membership.Role.ADMIN in people.roles_of(project=project, user=user):
        return ""
    said = _(
        "These are %(many)s samples. More than %(most)s at once is for an admin of the project to order. Narrow the "
        "filter, or ask an admin."
    )
    return said % {"many": f"{many:,}", "most": f"{AT_MOST_OF_A_REVIEWER:,}"}


def under_way() -> QuerySet[SampleOrder]:
    """Orders that are not carried out yet (index sample_order_open)."""
    return SampleOrder.objects.filter(finished_at=None).select_related("project", "by").defer("samples").order_by("pk")


def carry_on(
    *, order: SampleOrder, at: datetime, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic
) -> bool:
    """Go on with an order for so long; returns whether it is done. One process at a time does it."""
    begun = clock()
    with alone(ORDERING, order.pk % 2**31) as is_alone:
        if not is_alone:
            return False
        project = Project.objects.get(pk=order.project_id)
        named = _people(project, order.details)
        while clock() - begun < seconds:
            if (sample := _next(order)) is None:
                _finish(order, at)
                return True
            _do_one(order, sample, named, at)
    return False


# --- one sample -------------------------------------------------------------------------------------------------
def _next(order: SampleOrder) -> int | None:
    """The id of the sample that stands next, read from the row alone: a long order is not read for each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT samples[done + 1] FROM annotation_sampleorder WHERE id = %s", [order.pk])
        return cursor.fetchone()[0]


@in_one_transaction
def _do_one(order: SampleOrder, sample_id: int, named: Sequence[Annotator], at: datetime) -> None:
    """What is done to the sample and that it was done are committed together."""
    refusal = _done_or_why_not(order, sample_id, named, at)
    locked = SampleOrder.objects.select_for_update().only("refusals").get(pk=order.pk)
    refusals = dict(locked.refusals)
    if refusal:
        refusals[refusal] = refusals.get(refusal, 0) + 1
    SampleOrder.objects.filter(pk=order.pk).update(
        done=F("done") + 1, changed=F("changed") + int(not refusal), refusals=refusals
    )


def _done_or_why_not(order: SampleOrder, sample_id: int, named: Sequence[Annotator], at: datetime) -> str:
    """Nothing when the order was carried out on the sample, else the word for why not."""
    try:
        with transaction.atomic(), speaking.for_the_record():
            sample = _locked(sample_id)
            refusal = _why_not(sample, Wish(order.kind, [], order.details)) if sample else MOVED
            return refusal or _do(order, sample, named, at)  # type: ignore[arg-type]
    except NotReviewable:
        return MOVED


def _locked(sample_id: int) -> Sample | None:
    samples = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project", "requirement")
    return samples.filter(pk=sample_id).first()


def _do(order: SampleOrder, sample: Sample, named: Sequence[Annotator], at: datetime) -> str:
    by: Any = order.by
    said: dict[str, Any] = {"sample_id": sample.pk, "by": by, "note": order.reason, "at": at}
    match order.kind:
        case Kind.PRIORITISE:
            priorities.set_priority(sample=sample, priority=order.details["priority"], by=by, at=at)
        case Kind.SEND:
            return "" if offering.offer(sample=sample, people=named, at=at) else NOBODY
        case Kind.EXCLUDE:
            adjudication.exclude(cause=order.details.get("cause", ""), **said)
        case Kind.TAKE_BACK:
            adjudication.reopen(**said)
    return ""


def _finish(order: SampleOrder, at: datetime) -> None:
    with transaction.atomic():
        if SampleOrder.objects.filter(pk=order.pk, finished_at=None).update(finished_at=at):
            order.refresh_from_db()
            _write_down(order, DONE, at)


# --- what is possible -------------------------------------------------------------------------------------------
def _looked_at(project: Project, wish: Wish) -> QuerySet[Sample]:
    columns = ("pk", "purpose", "state", "priority", "open_slots")
    return Sample.objects.filter(project=project, pk__in=wish.samples).only(*columns)


def _why_not(sample: Sample, wish: Wish) -> str:
    """What the sample's row alone says against it; nothing when it may be done."""
    if sample.purpose != Sample.Purpose.WORK:
        return NOT_WORK
    match wish.kind:
        case Kind.EXCLUDE:
            return EXCLUDED if sample.state == State.EXCLUDED else ""
        case Kind.TAKE_BACK:
            return "" if sample.state == State.EXCLUDED else NOT_EXCLUDED
        case Kind.PRIORITISE if sample.priority == wish.details.get("priority"):
            return SAME
        case Kind.SEND if sample.state in UNDECIDED and not sample.open_slots:
            return NO_SLOT
    return "" if sample.state in UNDECIDED else DECIDED


def _with_nobody(project: Project, wish: Wish, fates: Counter[str]) -> Counter[str]:
    """Of those that could be sent, how many none of the named people may have."""
    named = [person for person in _people(project, wish.details) if offering.may_work(person)]
    can = _looked_at(project, wish).filter(purpose=Sample.Purpose.WORK, state__in=UNDECIDED, open_slots__gt=0)
    somebody = Q(pk__in=[])
    for person in named:
        had = person.assignments.exclude(state__in=("expired", "released")).values("sample_id")
        fits = Q(requirement=None) | Q(requirement__skills__contained_by=person.skills)
        somebody |= fits & ~Q(pk__in=had)
    reached = can.filter(somebody).count()
    return fates + Counter({NOBODY: fates[""] - reached}) - Counter({"": fates[""] - reached})


def _people(project: Project, details: Mapping[str, Any]) -> list[Annotator]:
    return list(Annotator.objects.filter(project=project, pk__in=details.get("people", [])).order_by("pk"))


def _check(project: Project, wish: Wish, by: User) -> None:
    if wish.kind not in Kind.values:
        raise OrderRefused(_("%(kind)r cannot be ordered.") % {"kind": wish.kind})
    if refusal := why_not_by(by, project, wish):
        raise OrderRefused(refusal)
    if wish.kind in (Kind.EXCLUDE, Kind.TAKE_BACK) and not wish.reason.strip():
        raise OrderRefused(_("Write the reason: it stands in the history of every sample."))
    if wish.kind == Kind.PRIORITISE and not isinstance(wish.details.get("priority"), int):
        raise OrderRefused(_("Write the priority as a whole number; 0 is the usual one."))
    if wish.kind == Kind.PRIORITISE and abs(wish.details["priority"]) > priorities.HIGHEST:
        raise OrderRefused(
            _("Priority %(priority)s is not from -%(most)s to %(most)s.")
            % {"priority": wish.details["priority"], "most": priorities.HIGHEST}
        )
    if wish.kind == Kind.SEND:
        people.require_admin(project=project, user=by)
        if not _people(project, wish.details):
            raise OrderRefused(_("Name at least one person of this project."))


def _write_down(order: SampleOrder, kind: str, at: datetime) -> None:
    """The audit trail of the project: what was ordered, and what came of it."""
    what = {Kind.PRIORITISE: f" {order.details.get('priority')}", Kind.SEND: f" {_names(order)}"}.get(
        Kind(order.kind), ""
    )
    left = ", ".join(f"{count} {why.replace('_', ' ')}" for why, count in sorted(order.refusals.items()))
    came = f" Changed {order.changed}{f'; left: {left}' if left else ''}." if kind == DONE else ""
    filtered = f" Filter: {order.query}." if order.query else ""
    text = f"Order {order.pk}: {order.kind}{what} on {order.total} samples.{filtered} {order.reason}{came}"
    ProjectEvent.objects.create(project=order.project, kind=kind, text=" ".join(text.split()), actor=order.by, at=at)


def _names(order: SampleOrder) -> str:
    return ", ".join(person.external_id for person in _people(order.project, order.details))
