"""Samples with a known answer: imported, written by a reviewer, or promoted from the random slice.

A gold sample measures people unawares; a training sample teaches them openly. Both have no slots and are no work. A promoted one stays work: it keeps its labels, its figures and its place in
exports, and is given as gold to people who have not had it. The known answers are revisions; at most one of a sample is
current, and a sample without a current one measures nobody.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils.translation import gettext as _

from annotation import querysets, ratings, transitions
from annotation.datasets.pilot import GOLD, TRAINING, PilotFolder
from annotation.models import Annotation, Assignment, ConsensusLabel, GoldAnswer, Project, ReviewItem, Sample, User
from annotation.services import labels, showing, training
from annotation.services.retrying import in_one_transaction
from annotation.services.submission import CORRECTABLE_FOR

Source = GoldAnswer.Source
UNANIMOUS = 4  # so many people must have said the same
BATCH = 500
LOOKED_AT = 2000  # samples of the slice that a page looks at to say how many could be promoted


class GoldRefused(ValueError):
    """The known answer cannot be written as asked; the message says why, and what to do."""


@in_one_transaction
def write(
    *,
    sample_id: int,
    given: Iterable[Mapping[str, Any]],
    by: User,
    note: str,
    at: datetime,
    teaches: bool | None = None,
) -> GoldAnswer:
    """Write down the right answer of a sample: it is gold from now on, or has a further revision of its answer.

    `given`: rows of attribute, value and response id, as many as are known; the others are not judged. `teaches`: whether
    newcomers are taught with it instead of being measured; left out, it stays what it is. The same answer again changes
    nothing. Raises GoldRefused when work on the sample has begun, RatingsRefused for a value off its scale.
    """
    sample = _locked(sample_id)
    if refusal := why_not_gold(sample) or _why_not_so(sample, teaches):
        raise GoldRefused(refusal)
    packed = packed_answer(sample, given)
    current = sample.gold_answers.filter(is_current=True).first()
    teaches = _teaches(sample) if teaches is None else teaches
    if current and (current.ratings, current.note, current.is_served, current.teaches) == (packed, note, True, teaches):
        return current
    if teaches != _teaches(sample) or not sample.gold_answers.exists():
        sample.gold_answers.filter(is_current=True).update(is_current=False)
        _take_out_of_work([sample], teaches=teaches)
        if teaches:
            training.spare_who_has_begun(project=sample.project, at=at)
    return revise(sample=sample, packed=packed, source=Source.WRITTEN, note=note, by=by, at=at)


def why_not_gold(sample: Sample) -> str:
    """A sentence saying why this sample cannot get a known answer; empty when it can."""
    if sample.purpose != Sample.Purpose.WORK or sample.gold_answers.exists():
        return ""
    if sample.pk in _begun([sample]):
        said = _("Work on sample %(sample)s has begun, so it stays work. Choose one that nobody has been given yet.")
        return said % {"sample": sample.external_id}
    return ""


def can_change_use(sample: Sample) -> bool:
    """Whether this sample may begin or cease to teach: as long as nobody has been given it."""
    return not _begun([sample])


def _why_not_so(sample: Sample, teaches: bool | None) -> str:
    if teaches is None or teaches == _teaches(sample) or can_change_use(sample):
        return ""
    teaching = _("Sample %(sample)s teaches, and somebody was given it: it stays so. Choose another, or retire it.")
    measuring = _(
        "Sample %(sample)s measures people, and somebody was given it: it stays so. Choose another, or retire it."
    )
    return (teaching if _teaches(sample) else measuring) % {"sample": sample.external_id}


def _teaches(sample: Sample) -> bool:
    return sample.purpose == Sample.Purpose.TRAINING


def packed_answer(sample: Sample, given: Iterable[Mapping[str, Any]]) -> ratings.Packed:
    """Rows of a known answer in their places. Raises RatingsRefused, and GoldRefused when nothing is judged."""
    return _packed(sample, given, [response["id"] for response in sample.content.responses])


def revise(
    *, sample: Sample, packed: ratings.Packed, source: str, note: str, by: User | None, at: datetime
) -> GoldAnswer:
    """The next revision of a locked sample's known answer, from now on the current one; everybody is measured by it."""
    last = sample.gold_answers.aggregate(last=Max("revision"))["last"] or 0
    sample.gold_answers.filter(is_current=True).update(is_current=False)
    content = _content(sample, packed, source, note, by, at)
    if _teaches(sample):
        content["rank"] = _place_in_training(sample)
    answer = GoldAnswer.objects.create(revision=last + 1, **content)
    text = f"Its known answer: {source}, revision {answer.revision}."
    transitions.record(sample=sample, reason="gold_answer", text=text, actor=by, policy=sample.project.policy, at=at)
    return answer


