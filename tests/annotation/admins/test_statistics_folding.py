"""Whatever happens to a project's samples, what was folded step by step is what a count from nothing finds, number by number."""

from contextlib import suppress
from datetime import timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from gold_story import answer_gold, make_gold
from races import start
from story import NOW, OVERALL, answer, claim, correct, crowd, join, make_project, make_sample, rate, scale, skip

from annotation.models import CountedSample, Membership, Sample, StatisticsChange
from annotation.services import adjudication, judging, leases, projects, set_aside, standing, submission
from annotation.services.adjudication import NotReviewable
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.services.submission import NotCorrectable
from annotation.statistics import checking, fold, reading

pytestmark = pytest.mark.django_db
BETTER = scale("better", -1, 0, 1, scope="comparison", trigger=True)


def differences(project):
    return [str(of) for of in checking.check(project=project, at=NOW, on_progress=lambda done, of: None)]


def folded(project):
    fold.fold(project=project, at=NOW)
    return reading.of(project)


@pytest.fixture
def compared(db):
    """Pairs of responses, rated one by one and compared; a third are in the random slice."""
    return make_project(attributes=[OVERALL, BETTER])


def pairs(project, how_many, first=0):
    for number in range(first, first + how_many):
        metadata = {"domain": ("law", "cooking")[number % 2], "difficulty": number}
        texts = [{"text": "One.", "model": "a"}, {"text": "Two.", "model": ("b", "c")[number % 2]}]
        yield make_sample(project, f"s{number}", responses=texts, metadata=metadata)


class Story:
    """Things that happen to a project, drawn by a generator."""

    def __init__(self, project, seed):
        self.project, self.rng, self.receipts = project, np.random.default_rng(seed), []
        self.people = crowd(project, 7)
        self.reviewer = join(project, "rita", role=Membership.Role.REVIEWER)
        self.samples = list(pairs(project, 10))
        self.at = NOW

    def goes_on(self, steps):
        happens = [self.rates] * 12 + [self.corrects, self.skips, self.decides, self.judges, self.is_late, self.imports]
        for _ in range(steps):
            self.at += timedelta(minutes=int(self.rng.integers(1, 400)))
            happens[self.rng.integers(len(happens))]()

    def rates(self):
        if found := self._free():
            sample, person = found
            values = {"overall": tuple(map(int, self.rng.integers(1, 7, 2))), "better": int(self.rng.integers(-1, 2))}
            seconds = int(self.rng.integers(5, 90))
            self.receipts.append(rate(sample, by=person, at=self.at, active_seconds=seconds, **values))

    def corrects(self):
        if self.receipts:
            with suppress(NotCorrectable):
                correct(self.receipts[-1], at=self.at, overall=(1, 6), better=-1)

    def skips(self):
        if found := self._free():
            skip(found[0], by=found[1], at=self.at)

    def is_late(self):
        """Somebody's lease runs out, a reviewer settles the sample, and then their answer comes."""
        if found := self._free():
            sample, person = found
            assignment = claim(sample, by=person, at=self.at)
            leases.release(assignment=assignment, at=self.at)
            with suppress(NotReviewable):
                adjudication.exclude(sample_id=sample.pk, by=self.reviewer, note="", cause="taste", at=self.at)
            submission.submit(assignment_id=assignment.pk, answer=answer(overall=(3, 3), better=0), at=self.at)

    def decides(self):
        sample = self._sample()
        with suppress(NotReviewable):
            about = {"sample_id": sample.pk, "by": self.reviewer, "note": "", "cause": "error", "at": self.at}
            (adjudication.accept if self.rng.integers(2) else adjudication.ask_more)(**about)

    def judges(self):
        verdict = Verdict(self._sample().pk, [*map(int, self.rng.integers(1, 7, 2)), 1], is_unsure=True)
        identity = JudgeIdentity("external", f"judge {self.rng.integers(2)}")
        judging.post_as(project=self.project, identity=identity, verdicts=[verdict])

    def imports(self):
        self.samples += pairs(self.project, 1, first=len(self.samples))

    def _free(self):
        """A sample that wants people, and somebody who never had it."""
        sample, person = self._sample(), self.rng.choice(self.people)
        had = sample.assignments.filter(annotator=person).exists()
        return (sample, person) if sample.is_claimable and not had else None

    def _sample(self):
        return Sample.objects.get(pk=self.rng.choice([sample.pk for sample in self.samples]))


@pytest.mark.parametrize("seed", range(2))
def test_what_was_folded_step_by_step_is_what_a_count_from_nothing_finds(compared, seed):
    story = Story(compared, seed)
    for _ in range(3):
        story.goes_on(30)
        fold.fold(project=compared, at=story.at)
    assert reading.of(compared).annotations >= 20
    assert reading.of(compared).late > 0
    assert differences(compared) == []


