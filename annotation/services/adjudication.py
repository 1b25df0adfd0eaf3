"""A reviewer settles what people could not: accepts or sets a label, asks two more, or excludes.

Each is one transaction with its `Decision`: what it changed, why people had differed, and whether the reviewer knew judges.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from annotation import ratings, transitions
from annotation.models import Decision, ReviewItem, Sample, User
from annotation.services import asking, decisions_made, handing, head_starts, labels, proposing, routing, settlement
from annotation.services.retrying import in_one_transaction

State = Sample.State
Action = Decision.Action
MORE_PEOPLE = 2


class NotReviewable(Exception):
    """The decision cannot be taken now; the message says why."""


class MovedMeanwhile(NotReviewable):
    """Something was decided or said since the reviewer looked."""


class DecidedAlready(NotReviewable):
    """This very decision stands already: it was sent twice."""


@in_one_transaction
def accept(*, sample_id: int, by: User, note: str, cause: str, at: datetime, as_of: str = "") -> None:
    """Give a sample the label that the policy's rule proposes. Raises NotReviewable where there is none."""
    decision = _begin(sample_id, Action.ACCEPT, by=by, note=note, cause=cause, at=at, as_of=as_of)
    proposed = proposing.proposal(decision.sample, handing.counted_annotations(decision.sample))
    if proposed.is_empty:
        raise NotReviewable(nothing_proposed())
    _label(decision, _given(decision.sample, proposed.values), by=by)


@in_one_transaction
def set_label(
    *,
    sample_id: int,
    given: Iterable[Mapping[str, Any]],
    by: User,
    note: str,
    cause: str,
    at: datetime,
    as_of: str = "",
) -> None:
    """Give a sample the labels that the reviewer decided on. It is resolved, and later decisions leave it alone.

    `as_of`: what the reviewer looked at (decisions_made.version_of); empty: whatever it is now.
    Raises NotReviewable when the sample is excluded, RatingsRefused when a value is not on its scale.
    """
    _label(_begin(sample_id, Action.SET, by=by, note=note, cause=cause, at=at, as_of=as_of), given, by=by)


@in_one_transaction
def ask_more(*, sample_id: int, by: User, note: str, cause: str, at: datetime, as_of: str = "") -> None:
    """Send a sample to two more people, or to its first ones when judges settled it. Raises NotReviewable when nobody is left or its state forbids it."""
    decision = _begin(sample_id, Action.ESCALATE, by=by, note=note, cause=cause, at=at, as_of=as_of)
    sample = decision.sample
    if routing.is_settled_by_judges(sample):  # nobody was asked yet: it gets its first round
        routing.send_to_people(sample_id=sample_id, by=by, at=at, text=note)
    else:
        wanted = asking.people_left(sample, at_most=MORE_PEOPLE)
        labels.retire(sample=sample)
        slots = {
            "target": sample.counted_count + sample.leased_count + wanted,
            "head_start_until": head_starts.until(sample, wanted=wanted, at=at),
        }
        _move(decision, State.ESCALATED, settlement.SENT_BACK, **slots)
    _finish(decision)


@in_one_transaction
def exclude(*, sample_id: int, by: User, note: str, cause: str, at: datetime, as_of: str = "") -> None:
    """Take a sample out. Raises NotReviewable when it is out already."""
    decision = _begin(sample_id, Action.EXCLUDE, by=by, note=note, cause=cause, at=at, as_of=as_of)
    sample = decision.sample
    labels.retire(sample=sample)
    held = {"target": sample.counted_count + sample.leased_count}
    if sample.state == State.RESOLVED:  # the table of moves leads out of resolved by way of contested
        _move(decision, State.CONTESTED, "reopened")
        sample.state = State.CONTESTED
    _move(decision, State.EXCLUDED, "excluded", **held)
    _finish(decision)


@in_one_transaction
def reopen(*, sample_id: int, by: User, note: str, at: datetime, as_of: str = "") -> None:
    """Put an excluded sample before a reviewer again: it is contested, and gets its decision anew.

    Raises NotReviewable when it is not excluded.
    """
    sample = _lock(sample_id)
    _refuse_stale(sample, as_of)
    if sample.state != State.EXCLUDED:
        said = _("Sample %(sample)s is not excluded: there is nothing to open again.")
        raise NotReviewable(said % {"sample": sample.external_id})
    said_by: dict[str, Any] = {"text": note, "actor": by, "policy": sample.project.policy, "at": at}
    held = sample.counted_count + sample.leased_count
    for source, target in ((State.EXCLUDED, State.OPEN), (State.OPEN, State.CONTESTED)):
        transitions.move(
            sample_id=sample.pk, from_state=source, to_state=target, target=held, reason="reopened", **said_by
        )


def why_not(sample: Sample, action: str) -> str:
    """Why this decision cannot be taken of the sample as it is; empty when it can. Its proposal is not looked at."""
    about = {"sample": sample.external_id}
    if sample.purpose != Sample.Purpose.WORK:
        said = _("Sample %(sample)s is a %(purpose)s sample: it gets no label. Its answer is on the gold page.")
        return said % {**about, "purpose": sample.get_purpose_display().lower()}
    if sample.state == State.EXCLUDED and action == Action.EXCLUDE:
        return _("Sample %(sample)s is excluded already.") % about
    if sample.state == State.EXCLUDED and action in (Action.ACCEPT, Action.SET):
        return _("Sample %(sample)s is excluded. Open it again before giving it a label.") % about
    return _why_nobody_more(sample) if action == Action.ESCALATE else ""