def _place_in_training(sample: Sample) -> int:
    """Where this one stood, if it taught before; otherwise after all others."""
    before: int | None = sample.gold_answers.filter(teaches=True).values_list("rank", flat=True).first()
    return training.next_place(sample.project) if before is None else before


def set_aside(*, sample: Sample, by: User, at: datetime) -> None:
    """Leave a locked sample without a known answer: it measures nobody and is given to nobody, until another is written."""
    if sample.gold_answers.filter(is_current=True).update(is_current=False):
        text = "Its known answer was overturned, and no other is known."
        transitions.record(
            sample=sample, reason="gold_set_aside", text=text, actor=by, policy=sample.project.policy, at=at
        )


def retire(*, answer: GoldAnswer, by: User, at: datetime) -> None:
    """Hand a gold sample out no more, because too many have seen it. Whoever had it is still measured by it."""
    _set_served(answer, False, "gold_retired", "It is handed out as gold no more.", by, at)


def serve(*, answer: GoldAnswer, by: User, at: datetime) -> None:
    """Hand a retired gold sample out again."""
    _set_served(answer, True, "gold_served", "It is handed out as gold again.", by, at)


@transaction.atomic
def _set_served(answer: GoldAnswer, is_served: bool, reason: str, text: str, by: User, at: datetime) -> None:
    current = GoldAnswer.objects.filter(pk=answer.pk, is_current=True)
    if not current.exists():
        raise GoldRefused(
            _("Revision %(revision)d is not the answer of its sample any more. Look at the newer one.")
            % {"revision": answer.revision}
        )
    if current.filter(is_served=not is_served).update(is_served=is_served):
        sample = answer.sample
        transitions.record(sample=sample, reason=reason, text=text, actor=by, policy=sample.project.policy, at=at)


@transaction.atomic
def add_from_pilot(*, project: Project, folder: PilotFolder, at: datetime, file: str = GOLD) -> int:
    """Make gold of the samples that gold.csv names, or training of those in training.csv; returns how many are new.
    Twice is once.

    A sample that ever had a known answer is passed over: a reviewer may have put right what the file says. Raises
    GoldRefused, and changes nothing, when work on one of them has begun; BadRow for a row that is wrong.
    """
    rows, notes = _rows_of(folder, file)
    samples = _locked_by_name(project, rows)
    had = set(GoldAnswer.objects.filter(sample__in=samples).values_list("sample_id", flat=True))
    new = [sample for sample in samples if sample.pk not in had]
    if begun := _begun(new):
        names = ", ".join([sample.external_id for sample in new if sample.pk in begun][:5])
        raise GoldRefused(
            f"Work on {len(begun)} of the samples in {file} has begun ({names}), so they stay work. "
            f"Take them out of {file}, or import it before anybody is given a sample."
        )
    packed = {name: _packed(of, rows[name], showing.blind_ids(of)) for of in new for name in [of.external_id]}
    content = {
        of.external_id: _content(of, packed[of.external_id], Source.IMPORTED, notes[of.external_id], None, at)
        for of in new
    }
    _take_out_of_work(new, teaches=file == TRAINING)
    if file == TRAINING:
        _put_in_the_order_of(rows, content, training.next_place(project))
        training.spare_who_has_begun(project=project, at=at)
    _add(project, new, [content[sample.external_id] for sample in new], "Its known answer: imported.", None, at)
    return len(new)


def _put_in_the_order_of(names: Iterable[str], content: Mapping[str, dict[str, Any]], first: int) -> None:
    """Training is given in the order of its file: whoever wrote it knows what comes best first."""
    for place, name in enumerate((name for name in names if name in content), start=first):
        content[name].update(rank=place, teaches=True)