def test_what_nobody_noted_is_found_with_its_value(compared, capsys):
    story = Story(compared, 4)
    story.goes_on(30)
    before = folded(compared).total
    StatisticsChange.objects.all().delete()
    make_sample(compared, "unnoted", responses=["One.", "Two."])
    StatisticsChange.objects.all().delete()
    found = differences(compared)
    assert f"samples, cell 5: {before} stands, {before + 1} is right" in found
    with pytest.raises(CommandError, match=f"{len(found)} numbers differ"):
        call_command("recompute_statistics", compared.slug, "--check")
    assert found[0] in capsys.readouterr().out
    call_command("recompute_statistics", compared.slug)
    assert differences(compared) == []


def test_work_that_is_set_aside_leaves_the_figures(compared):
    story = Story(compared, 5)
    ada = join(compared, "ada", role=Membership.Role.ADMIN)
    story.goes_on(40)
    person = story.receipts[0].annotation.assignment.annotator
    assert folded(compared).work_of(person.pk).annotations > 0
    notice = standing.set_work_aside(annotator=person, by=ada, reason="They guessed.", at=story.at)
    set_aside.go_on(notice=notice, at=story.at)
    assert folded(compared).work_of(person.pk).annotations == 0
    assert not reading.of(compared).person(person.pk, "overall").any()
    assert differences(compared) == []


def test_a_new_rubric_is_counted_beside_the_old_figures(compared):
    story = Story(compared, 6)
    story.goes_on(40)
    before = folded(compared)
    ada = join(compared, "ada", role=Membership.Role.ADMIN)
    shorter = scale("overall", 1, 2, 3, 4, level="interval")
    projects.change_rubric(project=compared, by=ada, at=story.at, reason="Shorter.", attributes=[shorter, BETTER])
    meanwhile = reading.of(compared)
    assert meanwhile.levels("overall") == before.levels("overall")
    assert folded(compared).is_counting is None
    after = reading.of(compared)
    assert list(after.levels("overall")) == [1, 2, 3, 4]
    assert sum(after.levels("overall").values()) < sum(before.levels("overall").values())
    assert differences(compared) == []


def test_chosen_fields_make_the_slices(compared):
    story = Story(compared, 7)
    story.goes_on(30)
    fold.fold(project=compared, at=NOW)
    assert dict(reading.slices(compared)["domain"]).keys() == {"law", "cooking"}
    assert dict(reading.slices(compared)["models"]).keys() == {"a + b", "a + c"}
    assert "difficulty" not in reading.slices(compared)
    law = reading.of(compared, "domain=law")
    assert 0 < law.annotations < reading.of(compared).annotations
    type(compared).objects.filter(pk=compared.pk).update(slice_fields=["difficulty"])
    fold.fold(project=compared, at=NOW)
    assert set(reading.slices(compared)) == {"difficulty"}
    assert sum(many for _, many in reading.slices(compared)["difficulty"]) == reading.of(compared).total


def test_a_claim_notes_nothing_and_a_submission_one_narrow_row(compared):
    sample = next(pairs(compared, 1))
    [ana, *_] = crowd(compared, 3)
    folded(compared)
    assignment = claim(sample, by=ana)
    leases.release(assignment=assignment, at=NOW)
    claim(sample, by=ana)
    assert StatisticsChange.objects.count() == 0
    rate(sample, by=ana, overall=(1, 2), better=0)
    assert list(StatisticsChange.objects.values_list("sample_id", "project_id")) == [(sample.pk, compared.pk)]


def test_gold_is_never_counted(project):
    known = make_gold(project, overall=4)
    make_sample(project)
    answer_gold(known, by=crowd(project, 1)[0], overall=4)
    assert known.purpose == Sample.Purpose.GOLD
    assert (folded(project).total, folded(project).annotations) == (1, 0)
    assert not CountedSample.objects.filter(sample_id=known.pk).exists()


def test_a_fold_that_is_cut_off_takes_nothing_and_counts_nothing(compared, monkeypatch):
    story = Story(compared, 8)
    story.goes_on(20)
    before = folded(compared).annotations
    story.goes_on(20)
    waiting = StatisticsChange.objects.count()
    monkeypatch.setattr(fold, "_say_as_of", _cut_off)
    with pytest.raises(KeyboardInterrupt):
        fold.fold(project=compared, at=story.at)
    monkeypatch.undo()
    assert StatisticsChange.objects.count() == waiting > 0
    assert reading.of(compared).annotations == before
    assert folded(compared).annotations > before
    assert differences(compared) == []


def _cut_off(*args, **keywords):
    raise KeyboardInterrupt


@pytest.mark.django_db(transaction=True)
def test_of_two_folders_one_folds_and_the_other_leaves_at_once(project):
    make_sample(project)
    with transaction.atomic():
        fold.wait_for_turn(project)
        assert start(lambda: fold.fold(project=project, at=NOW)).result(timeout=20) == 0
    assert fold.fold(project=project, at=NOW) > 0
    assert reading.of(project).total == 1
