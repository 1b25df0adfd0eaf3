"""Hand out work: one claim is one short transaction on one sample.

The returned lane first, then the fresh one, each from where this person stopped and past locked rows, so that a crowd
spreads without waiting; then one exact pass that waits for locked rows, because a sample that is locked for a moment is not
"nothing left". docs/claiming.md has the statements, their plans and what each guards.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from annotation import querysets
from annotation.models import Annotator, Assignment, Project, Sample
from annotation.services import handing, leases, training
from annotation.services.entitled import (
    NotClaimable,
    not_qualified,
    refuse_if_at_cap,
    refuse_if_held_back,
    refuse_if_paused,
    refuse_if_unqualified,
)
from annotation.services.retrying import in_one_transaction
from annotation.statements import claiming as statements
from annotation.statements.running import row, rows

_chance = random.SystemRandom()


def claim_next(*, annotator: Annotator, at: datetime) -> Assignment | None:
    """Give the annotator one sample to judge, or None when nothing is left for them.

    A reload resumes: while a lease is held it is renewed and returned, and no second sample is claimed. Before "nothing
    left", leases whose time is up are given back, also when beat has not come round yet.
    Raises NotClaimable when the person or the project is paused, held back, not qualified or at the cap.
    """
    claimed = _claim_next(annotator=annotator, at=at)
    if claimed is None and leases.expire(at=at, project=annotator.project):
        claimed = _claim_next(annotator=annotator, at=at)
    return claimed


def claim_ahead(*, annotator: Annotator, at: datetime) -> Assignment | None:
    """Give the annotator the sample after the one in hand, so that it can be rendered before it is asked for.

    Asking again returns it, and renews both. The one in hand stands first from then on, whichever of the two it was, so
    that a reload resumes what the person is at. Nothing in hand: it is a claim like any other. None also for somebody in
    training or in the test, where what comes next may rest on the answer. Raises NotClaimable as `claim_next` does.
    """
    claimed = _claim_ahead(annotator=annotator, at=at)
    if claimed is None and leases.expire(at=at, project=annotator.project):
        claimed = _claim_ahead(annotator=annotator, at=at)
    return claimed


@in_one_transaction
def _claim_next(*, annotator: Annotator, at: datetime) -> Assignment | None:
    person = _looked_at(annotator)
    refuse_if_paused(person, annotator)
    until = at + timedelta(minutes=person.lease_minutes)
    if person.held and (resumed := row(statements.RESUME, assignment=person.held, until=until)):
        return handing.assignment_from(resumed, annotator, _project(person), until)
    return _new_lease(person, annotator, at, until)


@in_one_transaction
def _claim_ahead(*, annotator: Annotator, at: datetime) -> Assignment | None:
    person = _looked_at(annotator)
    refuse_if_paused(person, annotator)
    until = at + timedelta(minutes=person.lease_minutes)
    if person.held and not _may_look_ahead(person):
        return None
    mine = {"annotator": annotator.pk, "until": until}
    # Twice: while the first waited, the one that stood first was submitted in another request.
    in_hand = row(statements.STAND_FIRST, **mine) or row(statements.STAND_FIRST, **mine)
    if in_hand and (resumed := row(statements.RESUME_AHEAD, **mine)):
        return handing.assignment_from(resumed, annotator, _project(person), until)
    return _new_lease(person, annotator, at, until, place=1 if in_hand else 0)


def _looked_at(annotator: Annotator) -> Any:
    """The person under their lock. With a cap they are looked at twice: what counts towards it must not be older than the lock."""
    person = row(statements.LOOK, annotator=annotator.pk)
    return person if person.cap is None else row(statements.LOOK, annotator=annotator.pk)


def _may_look_ahead(person: Any) -> Any:
    """Whether what comes next is the same whatever this person answers now."""
    return person.is_qualified and not person.trains


def _new_lease(
    person: Any, annotator: Annotator, at: datetime, until: datetime, *, place: int = 0
) -> Assignment | None:
    refuse_if_held_back(person, annotator, at)
    refuse_if_at_cap(person, annotator)
    taken = _taken(person, annotator, _lease(person, annotator, at, until, place=place))
    return handing.assignment_from(taken, annotator, _project(person), until) if taken else None


def _taken(person: Any, annotator: Annotator, lease: dict[str, Any]) -> Any:
    """The row of a new lease, or None when nothing is left for this person, locked or not."""
    if person.trains and (training_sample := _training(lease)):
        return training_sample
    if not person.is_qualified:
        return _next_of_the_test(person, annotator, lease)
    if person.gold_rate and _chance.random() < person.gold_rate and (gold := _gold(person, lease)):
        return gold
    return (
        _offered(person, lease)
        or _returned(person, lease)
        or _gold_again(person, lease)
        or _fresh(person, lease)
        or _exactly(person, lease)
    )


def _lease(person: Any, annotator: Annotator, at: datetime, until: datetime, *, place: int = 0) -> dict[str, Any]:
    """What every TAKE is told: for whom, and what the lease will be."""
    return {
        "annotator": annotator.pk,
        "project": person.project_id,
        "requirements": person.requirements or [0],
        "weight": person.weight,
        "at": at,
        "until": until,
        "place": place,
        "shuffles": person.shuffles_responses,
    }


def _offered(person: Any, lease: dict[str, Any]) -> Any:
    """What was offered to this person before others (services.offering), each looked at once."""
    if person.last_offer is None:
        return None
    taken = row(statements.TAKE_OFFERED, **lease)
    passed = {"sample": taken.sample_id if taken else None, "cursor": person.last_offer}
    rows(statements.FORGET_OFFERS, annotator=lease["annotator"], **passed)
    return taken


def _returned(person: Any, lease: dict[str, Any]) -> Any:
    """Escalated, given back, re-prioritised. What is not for this person is passed once and for all."""
    if not person.anything_returned:
        return None
    cursor = person.returned_cursor
    if taken := row(statements.TAKE_RETURNED, cursor=cursor, **lease):
        return taken
    known = {name: lease[name] for name in ("annotator", "project", "requirements", "weight", "at")}
    rows(statements.PASS_RETURNED, cursor=cursor, **known)
    return None


def _fresh(person: Any, lease: dict[str, Any]) -> Any:
    return row(statements.TAKE_FRESH, cursor=person.fresh_cursor, **lease)


def _exactly(person: Any, lease: dict[str, Any]) -> Any:
    """The exact pass; what it finds nothing below is remembered, so that asking again costs what is new since."""
    if taken := row(statements.TAKE_EXACTLY, nothing_before=person.nothing_before, **lease):
        return taken
    rows(statements.NOTHING_LEFT, annotator=lease["annotator"], horizon=person.horizon)
    return None


def _gold(person: Any, lease: dict[str, Any]) -> Any:
    """The next gold sample, going round. Everybody begins at a random place: who took a test cannot tell others theirs."""
    known = {name: value for name, value in lease.items() if name != "weight"}
    begun = person.gold_cursor >= 0
    cursor = person.gold_cursor if begun else _chance.randrange(Sample.RANKS_OF_A_DRAW)
    return row(statements.TAKE_GOLD, cursor=cursor, **known) or row(statements.TAKE_GOLD, cursor=-1, **known)


def _gold_again(person: Any, lease: dict[str, Any]) -> Any:
    """Gold that they gave back, where work that was given back comes again: nobody tells the two apart by it."""
    if not person.gold_returned:
        return None
    known = {name: lease[name] for name in ("annotator", "requirements", "at", "until", "place", "shuffles")}
    return row(statements.TAKE_GOLD_AGAIN, **known)


def _training(lease: dict[str, Any]) -> Any:
    """The next training sample; when none is left for this person, training is over."""
    known = {name: lease[name] for name in ("annotator", "project", "requirements", "at", "until", "place", "shuffles")}
    if taken := row(statements.TAKE_TRAINING, **known):
        return taken
    training.mark_if_finished(annotator_id=lease["annotator"], at=lease["at"])
    return None


def _next_of_the_test(person: Any, annotator: Annotator, lease: dict[str, Any]) -> Any:
    """A newcomer's next gold sample. Raises NotClaimable when the test is over, or cannot be held."""
    if person.test_size is None:
        raise not_qualified(annotator)
    if person.tested_at is not None:
        raise NotClaimable(
            "unqualified",
            _("%(annotator)s did not pass the test of project %(project)s. A project admin can allow another.")
            % {"annotator": annotator, "project": person.slug},
        )
    if taken := _gold_again(person, lease) or _gold(person, lease):
        return taken
    raise NotClaimable(
        "unqualified",
        _(
            "The test of project %(project)s has no further sample for %(annotator)s. A project admin has to add gold "
            "samples."
        )
        % {"annotator": annotator, "project": person.slug},
    )