def _rows_of(folder: PilotFolder, file: str) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """By sample, in the order of the file: what is known, and the note that says why."""
    if not folder.has(file):
        raise GoldRefused(f"There is no {file} in {folder.path}, so there is nothing of it to import.")
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    notes: dict[str, list[str]] = defaultdict(list)
    for known in folder.training() if file == TRAINING else folder.gold():
        place = None if known.response is None else str(known.response)
        rows[known.sample_id].append({"attribute": known.attribute, "value": known.value, "response": place})
        if known.note and known.note not in notes[known.sample_id]:
            notes[known.sample_id].append(known.note)
    return rows, {name: "\n".join(notes[name]) for name in rows}


def _locked_by_name(project: Project, names: Iterable[str]) -> list[Sample]:
    wanted = Sample.objects.filter(project=project, external_id__in=list(names))
    samples = _of(project, wanted.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    if missing := set(names) - {sample.external_id for sample in samples}:
        raise GoldRefused(f"{project.slug} has no sample {', '.join(sorted(missing)[:5])}. Import the samples first.")
    return samples


def promote_unanimous(*, project: Project, at: datetime, by: User | None = None) -> int:
    """Make gold of decided samples of the random slice on which all of four or more people said the same.

    They stay work: labels, figures and exports are untouched. Whoever judged them is not measured by them. Returns how
    many are new.
    """
    decided = _batches(_slice_samples(project).values_list("pk", flat=True))
    return sum(_promote(project=project, sample_ids=sample_ids, by=by, at=at) for sample_ids in decided)


@in_one_transaction
def _promote(*, project: Project, sample_ids: Sequence[int], by: User | None, at: datetime) -> int:
    locked = Sample.objects.filter(pk__in=sample_ids).order_by("pk").select_for_update(no_key=True, of=("self",))
    # Looked at anew once they are locked: somebody may have promoted or reopened them meanwhile.
    samples = _of(project, _slice_samples(project).filter(pk__in=[sample.pk for sample in locked]))
    unanimous = dict(_unanimous(project, samples, at))
    content = [
        _content(sample, packed, Source.UNANIMOUS, "Everybody who judged it said the same.", by, at)
        for sample, packed in unanimous.items()
    ]
    _add(project, list(unanimous), content, "Its known answer: all who judged it said the same.", by, at)
    return len(unanimous)


def promotable(project: Project, *, at: datetime) -> tuple[int, bool]:
    """How many samples would be promoted, and whether the whole slice was looked at: a page does not count without end."""
    samples = list(_slice_samples(project)[: LOOKED_AT + 1])
    return sum(1 for _ in _unanimous(project, samples[:LOOKED_AT], at)), len(samples) <= LOOKED_AT


def unused_sample(project: Project) -> Sample | None:
    """A sample that nobody has been given yet, by chance: the one whose turn would come last (index sample_fresh)."""
    had = Assignment.objects.filter(sample=OuterRef("pk"))
    fresh = Sample.objects.filter(
        project=project, purpose=Sample.Purpose.WORK, state=Sample.State.OPEN, lane_seq=None, open_slots__gt=0
    )
    return fresh.filter(~Exists(had)).order_by("-rank").first()


def _slice_samples(project: Project) -> QuerySet[Sample]:
    """Decided samples of the slice that nobody doubts and that never had a known answer, in id order."""
    doubted = ReviewItem.objects.filter(sample=OuterRef("pk"), closed_at=None)
    overruled = ConsensusLabel.objects.filter(sample=OuterRef("pk"), is_current=True, method=labels.ADJUDICATION)
    known = GoldAnswer.objects.filter(sample=OuterRef("pk"))
    decided = Sample.objects.filter(
        project=project,
        purpose=Sample.Purpose.WORK,
        state=Sample.State.RESOLVED,
        is_fixed_overlap=True,
        counted_count__gte=UNANIMOUS,
    )
    return decided.filter(~Exists(doubted), ~Exists(overruled), ~Exists(known)).order_by("pk")


def _unanimous(project: Project, samples: Sequence[Sample], at: datetime) -> Iterator[tuple[Sample, ratings.Packed]]:
    """Those of the samples on which everybody gave the same trigger values, with these values."""
    by_id = {sample.pk: sample for sample in samples}
    counted = (
        querysets.counted_annotations()
        .filter(assignment__sample__in=by_id)
        .select_related("assignment", "rubric")
        .order_by("assignment__sample_id")
    )
    for sample_id, group in groupby(counted, key=lambda annotation: annotation.assignment.sample_id):
        if packed := _common_answer(project, by_id[sample_id], list(group), at):
            yield by_id[sample_id], packed


def _common_answer(
    project: Project, sample: Sample, annotations: Sequence[Annotation], at: datetime
) -> ratings.Packed | None:
    """What all of these people said on every trigger value; None when they differ, or may still correct themselves."""
    settled_by = at - CORRECTABLE_FOR
    firm = [
        not annotation.neither_valid
        and annotation.assignment.finished_at is not None
        and annotation.assignment.finished_at <= settled_by
        for annotation in annotations
    ]
    if len(annotations) < UNANIMOUS or not all(firm):
        return None
    places = ratings.layout(project.rubric.attributes, sample.response_count)
    decides = [place.name in project.policy.triggers for place in places]
    given = [ratings.translated(a.ratings, a.rubric.attributes, places, sample.response_count) for a in annotations]
    said = {tuple(value for value, of_trigger in zip(one, decides, strict=True) if of_trigger) for one in given}
    if len(said) > 1 or None in next(iter(said)):
        return None
    return [value if of_trigger else None for value, of_trigger in zip(given[0], decides, strict=True)]


def _locked(sample_id: int) -> Sample:
    return Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=sample_id)


