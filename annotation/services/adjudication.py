"""A reviewer settles what people could not: accepts or sets a label, asks two more, or excludes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from annotation import ratings, transitions
from annotation.models import ReviewItem, Sample, User
from annotation.services import asking, head_starts, labels, routing, settlement
from annotation.services.retrying import in_one_transaction

State = Sample.State
MORE_PEOPLE = 2


class NotReviewable(Exception):
    """The decision cannot be taken now; the message says why."""


@in_one_transaction
def set_label(
    *, sample_id: int, given: Iterable[Mapping[str, Any]], by: User, note: str, cause: str, at: datetime
) -> None:
    """Give a sample the labels that the reviewer decided on. It is resolved, and later decisions leave it alone.

    Raises NotReviewable when the sample is excluded, RatingsRefused when a value is not on its scale.
    """
    sample = _lock(sample_id)
    if sample.state == State.EXCLUDED:
        said = _("Sample %(sample)s is excluded. Open it again before giving it a label.")
        raise NotReviewable(said % {"sample": sample.external_id})
    project = sample.project
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    ids = [response["id"] for response in sample.content.responses]
    values = ratings.pack(given, places=places, response_ids=ids, no_preference=True)
    labels.adjudicate(sample=sample, places=places, values=values, policy=project.policy, by=by, at=at)
    _move(sample, State.RESOLVED, "adjudicated", by=by, note=note, cause=cause, at=at)
    _close_items(sample, by=by, at=at)


@in_one_transaction
def ask_more(*, sample_id: int, by: User, note: str, cause: str, at: datetime) -> None:
    """Send a sample to two more people, or to its first ones when judges settled it. Raises NotReviewable when nobody is left or its state forbids it."""
    sample = _lock(sample_id)
    if routing.is_settled_by_judges(sample):  # nobody was asked yet: it gets its first round
        routing.send_to_people(sample_id=sample_id, by=by, at=at, text=note)
        return
    if sample.state not in (State.CONTESTED, State.RESOLVED):
        said = _("Sample %(sample)s is %(state)s; only a contested or resolved one can be sent out again.")
        raise NotReviewable(said % {"sample": sample.external_id, "state": sample.get_state_display().lower()})
    wanted = asking.people_left(sample, at_most=MORE_PEOPLE)
    if not wanted:
        raise NotReviewable(
            _("Nobody is left to ask: everyone in this project has had this sample. Add people, or decide it here.")
        )
    labels.retire(sample=sample)
    slots = {
        "target": sample.counted_count + sample.leased_count + wanted,
        "head_start_until": head_starts.until(sample, wanted=wanted, at=at),
    }
    _move(sample, State.ESCALATED, settlement.SENT_BACK, by=by, note=note, cause=cause, at=at, **slots)
    _close_items(sample, by=by, at=at)


@in_one_transaction
def exclude(*, sample_id: int, by: User, note: str, cause: str, at: datetime) -> None:
    """Take a sample out. Raises NotReviewable when it is out already."""
    sample = _lock(sample_id)
    if sample.state == State.EXCLUDED:
        raise NotReviewable(_("Sample %(sample)s is excluded already.") % {"sample": sample.external_id})
    labels.retire(sample=sample)
    held = {"target": sample.counted_count + sample.leased_count}
    if sample.state == State.RESOLVED:  # the table of moves leads out of resolved by way of contested
        _move(sample, State.CONTESTED, "reopened", by=by, note=note, cause=cause, at=at)
        sample.state = State.CONTESTED
    _move(sample, State.EXCLUDED, "excluded", by=by, note=note, cause=cause, at=at, **held)
    _close_items(sample, by=by, at=at)


def _lock(sample_id: int) -> Sample:
    sample = Sample.objects.select_for_update(of=("self",)).select_related("project").get(pk=sample_id)
    if sample.purpose != Sample.Purpose.WORK:
        said = _("Sample %(sample)s is a %(purpose)s sample: it gets no label. Its answer is on the gold page.")
        raise NotReviewable(said % {"sample": sample.external_id, "purpose": sample.get_purpose_display().lower()})
    return sample


def _move(
    sample: Sample, to_state: str, reason: str, *, by: User, note: str, cause: str, at: datetime, **changes: Any
) -> None:
    """Move the sample, or only say in its history who changed it and why when it is there already."""
    text = " ".join(part for part in (f"Cause: {cause}." if cause else "", note) if part)
    said: dict[str, Any] = {"reason": reason, "text": text, "actor": by, "policy": sample.project.policy, "at": at}
    if sample.state == to_state:
        transitions.record(sample=sample, **said)
    else:
        transitions.move(sample_id=sample.pk, from_state=sample.state, to_state=to_state, **said, **changes)


def _close_items(sample: Sample, *, by: User, at: datetime) -> None:
    ReviewItem.objects.filter(sample=sample, closed_at=None).update(closed_at=at, closed_by=by)