def nothing_proposed() -> str:
    return _("There is no proposed label: fewer than three people rated it. Choose the values yourself.")


def _why_nobody_more(sample: Sample) -> str:
    if sample.state not in (State.CONTESTED, State.RESOLVED):
        said = _("Sample %(sample)s is %(state)s; only a contested or resolved one can be sent out again.")
        return said % {"sample": sample.external_id, "state": sample.get_state_display().lower()}
    if routing.is_settled_by_judges(sample) or asking.people_left(sample, at_most=1):
        return ""
    return _("Nobody is left to ask: everyone in this project has had this sample. Add people, or decide it here.")


# --- one decision, from its lock to its row -----------------------------------------------------------------------
def _begin(sample_id: int, action: str, *, by: User, note: str, cause: str, at: datetime, as_of: str) -> Decision:
    """Lock the sample, refuse what cannot be, and keep how it stood."""
    if cause not in ("", *Decision.Cause.values):
        raise NotReviewable(
            _("%(cause)r is no cause; name one of: %(causes)s.")
            % {"cause": cause, "causes": ", ".join(Decision.Cause.values)}
        )
    sample = _lock(sample_id)
    decision = Decision(sample=sample, action=action, cause=cause, note=note, by=by, by_name=str(by), at=at)
    _refuse_stale(sample, as_of, decision)
    if refusal := why_not(sample, action):
        raise NotReviewable(refusal)
    decision.saw_judges = decisions_made.knows_judges(sample, by)
    decision.before = decisions_made.snapshot(sample)
    return decision


def _finish(decision: Decision) -> None:
    """Close what was open for review, and write the decision with what it changed."""
    open_items = ReviewItem.objects.filter(sample=decision.sample, closed_at=None)
    open_items.update(closed_at=decision.at, closed_by=decision.by)
    decision.after = decisions_made.snapshot(decision.sample)
    decision.save(force_insert=True)


def _lock(sample_id: int) -> Sample:
    return Sample.objects.select_for_update(of=("self",)).select_related("project").get(pk=sample_id)


def _refuse_stale(sample: Sample, as_of: str, wanted: Decision | None = None) -> None:
    """Nothing is decided over what the reviewer has not seen."""
    if not as_of or as_of == decisions_made.version_of(sample):
        return
    last = decisions_made.last_of(sample)
    if last is None or str(last.pk) == as_of.rpartition(".")[2]:
        raise MovedMeanwhile(
            _("Something came in for sample %(sample)s since you opened it. Look at it again, then decide.")
            % {"sample": sample.external_id}
        )
    if wanted and _is_the_same(wanted, last):
        raise DecidedAlready(_("You have decided sample %(sample)s so already.") % {"sample": sample.external_id})
    raise MovedMeanwhile(
        _("%(name)s decided sample %(sample)s on %(when)s: %(action)s. Nothing was changed; look at it again.")
        % {
            "name": last.by_name or _("Somebody"),
            "sample": sample.external_id,
            "when": formats.date_format(timezone.localtime(last.at), "DATETIME_FORMAT"),
            "action": last.get_action_display().lower(),
        }
    )


def _is_the_same(one: Decision, other: Decision) -> bool:
    """Whether one decision was sent twice. Of a label that was set the values are not compared, so it is said to stand."""
    said = [(of.by_id, of.action, of.cause, of.note) for of in (one, other)]
    return said[0] == said[1] and one.action != Action.SET


def _label(decision: Decision, given: Iterable[Mapping[str, Any]], *, by: User) -> None:
    sample, project = decision.sample, decision.sample.project
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    ids = [response["id"] for response in sample.content.responses]
    values = ratings.pack(given, places=places, response_ids=ids, no_preference=True)
    labels.adjudicate(sample=sample, places=places, values=values, policy=project.policy, by=by, at=decision.at)
    _move(decision, State.RESOLVED, "adjudicated")
    _finish(decision)


def _given(sample: Sample, values: list[int | None]) -> list[dict[str, Any]]:
    places = ratings.layout(sample.project.rubric.attributes, sample.response_count)
    ids = [response["id"] for response in sample.content.responses]
    return ratings.unpack(values, places=places, response_ids=ids)


def _move(decision: Decision, to_state: str, reason: str, **changes: Any) -> None:
    """Move the sample, or only say in its history who changed it and why when it is there already."""
    sample, cause = decision.sample, decision.cause.replace("_", " ")
    text = " ".join(part for part in (f"Cause: {cause}." if cause else "", decision.note) if part)
    said: dict[str, Any] = {
        "reason": reason,
        "text": text,
        "actor": decision.by,
        "policy": sample.project.policy,
        "at": decision.at,
    }
    if sample.state == to_state:
        transitions.record(sample=sample, **said)
    else:
        transitions.move(sample_id=sample.pk, from_state=sample.state, to_state=to_state, **said, **changes)