def _of(project: Project, samples: Iterable[Sample]) -> list[Sample]:
    """Samples that share the caller's project, whose rubric and policy are read once."""
    found = list(samples)
    for sample in found:
        sample.project = project
    return found


def _begun(samples: Sequence[Sample]) -> set[int]:
    """Ids of the work samples that somebody was given, or that are not open any more."""
    had = Assignment.objects.filter(sample__in=[sample.pk for sample in samples]).values_list("sample_id", flat=True)
    closed = {s.pk for s in samples if s.purpose == Sample.Purpose.WORK and s.state != Sample.State.OPEN}
    return set(had) | closed


def _take_out_of_work(samples: Sequence[Sample], *, teaches: bool) -> None:
    """What measures or teaches has no slots; it leaves the lanes, the figures and the random slice."""
    purpose = Sample.Purpose.TRAINING if teaches else Sample.Purpose.GOLD
    ids = [sample.pk for sample in samples]
    Sample.objects.filter(pk__in=ids).update(purpose=purpose, target=0, is_fixed_overlap=False)
    for sample in samples:
        sample.purpose = purpose


def _packed(sample: Sample, given: Iterable[Mapping[str, Any]], response_ids: Sequence[str]) -> ratings.Packed:
    places = ratings.layout(sample.project.rubric.attributes, sample.response_count)
    packed = ratings.pack(given, places=places, response_ids=response_ids, partial=True)
    if all(value is None for value in packed):
        raise GoldRefused(f"The answer of sample {sample.external_id} judges nothing. Give at least one value.")
    return packed


def _content(
    sample: Sample, packed: ratings.Packed, source: str, note: str, by: User | None, at: datetime
) -> dict[str, Any]:
    return {
        "sample": sample,
        "project_id": sample.project_id,
        "rubric": sample.project.rubric,
        "ratings": packed,
        "source": source,
        "note": note,
        "written_by": by,
        "rank": sample.rank,
        "teaches": _teaches(sample),
        "created_at": at,
    }


def _add(
    project: Project,
    samples: Sequence[Sample],
    content: Iterable[dict[str, Any]],
    text: str,
    by: User | None,
    at: datetime,
) -> None:
    """First answers of many locked samples, and an event for each."""
    GoldAnswer.objects.bulk_create(GoldAnswer(**of_one) for of_one in content)
    for sample in samples:
        transitions.record(sample=sample, reason="gold_answer", text=text, actor=by, policy=project.policy, at=at)


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    every = list(ids)
    yield from (every[start : start + BATCH] for start in range(0, len(every), BATCH))
