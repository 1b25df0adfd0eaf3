"""People and judges together: the merged value stands beside the human one, and never moves it."""

import pytest
from django.db import connection
from races import start
from story import (
    NOW,
    claim,
    correct,
    crowd,
    decided_long_ago,
    label_of,
    make_project,
    make_sample,
    rate,
    rate_overall,
    settle,
    state_of,
)

from annotation.models import ConsensusLabel, MergeFit, ReviewItem
from annotation.services import adjudication, figures, judging, leases, merging
from annotation.services.judging import JudgeIdentity, Verdict

LEVELS = 6
pytestmark = pytest.mark.django_db


def odds_for(value, sure=0.9):
    rest = (1 - sure) / (LEVELS - 1)
    return [sure if level == value else rest for level in range(1, LEVELS + 1)]


def enable(project, name="robo"):
    return judging.enable(project=project, identity=JudgeIdentity("external", name))


def speak(project, judge, said, sure=0.9):
    """said: sample -> value"""
    verdicts = [Verdict(sample.pk, [value], [odds_for(value, sure)]) for sample, value in said.items()]
    return judging.post(project=project, judge=judge, verdicts=verdicts)


def judged_by_people(project, how_many, values=lambda number: (4, 4, 4)):
    return decided_long_ago(project, [values(number) for number in range(how_many)]) if how_many else []


def by_turns(number):
    low = number % 5 + 1
    return (low, low, low + 1)


def merge(project):
    return merging.merge_project(project=project, at=NOW, at_once=True)  # whatever time the last one took


def test_under_fifty_samples_judges_weigh_nothing_and_the_merged_value_is_the_human_one(project):
    samples = judged_by_people(project, 12, by_turns)
    speak(project, enable(project), dict.fromkeys(samples, 6))
    assert merge(project) == 12
    fit = MergeFit.objects.get()
    assert (fit.weight, fit.sample_count, fit.details["reason"]) == (0, 12, "too_few_samples")
    for sample in samples:
        assert label_of(sample).merged_value == label_of(sample).human_value


def test_without_a_judge_the_merged_value_is_the_human_one(project):
    [sample] = judged_by_people(project, 1)
    merge(project)
    assert (label_of(sample).merged_value, MergeFit.objects.get().details["reason"]) == (4, "no_judge")


def test_a_project_without_annotations_is_merged_without_complaint(project):
    make_sample(project)
    assert merge(project) == 0


@pytest.mark.django_db(transaction=True)
def test_merging_twice_does_nothing():
    project = make_project()
    samples = judged_by_people(project, 3)
    speak(project, enable(project), dict.fromkeys(samples, 4))
    assert merge(project) == 3
    settle(project)
    fits = list(MergeFit.objects.values_list("pk", "is_current"))
    assert merge(project) == 0
    assert list(MergeFit.objects.values_list("pk", "is_current")) == fits
    assert ConsensusLabel.objects.filter(is_current=True).count() == 3


def test_a_merged_label_is_a_revision_and_the_human_one_stays_readable(project):
    [sample] = judged_by_people(project, 1)
    merge(project)
    rows = sample.labels.order_by("revision").values_list("revision", "human_value", "merged_value", "is_current")
    assert list(rows) == [(1, 4, None, False), (2, 4, 4, True)]
    assert sum(label_of(sample).probabilities) == pytest.approx(1, abs=0.001)


def test_a_new_annotation_or_judgment_is_noticed(project):
    samples = judged_by_people(project, 2)
    merge(project)
    speak(project, enable(project), {samples[0]: 5})
    assert not merging.is_up_to_date(project)
    merge(project)
    rate(make_sample(project, "new"), by=crowd(project, 3)[0], overall=3)
    assert not merging.is_up_to_date(project)


def test_a_label_that_came_without_a_new_annotation_is_merged_too(project):
    """The fifth person gives the sample back: it is resolved by those who came, after the last merge."""
    ana, ben, cleo, dan, eve = crowd(project, 5)
    sample = make_sample(project)
    rate_overall(sample, {ana: 1, ben: 4, cleo: 4})
    lease = claim(sample, by=eve)
    rate_overall(sample, {dan: 4})
    merge(project)
    leases.skip(assignment=lease, reason="broken", at=NOW)
    assert state_of(sample) == "resolved"
    merge(project)
    assert label_of(sample).merged_value == 4


@pytest.fixture
def measured(project):
    """Sixty samples that people and a good judge see alike."""
    samples = judged_by_people(project, 60, by_turns)
    speak(project, enable(project), {sample: number % 5 + 1 for number, sample in enumerate(samples)})
    return samples


def test_a_good_judge_earns_a_weight_on_fifty_samples(project, measured):
    merge(project)
    fit = MergeFit.objects.get()
    assert 0 < fit.weight <= 1
    assert fit.sample_count == 60
    assert fit.details["log_likelihood_merged"] > fit.details["log_likelihood_people"]
    assert [judge.name for judge in fit.judges.all()] == ["robo"]


def test_merging_never_touches_a_human_value(project, measured):
    before = dict(ConsensusLabel.objects.filter(is_current=True).values_list("sample_id", "human_value"))
    merge(project)
    assert dict(ConsensusLabel.objects.filter(is_current=True).values_list("sample_id", "human_value")) == before


def test_a_new_fit_takes_the_place_of_the_old_one(project, measured):
    merge(project)
    judging.enable(project=project, identity=JudgeIdentity("external", "robo 2"))
    speak(project, enable(project, "robo 2"), dict.fromkeys(measured[:5], 3))
    merge(project)
    assert sorted(MergeFit.objects.values_list("is_current", flat=True)) == [False, True]


