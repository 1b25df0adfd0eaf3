"""Judges at work: which samples lack their word, what they are asked, and their judgments posted as anyone outside may.

A judge of a project is at work while it is enabled there. Its run has no end: whenever there are samples that it has not
judged, they are put into chunks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import numpy as np
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef
from django.db.models.functions import Cast

from annotation import ratings
from annotation.models import Judge, Project, ProjectJudge, Sample, User
from annotation.services import changes, judging
from annotation.services.changes import Mark
from annotation.services.judgment_details import RELATIVES
from modelgen import registry
from modelgen.asking import Asking, NothingToSay
from modelgen.chance import chance
from modelgen.judges.kinds import judge_from
from modelgen.judges.question import Place, Said
from modelgen.judges.reading import question_from
from modelgen.models import Chunk, Run, RunStage, Stage, Unanswered
from modelgen.running.samples_to_ask import samples_lacking
from modelgen.running.texts import all_storable, storable
from modelgen.running.work import Answered, Asked, add_chunks

KINDS = (Judge.Kind.LLM_COMPARISON, Judge.Kind.LLM_RATING, Judge.Kind.REWARD_MODEL, Judge.Kind.VERIFIER)
"""Judges that are asked sample by sample. A reward head is fitted and speaks for all at once (reward_heads)."""

CHUNKS_AHEAD = 64
Json = Any


class JudgeRefused(ValueError):
    """Such a judge cannot be put to work; the message says why."""


@dataclass(frozen=True)
class JudgeWanted:
    """A judge as somebody asks for it. model: by its name in the registry, "" for a verifier; seed: of all that it draws."""

    kind: str
    model: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    revision: str = ""
    seed: int = 1

    @property
    def identity(self) -> judging.JudgeIdentity:
        """Everything that makes it the judge it is. Raises JudgeRefused, and JudgeOptionsRefused for options that do not fit."""
        return self.identity_under(None)

    def identity_under(self, rubric: int | None) -> judging.JudgeIdentity:
        """The same, asked in the words of this version of a rubric."""
        judge = judge_from(self.kind, self.options)
        if bool(judge.models) != bool(self.model):
            raise JudgeRefused(
                f"A judge of the kind {self.kind} asks a model. Name one (--model)."
                if judge.models
                else f"A judge of the kind {self.kind} asks no model. Leave {self.model} out."
            )
        known = registry.model(self.model) if self.model else None
        return judging.JudgeIdentity(
            kind=self.kind,
            name=f"{self.kind} {self.model}".strip(),
            configuration={
                "model": self.model,
                "revision": self.revision,
                "prompt_version": judge.version,
                "options": judge.configuration["options"],
                "seed": self.seed,
                **({} if rubric is None else {"rubric": rubric}),
            },
            family=registry.family_of(self.model) if known else "",
            licence=known.licence if known else "GPL-3.0-or-later",
        )


@transaction.atomic
def put_to_work(
    *,
    project: Project,
    wanted: JudgeWanted,
    by: User | None,
    at: datetime,
    chunk_rows: int = 64,
    replacing: Judge | None = None,
) -> Run:
    """Enable a judge in a project, also one that was switched off, and begin its run. Twice is once; a run that was paused stays so."""
    identity = wanted.identity_under(project.rubric.version)
    judge = judging.enable(project=project, identity=identity, replacing=replacing)
    judging.switch(project=project, judge=judge, is_enabled=True)
    return run_of(project=project, judge=judge, by=by, at=at, chunk_rows=chunk_rows)


@transaction.atomic
def run_of(*, project: Project, judge: Judge, by: User | None, at: datetime, chunk_rows: int = 64) -> Run:
    """The run of an enabled judge, begun when there is none."""
    run, is_new = Run.objects.get_or_create(
        project=project,
        judge=judge,
        kind=Run.Kind.JUDGING,
        defaults={
            "title": judge.name,
            "digest": judge.digest,
            "started_by": by,
            "started_at": at,
            "chunk_rows": chunk_rows,
        },
    )
    if is_new:
        stage = Stage.objects.create(
            project=project,
            kind=Stage.JUDGING,
            digest=judge.digest,
            configuration=judge.configuration,
            models_asked=[judge.configuration["model"]] if judge.configuration["model"] else [],
            state=Stage.State.ASKING,
        )
        RunStage.objects.create(run=run, stage=stage, position=0, name=Stage.JUDGING)
    return run


def begin_missing(*, at: datetime) -> None:
    """Runs for judges that were enabled elsewhere (under administration, through a service)."""
    for judge in Judge.objects.filter(kind__in=KINDS, project_judges__is_enabled=True).distinct():
        without = Project.objects.filter(project_judges__judge=judge, project_judges__is_enabled=True)
        for project in without.exclude(runs__judge=judge):
            run_of(project=project, judge=judge, by=None, at=at)


def follow_rubrics(*, at: datetime) -> None:
    """Where a project asks in other words than its judges were asked in, the same judges under the new words take their place.

    One whose run was paused or has stopped follows when somebody resumes it.
    """
    asked = ProjectJudge.objects.filter(
        is_enabled=True,
        judge__kind__in=KINDS,
        judge__configuration__has_key="rubric",
        judge__runs__project=F("project"),
        judge__runs__state=Run.State.RUNNING,
        project__state=Project.State.ACTIVE,
    )
    for link in asked.select_related("project", "judge"):
        if link.judge.configuration["rubric"] != link.project.rubric.version:
            said = {name: link.judge.configuration[name] for name in ("model", "options", "revision", "seed")}
            wanted = JudgeWanted(kind=link.judge.kind, **said)
            put_to_work(project=link.project, wanted=wanted, by=None, at=at, replacing=link.judge)


@transaction.atomic
def plan(run: Run) -> int:
    """Put samples that a run without an end has still to ask about into chunks, a few ahead; returns how many are new."""
    locked = Run.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=run.pk).first()
    if locked is None or not locked.has_no_end:
        return 0  # somebody else plans it at this moment
    stage = Stage.objects.select_for_update().get(places__run=locked)
    room = CHUNKS_AHEAD - stage.chunks.filter(is_done=False).count()
    if room <= 0:
        return 0
    most = room * locked.chunk_rows
    found = _unplanned(locked, stage, beyond=locked.judged_up_to, most=most)
    if not found and _has_new(locked):
        found = _unplanned(locked, stage, beyond=0, most=most)
    if not found:
        return 0
    is_all = len(found) < most
    up_to = max(found[-1], locked.judged_up_to) if is_all else found[-1]
    Run.objects.filter(pk=locked.pk).update(judged_up_to=up_to)
    return add_chunks(stage, found, size=locked.chunk_rows)


def _unplanned(run: Run, stage: Stage, *, beyond: int, most: int) -> list[int]:
    """Ids of samples that are to be asked about and are in no chunk, those without a usable answer left out."""
    unanswered = Unanswered.objects.filter(stage=stage, key=Cast(OuterRef("pk"), CharField()))
    lacking = samples_lacking(run).filter(~Exists(unanswered), pk__gt=beyond)
    rows = stage.chunks.filter(is_done=False).values_list("rows", flat=True)
    if in_chunks := {row for of_chunk in rows for row in of_chunk if row > beyond}:
        lacking = lacking.exclude(pk__in=in_chunks)
    return list(lacking.values_list("pk", flat=True)[:most])


def _has_new(run: Run) -> bool:
    """Whether samples were added or came back since it last began at the first sample again."""
    is_new, mark = changes.look(run.project, _WATCHED, Mark.parse(run.basis))
    Run.objects.filter(pk=run.pk).update(basis=str(mark))
    return is_new


_WATCHED = changes.Watch(growing=(), small=lambda project: [project.rubric.pk], slots=True)


class Judging:
    """The undertaking of one judge in one project."""

    def __init__(self, run: Run) -> None:
        assert run.judge is not None  # noqa: S101  the database says so of every judging run
        self.run, self.judge = run, run.judge
        self._way = judge_from(self.judge.kind, self.judge.configuration["options"])
        self._model = self.judge.configuration["model"]
        self.roles = dict.fromkeys(self._way.models, self._model)
        self._attributes = run.project.rubric.attributes
        self._relatives: dict[int, list[int]] = {}  # by sample, the places of responses by the judge's relatives

    def asked(self, chunk: Chunk) -> Sequence[Asked]:
        lacking = judging.samples_lacking(self.run.project, self.judge).filter(pk__in=chunk.rows)
        columns = ("messages", "responses", "metadata", "extra")
        wanted = lacking.values_list("pk", "external_id", *(f"content__{column}" for column in columns))
        return [self._asked(*sample) for sample in wanted]

    def _asked(self, pk: int, name: str, messages: Json, responses: Json, metadata: Json, extra: Json) -> Asked:
        """The random numbers are the judge's for this sample, whoever asks and however often; its seed is in its digest."""
        self._relatives[pk] = relatives_among(self._model, responses)
        question = question_from(
            key=name,
            messages=messages,
            responses=responses,
            attributes=self._attributes,
            metadata={**extra, **metadata},
        )
        return Asked(str(pk), _something_said(self._way.asking(question, chance(self.judge.digest, name))))

    def keep(self, chunk: Chunk, answered: Sequence[Answered]) -> None:
        del chunk
        samples = Sample.objects.filter(project=self.run.project, pk__in=[row.key for row in answered])
        counts = dict(samples.values_list("pk", "response_count"))  # a sample may have gone meanwhile
        rubric = self.run.project.rubric.attributes
        places = {count: ratings.layout(rubric, count) for count in set(counts.values())}
        verdicts = [self._verdict(row, places[counts[int(row.key)]]) for row in answered if int(row.key) in counts]
        judging.post(project=self.run.project, judge=self.judge, verdicts=verdicts)

    def keep_silences(self, keys: Sequence[str]) -> None:
        judging.keep_silences(project=self.run.project, judge=self.judge, sample_ids=map(int, keys))

    def _verdict(self, row: Answered, places: Sequence[ratings.Place]) -> judging.Verdict:
        said = cast(Said, row.outcome.value)
        relatives = self._relatives[int(row.key)]
        odds = [said.probabilities.get(_place(place)) for place in places]
        return judging.Verdict(
            sample_id=int(row.key),
            ratings=[_value(said, place) for place in places],
            probabilities=[None if of_place is None else [float(p) for p in of_place] for of_place in odds],
            raw_text=storable("\n\n".join(row.outcome.raw_texts)),
            details=all_storable({**said.details, **({RELATIVES: relatives} if relatives else {})}),
            is_unsure=said.is_unsure,
            is_relative=bool(relatives),
        )


def relatives_among(model: str, responses: Sequence[Mapping[str, Any]]) -> list[int]:
    """Places of responses by the model's family, by what was made from it or the other way round.

    What nobody knows is no relative.
    """
    names = [str(response.get("model") or "") for response in responses]
    return [place for place, name in enumerate(names) if model and name and registry.are_related(model, name)]


def _something_said(asking: Asking[Said]) -> Asking[Said]:
    said = yield from asking
    if not said.probabilities and not said.values:
        raise NothingToSay("The judge says nothing of this sample.")
    return said


def _place(place: ratings.Place) -> Place:
    return place.name, place.response


def _value(said: Said, place: ratings.Place) -> int | None:
    """The judge's own value (None: it is torn), or its likeliest level."""
    if _place(place) in said.values:
        return said.values[_place(place)]
    odds = said.probabilities.get(_place(place))
    return None if odds is None else place.levels[int(np.argmax(odds))]
