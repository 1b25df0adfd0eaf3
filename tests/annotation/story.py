"""What tests are told with: projects, samples and what people say of them, through the services that everybody uses."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Annotator, Assignment, ConsensusLabel, Membership, Project, Sample, User
from annotation.services import claiming, figures, importing, leases, merging, people, projects, submission
from annotation.services.submission import Answer, Receipt

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
State = Sample.State
_keys = count(1)


def scale(name: str, *values: int, scope: str = "response", level: str = "ordinal", **more: Any) -> dict[str, Any]:
    """An attribute as a rubric has it."""
    levels = [{"value": value, "label": str(value)} for value in values]
    return {"name": name, "title": name.title(), "scope": scope, "level": level, "values": levels, **more}


OVERALL = scale("overall", 1, 2, 3, 4, 5, 6, level="interval", trigger=True)
PREFERENCE = scale("preference", -1, 0, 1, scope="comparison", trigger=True)


def make_project(
    slug: str = "recipes", *, attributes: Sequence[Mapping[str, Any]] = (OVERALL,), **settings: Any
) -> Project:
    """A project that allows directed claims, so that a test may say who judges what."""
    return projects.create(
        slug=slug, title=slug.title(), attributes=attributes, **{"allows_directed_claims": True, **settings}
    )


def make_user(name: str) -> User:
    return User.objects.get_or_create(username=name)[0]


def join(project: Project, name: str, *, role: str = Membership.Role.ANNOTATOR, at: datetime = NOW) -> Any:
    """Somebody with an account; an annotator comes back as the annotator, anybody else as the account."""
    user = make_user(name)
    people.join(project=project, user=user, role=role, at=at)
    return project.annotators.get(user=user) if role == Membership.Role.ANNOTATOR else user


def crowd(project: Project, size: int) -> list[Annotator]:
    """So many people without accounts."""
    names = [f"person-{number:02}" for number in range(size)]
    people.add_outside_people(project=project, external_ids=names, at=NOW)
    return list(project.annotators.select_related("project").filter(external_id__in=names).order_by("external_id"))


def make_sample(project: Project, name: str = "s1", *, responses: Iterable[Any] = ("A text.",), **keys: Any) -> Sample:
    """A sample as an import makes it."""
    row = {"messages": [{"role": "user", "content": f"Prompt of {name}"}], "responses": list(responses), **keys}
    importing.add_samples(project=project, samples=[parse_sample({"sample_id": name, **row}, Place("samples.jsonl"))])
    return project.samples.get(external_id=name)


def make_samples(project: Project, how_many: int, **keys: Any) -> list[Sample]:
    return [make_sample(project, f"s{number}", **keys) for number in range(how_many)]


def decided_long_ago(project: Project, values: Sequence[Sequence[int]]) -> list[Sample]:
    """Many resolved samples with one rating a person, written at once: what submissions would have left."""
    names = [f"old-{number}" for number in range(len(values))]
    rows = [{"sample_id": name, "messages": [], "responses": ["A text."]} for name in names]
    rows = [{**row, "messages": [{"role": "user", "content": f"Prompt of {row['sample_id']}"}]} for row in rows]
    importing.add_samples(project=project, samples=[parse_sample(row, Place("samples.jsonl")) for row in rows])
    samples = list(project.samples.filter(external_id__in=names).order_by("pk"))
    people_of = crowd(project, max(len(given) for given in values))
    about = {"state": "submitted", "claimed_at": NOW, "lease_expires_at": NOW, "finished_at": NOW, "shown_order": [0]}
    assignments = Assignment.objects.bulk_create(
        Assignment(sample=sample, annotator=person, **about)
        for sample, given in zip(samples, values, strict=True)
        for person, _ in zip(people_of, given, strict=False)
    )
    flat = [value for given in values for value in given]
    said = {"revision": 1, "rubric": project.rubric, "round": 1, "client_key": "old", "submitted_at": NOW}
    Annotation.objects.bulk_create(
        Annotation(assignment=a, ratings=[v], **said) for a, v in zip(assignments, flat, strict=True)
    )
    Sample.objects.filter(pk__in=[sample.pk for sample in samples]).update(state=State.RESOLVED, counted_count=3)
    policy = project.policy
    ConsensusLabel.objects.bulk_create(
        ConsensusLabel(
            sample=sample,
            response=0,
            attribute="overall",
            human_value=sorted(given)[1],
            method="closest-three/1",
            annotation_count=3,
            annotations=[],
            policy=policy,
            created_at=NOW,
        )
        for sample, given in zip(samples, values, strict=True)
    )
    return samples


def make_pair(project: Project, name: str = "s1", **keys: Any) -> Sample:
    return make_sample(project, name, responses=["The first.", "The second."], **keys)


def answer(key: str | None = None, **values: Any) -> Answer:
    """An answer from values by attribute; a tuple gives one for each response, in canonical order."""
    told = ("neither_valid", "comment", "active_seconds", "remarks")
    about = {name: values.pop(name) for name in told if name in values}
    return Answer(given=list(_rows(values)), client_key=key or f"key-{next(_keys)}", **about)


def _rows(values: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for name, value in values.items():
        if isinstance(value, tuple):
            yield from ({"attribute": name, "response": str(at), "value": one} for at, one in enumerate(value))
        elif value is not None:
            yield {"attribute": name, "value": value}


def claim(sample: Sample, *, by: Annotator, at: datetime = NOW) -> Assignment:
    return claiming.claim_sample(annotator=by, sample=sample, at=at)


def rate(sample: Sample, *, by: Annotator, at: datetime = NOW, key: str | None = None, **values: Any) -> Receipt:
    """Claim this sample (or keep it, when it is in hand) and say what one thinks of it."""
    assignment = Assignment.objects.filter(sample=sample, annotator=by).first() or claim(sample, by=by, at=at)
    return submission.submit(assignment_id=assignment.pk, answer=answer(key, **values), at=at)


def rate_overall(sample: Sample, values: Mapping[Annotator, int], *, at: datetime = NOW) -> None:
    for person, value in values.items():
        rate(sample, by=person, at=at, overall=value)


def correct(receipt: Receipt, *, at: datetime = NOW, key: str | None = None, **values: Any) -> Receipt:
    return submission.correct(assignment_id=receipt.annotation.assignment_id, answer=answer(key, **values), at=at)


def skip(sample: Sample, *, by: Annotator, reason: str = "broken", at: datetime = NOW) -> None:
    leases.skip(assignment=claim(sample, by=by, at=at), reason=reason, at=at)


def state_of(sample: Sample) -> str:
    sample.refresh_from_db()
    return sample.state


def counters(sample: Sample) -> tuple[int, int, int]:
    """target, leased, counted"""
    sample.refresh_from_db()
    return sample.target, sample.leased_count, sample.counted_count


def label_of(sample: Sample, attribute: str = "overall", response: int | None = 0) -> ConsensusLabel:
    return sample.labels.get(attribute=attribute, response=response, is_current=True)


def last_event(sample: Sample) -> tuple[str, str, str]:
    event = sample.events.latest("pk")
    return event.source, event.target, event.reason


def settle(project: Project) -> None:
    """Merge and compute until nothing is left to be unsure of; call it outside a transaction.

    A look that met somebody else's open transaction is made again, and the server's own housekeeping opens some.
    """
    for minute in range(1, 51):
        again = Project.objects.get(pk=project.pk)
        merging.merge_project(project=again, at=NOW + timedelta(minutes=minute))
        figures.refresh(project=again, at=NOW + timedelta(minutes=minute))
        if figures.is_up_to_date(again) and merging.is_up_to_date(again):
            return
        time.sleep(0.1)
    raise AssertionError("The figures or the labels of a project that nobody touches never come to rest.")