def test_a_label_that_a_reviewer_set_is_not_merged(project, measured, rita):
    given = [{"attribute": "overall", "value": 6}]
    adjudication.set_label(sample_id=measured[0].pk, given=given, by=rita, note="", cause="", at=NOW)
    merge(project)
    assert (label_of(measured[0]).human_value, label_of(measured[0]).merged_value) == (6, None)


@pytest.fixture
def well_measured(project):
    """Two hundred and ten samples; of the last one the judge is sure of something else."""
    samples = judged_by_people(project, 210, by_turns)
    doubted = make_sample(project, "doubted")
    rate_overall(doubted, dict(zip(crowd(project, 3), (1, 2, 3), strict=True)))
    said = {sample: by_turns(number)[0] for number, sample in enumerate(samples)}
    speak(project, enable(project), {**said, doubted: 5}, sure=0.999)
    return doubted


def test_a_label_that_well_measured_judges_find_hard_to_believe_is_shown_to_a_reviewer(project, well_measured):
    merge(project)
    item = ReviewItem.objects.get()
    assert (item.sample, item.kind) == (well_measured, "judge_disagrees")
    assert item.details["probability"] < 0.2
    assert (state_of(well_measured), label_of(well_measured).human_value) == ("resolved", 2)


def test_once_is_enough(project, well_measured):
    merge(project)
    ReviewItem.objects.update(closed_at=NOW)
    rate(make_sample(project, "new"), by=crowd(project, 3)[0], overall=3)
    merge(project)
    assert ReviewItem.objects.count() == 1


def test_with_fewer_samples_no_label_is_doubted(project, measured):
    merge(project)
    assert not ReviewItem.objects.exists()


# --- what outside judges may send must never stop the merging of a project --------------------------------------
def test_probabilities_that_were_taken_in_can_be_merged(project):
    """Rounded to four digits they sum to 0.9999; whoever lets that in must be able to use it."""
    [sample] = judged_by_people(project, 1)
    judge = enable(project)
    rounded = [0.1666, 0.1666, 0.1666, 0.1667, 0.1667, 0.1667]
    try:
        judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4], [rounded])])
    except judging.JudgmentRefused:
        return
    merge(project)
    assert label_of(sample).merged_value == 4


def test_a_judge_that_gives_probabilities_only_sometimes_is_heard_both_times(project):
    samples = judged_by_people(project, 60, by_turns)
    judge = enable(project)
    values = {sample: number % 5 + 1 for number, sample in enumerate(samples)}
    half = dict(list(values.items())[:5])
    speak(project, judge, half)
    judging.post(
        project=project,
        judge=judge,
        verdicts=[Verdict(sample.pk, [value]) for sample, value in values.items() if sample not in half],
    )
    merge(project)
    assert MergeFit.objects.get().sample_count == 60


# --- figures ----------------------------------------------------------------------------------------------------
def test_figures_come_from_first_rounds(project, measured):
    merge(project)
    assert figures.refresh(project=project, at=NOW)
    kept = project.figures.figures
    assert (kept["samples"]["decided"], kept["samples"]["annotations"]) == (60, 180)
    assert kept["weights"][0]["samples"] == 60
    assert 0 < kept["reliability"][0]["alpha"]["value"] <= 1


@pytest.mark.parametrize("how_many", [0, 1, 2])
def test_figures_of_a_tiny_project_say_in_words_what_is_undefined(project, how_many):
    judged_by_people(project, how_many)
    figures.refresh(project=project, at=NOW)
    alpha = project.figures.figures["reliability"][0]["alpha"]
    assert alpha["value"] is None
    assert alpha["undefined"]


def test_reliability_is_measured_on_first_rounds_only(project):
    sample, people = make_sample(project), crowd(project, 5)
    rate_overall(sample, dict(zip(people, (1, 6, 6, 6, 6), strict=True)))
    figures.refresh(project=project, at=NOW)
    [row] = merging.evidence.first_rounds(project)
    assert row.ratings.tolist() == [[1, 6, 6]]


@pytest.mark.django_db(transaction=True)
def test_a_person_who_corrects_does_not_wait_for_a_running_merge(monkeypatch):
    """The model side never holds the human side up: the merge has revised the label and goes on with others."""
    project = make_project()
    sample, people = make_sample(project), crowd(project, 5)
    decided_long_ago(project, [(4, 4, 4)] * 3)
    [first, *_] = [rate(sample, by=person, overall=4) for person in people[:3]]
    revise, receipts = merging._revise, []

    def revise_and_be_corrected(label, *rest):
        revised = revise(label, *rest)
        if label.sample_id == sample.pk:
            receipts.append(start(lambda: correct_within_seconds(first)).result(timeout=20))
        return revised

    monkeypatch.setattr(merging, "_revise", revise_and_be_corrected)
    merge(project)
    assert receipts[0].counted
    assert state_of(sample) == "escalated"


def correct_within_seconds(receipt):
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '3s'")
    return correct(receipt, overall=1)


def test_a_merge_that_was_cut_off_is_taken_up_again(project, monkeypatch):
    """Killed after the new weights were stored and before the labels were revised: the rows must still say so."""
    samples = judged_by_people(project, 60, by_turns)
    merge(project)
    speak(project, enable(project), {sample: number % 5 + 1 for number, sample in enumerate(samples)})
    monkeypatch.setattr(merging, "_revise_labels", killed)
    with pytest.raises(KeyboardInterrupt):
        merge(project)
    monkeypatch.undo()
    assert not merging.is_up_to_date(project)
    assert merge(project) > 0


def killed(*args):
    raise KeyboardInterrupt