@in_one_transaction
def claim_sample(*, annotator: Annotator, sample: Sample, at: datetime) -> Assignment:
    """A directed claim of this very sample, for replays and for systems outside.

    Asking again while the lease is held returns it. Raises NotClaimable with the reason otherwise.
    """
    if not annotator.project.allows_directed_claims:
        raise NotClaimable(
            "not_allowed",
            _("Project %(project)s does not allow claims of a named sample; claim the next one.")
            % {"project": annotator.project.slug},
        )
    if sample.project_id != annotator.project_id:
        raise NotClaimable(
            "elsewhere",
            _("Sample %(sample)s is not in project %(project)s.")
            % {"sample": sample.external_id, "project": annotator.project.slug},
        )
    person = _looked_at(annotator)
    refuse_if_paused(person, annotator)
    until = at + timedelta(minutes=person.lease_minutes)
    locked = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("requirement").get(pk=sample.pk)
    earlier = Assignment.objects.filter(sample=locked, annotator=annotator).first()
    if earlier and earlier.state == Assignment.State.LEASED:
        resumed = row(statements.RESUME, assignment=earlier.pk, until=until)
        return handing.assignment_from(resumed, annotator, _project(person), until)
    if earlier and earlier.state not in querysets.GIVEN_BACK:
        raise NotClaimable(
            "had_it",
            _("%(annotator)s has already had sample %(sample)s (%(state)s).")
            % {"annotator": annotator, "sample": locked.external_id, "state": earlier.get_state_display().lower()},
        )
    if not locked.is_claimable:
        raise NotClaimable(
            "no_slot",
            _("Sample %(sample)s is %(state)s and has no slot free.")
            % {"sample": locked.external_id, "state": locked.get_state_display().lower()},
        )
    refuse_if_unqualified(person, annotator)
    if locked.requirement_id is not None and locked.requirement_id not in person.requirements:
        raise NotClaimable(
            "not_for_you",
            _("Sample %(sample)s asks for %(skills)s; %(annotator)s does not have that.")
            % {"sample": locked.external_id, "skills": locked.requirement, "annotator": annotator},
        )
    refuse_if_held_back(person, annotator, at)
    refuse_if_at_cap(person, annotator)
    lease = _lease(person, annotator, at, until, place=_free_place(annotator))
    wanted = {name: lease[name] for name in ("annotator", "at", "until", "place", "shuffles")}
    return handing.assignment_from(
        row(statements.TAKE_THIS, sample=locked.pk, **wanted), annotator, _project(person), until
    )


def _project(person: Any) -> Project:
    about = {name: getattr(person, name) for name in ("slug", "lease_minutes", "shows_thinking")}
    return handing.governed(person.project_id, rubric=person.rubric, policy=person.policy, **about)


def _free_place(annotator: Annotator) -> int:
    """Where a second lease goes. Raises NotClaimable when both places are taken."""
    taken = set(annotator.assignments.filter(state=Assignment.State.LEASED).values_list("lease_place", flat=True))
    if free := {0, 1} - taken:
        return min(free)
    raise NotClaimable(
        "holds_two",
        _("%(annotator)s holds two samples already. Submit, skip or release one of them first.")
        % {"annotator": annotator},
    )
