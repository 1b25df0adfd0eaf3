"""Gold samples: how they come to be, what they measure, and what the database itself refuses."""

import pytest
from django.core.management import CommandError, call_command
from gold_story import LATER, answer_gold, hand_gold, know, make_gold, make_slice
from past_the_services import add, change, refused
from pilots import plain, write_pilot
from story import (
    MINUTE,
    NOW,
    OVERALL,
    PREFERENCE,
    State,
    answer,
    crowd,
    join,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    make_user,
    rate,
    scale,
    state_of,
)

from annotation.datasets.pilot import PilotFolder
from annotation.models import Annotator, ConsensusLabel, GoldAnswer, Policy, Project, ReviewItem, Sample
from annotation.ratings import RatingsRefused
from annotation.services import (
    adjudication,
    claiming,
    figures,
    gold,
    gold_accuracy,
    importing,
    leases,
    projects,
    submission,
    versions,
)
from annotation.services.gold import GoldRefused


def accuracy(person: Annotator) -> float | None:
    return gold_accuracy.accuracy_of(person).value


# --- written by a reviewer --------------------------------------------------------------------------------------
def test_a_sample_with_a_written_answer_is_no_work_any_more(project, sample, ana):
    known = know(sample, overall=4, note="It answers the question.")
    sample.refresh_from_db()
    assert (sample.purpose, sample.state, sample.target, sample.open_slots) == ("gold", "open", 0, 0)
    assert (known.source, known.ratings, known.revision, known.rank) == ("written", [4], 1, sample.rank)
    assert claiming.claim_next(annotator=ana, at=NOW) is None
    assert sample.events.get().reason == "gold_answer"


def test_a_gold_sample_of_the_random_slice_leaves_the_slice(project, sample):
    Sample.objects.update(is_fixed_overlap=True)
    know(sample, overall=4)
    assert not Sample.objects.get().is_fixed_overlap


def test_the_same_answer_again_changes_nothing_and_another_one_is_a_revision(project, sample):
    first = know(sample, overall=4)
    assert know(sample, overall=4) == first
    second = know(sample, overall=5)
    assert [(a.revision, a.is_current) for a in GoldAnswer.objects.order_by("pk")] == [(1, False), (2, True)]
    assert second.revision == 2


@pytest.mark.parametrize("what", ["leased", "given back", "judged", "excluded"])
def test_a_sample_on_which_work_has_begun_stays_work(project, sample, ana, rita, what):
    if what == "excluded":
        adjudication.exclude(sample_id=sample.pk, by=rita, note="", cause="", at=NOW)
    elif what == "judged":
        rate(sample, by=ana, overall=3)
    else:
        claiming.claim_next(annotator=ana, at=NOW)
        sample.assignments.filter(state="leased").update(
            **({"state": "released", "lease_place": None} if what == "given back" else {})
        )
    with pytest.raises(GoldRefused, match="Work on sample s1 has begun"):
        know(sample, overall=4)
    assert Sample.objects.get().purpose == "work"
    assert not GoldAnswer.objects.exists()


def test_an_answer_judges_something_and_stays_on_its_scale(project, sample):
    with pytest.raises(GoldRefused, match="judges nothing"):
        know(sample)
    with pytest.raises(RatingsRefused, match="off its scale"):
        know(sample, overall=9)
    assert Sample.objects.get().purpose == "work"


def test_a_training_sample_stays_one_when_its_answer_is_written(project, sample):
    Sample.objects.update(purpose="training", target=0)
    assert know(sample, overall=4).teaches
    assert gold_accuracy.accuracies(project) == {}
    sample.refresh_from_db()
    assert sample.purpose == Sample.Purpose.TRAINING


def test_a_retired_gold_sample_is_handed_out_no_more_and_still_measures(project, ana, rita):
    sample = make_gold(project, overall=4)
    answer_gold(sample, by=ana, overall=1)
    known = sample.gold_answers.get()
    gold.retire(answer=known, by=rita, at=NOW)
    gold.retire(answer=known, by=rita, at=NOW)
    assert (GoldAnswer.objects.get().is_served, accuracy(ana)) == (False, 0.0)
    gold.serve(answer=known, by=rita, at=NOW)
    assert GoldAnswer.objects.get().is_served
    assert list(sample.events.order_by("pk").values_list("reason", flat=True)) == [
        "gold_answer",
        "gold_retired",
        "gold_served",
    ]


def test_an_answer_that_was_replaced_cannot_be_retired(project, rita):
    sample = make_gold(project, overall=4)
    old = sample.gold_answers.get()
    know(sample, overall=5)
    with pytest.raises(GoldRefused, match="not the answer of its sample any more"):
        gold.retire(answer=old, by=rita, at=NOW)


def test_the_sample_that_is_offered_was_given_to_nobody(project, ana):
    assert gold.unused_sample(project) is None
    first, second, third = make_samples(project, 3)
    rate(first, by=ana, overall=3)
    know(second, overall=3)
    assert gold.unused_sample(project) == third


# --- the measure ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("said", "score"), [(4, 1.0), (5, 1.0), (3, 1.0), (2, 0.0), (6, 0.0)])
def test_what_settles_people_with_each_other_is_right(project, ana, said, score):
    answer_gold(make_gold(project, overall=4), by=ana, overall=said)
    assert accuracy(ana) == score


def test_the_policys_own_limit_counts_and_a_later_one_measures_everybody_anew(project, ana):
    answer_gold(make_gold(project, overall=4), by=ana, overall=2)
    assert accuracy(ana) == 0.0
    projects.write_policy(project=project, triggers={"overall": {"escalate_above": 3, "settle_within": 2}})
    assert gold_accuracy.accuracy_of(Annotator.objects.get(pk=ana.pk)).value == 1.0


def test_names_are_the_same_or_they_are_wrong(db):
    project = make_project(attributes=[OVERALL, scale("topic", 1, 2, 3, level="nominal", trigger=True)])
    projects.write_policy(project=project, triggers={"topic": {"escalate_above": 1, "settle_within": 1}})
    ana = join(project, "ana")
    answer_gold(make_gold(project, topic=2), by=ana, overall=1, topic=3)
    assert accuracy(ana) == 0.0


def test_places_without_a_known_answer_are_not_judged_and_the_others_count_alike(db):
    project = make_project(attributes=[OVERALL, scale("style", 0, 1, 2), scale("tone", 0, 1, 2)])
    ana = join(project, "ana")
    answer_gold(make_gold(project, overall=4, style=0), by=ana, overall=4, style=2, tone=1)
    assert accuracy(ana) == 0.5


def test_neither_valid_is_wrong_on_every_judged_place(db):
    project = make_project(attributes=[PREFERENCE])
    ana = join(project, "ana")
    answer_gold(make_gold(project, sample=make_pair(project), preference=1), by=ana, neither_valid=True, preference=1)
    assert accuracy(ana) == 0.0


def test_an_optional_rating_that_was_left_out_is_wrong_where_it_is_judged(db):
    project = make_project(attributes=[OVERALL, scale("style", 0, 1, 2, optional=True)])
    ana = join(project, "ana")
    answer_gold(make_gold(project, overall=4, style=1), by=ana, overall=4)
    assert accuracy(ana) == 0.5


def test_a_skip_measures_nobody(project, ana):
    sample = make_gold(project, overall=4)
    leases.skip(assignment=hand_gold(sample, by=ana), reason="broken", at=NOW)
    found = gold_accuracy.accuracy_of(ana)
    assert (found.value, found.count, found.undefined) == (None, 0, "No gold sample was answered yet.")
    assert state_of(sample) == State.OPEN


def test_an_answer_to_work_measures_nobody_even_when_the_sample_was_promoted(project):
    people = crowd(project, 4)
    make_slice(project, [4, 4, 4, 4], people)
    assert gold.promote_unanimous(project=project, at=LATER) == 1
    assert gold_accuracy.accuracies(project) == {}


def test_a_correction_is_what_counts(project, ana):
    receipt = answer_gold(make_gold(project, overall=4), by=ana, overall=1)
    submission.correct(assignment_id=receipt.annotation.assignment_id, answer=answer(overall=4), at=NOW + MINUTE)
    assert accuracy(ana) == 1.0


def test_an_answer_under_an_older_rubric_is_measured_where_it_was_asked_the_same(project, ana, ben):
    sample = make_gold(project, overall=4)
    answer_gold(sample, by=ana, overall=4)
    projects.write_rubric(project=project, attributes=[scale("style", 0, 1, 2), OVERALL])
    newer = Project.objects.get(pk=project.pk)
    gold.write(
        sample_id=sample.pk,
        given=answer(overall=4, style=2).given,
        by=make_user("rita"),
        note="",
        at=NOW,
    )
    answer_gold(sample, by=Annotator.objects.get(pk=ben.pk), overall=4, style=0)
    found = gold_accuracy.accuracies(newer)
    assert (found[ana.pk].value, found[ben.pk].value) == (1.0, 0.5)  # ana was never asked for style


def test_an_answer_on_another_scale_is_not_compared(project, ana):
    sample = make_gold(project, overall=6)
    projects.write_rubric(project=project, attributes=[scale("overall", 7, 8, 9)])
    answer_gold(sample, by=Annotator.objects.get(pk=ana.pk), overall=7)
    assert gold_accuracy.accuracies(Project.objects.get(pk=project.pk)) == {}


def test_everybodys_accuracy_takes_one_query_for_the_answers(project, django_assert_num_queries):
    people = crowd(project, 5)
    samples = [make_gold(project, f"g{number}", overall=4) for number in range(3)]
    for sample in samples:
        for number, person in enumerate(people):
            answer_gold(sample, by=person, overall=4 if number else 1)
    fresh = Project.objects.get(pk=project.pk)
    with django_assert_num_queries(3):  # the rubrics, the policy, and all answers with what is known
        found = gold_accuracy.accuracies(fresh)
    assert [found[person.pk].value for person in people] == [0.0, 1.0, 1.0, 1.0, 1.0]
    assert found[people[1].pk].count == 3
    assert gold_accuracy.accuracy_of(people[1]) == found[people[1].pk]


def test_the_accuracy_up_to_a_time_leaves_later_answers_out(project, ana):
    answer_gold(make_gold(project, "g1", overall=4), by=ana, overall=4, at=NOW)
    answer_gold(make_gold(project, "g2", overall=4), by=ana, overall=1, at=LATER)
    assert gold_accuracy.accuracy_of(ana, until=NOW).value == 1.0
    assert gold_accuracy.accuracies(project, until=NOW)[ana.pk].count == 1
    assert gold_accuracy.accuracy_of(ana).value == 0.5


# --- weights ----------------------------------------------------------------------------------------------------
def test_weights_are_shrunk_and_empty_for_whom_no_gold_speaks(project, ana, ben, cleo):
    for number in range(5):
        sample = make_gold(project, f"g{number}", overall=4)
        answer_gold(sample, by=ana, overall=4)
        answer_gold(sample, by=ben, overall=1)
    assert gold_accuracy.refresh_weights(project=project) == 2
    weights = dict(project.annotators.values_list("external_id", "weight"))
    assert weights == {"ana": pytest.approx(0.75), "ben": pytest.approx(0.25), "cleo": None}


def test_a_weight_that_hardly_moves_is_not_written(project, ana, ben):
    for number in range(5):
        answer_gold(make_gold(project, f"g{number}", overall=4), by=ana, overall=4)
    gold_accuracy.refresh_weights(project=project)
    Annotator.objects.filter(pk=ana.pk).update(weight=1 - 0.0009, nothing_before=7)
    Annotator.objects.filter(pk=ana.pk).update(nothing_before=7)  # the change of the weight had reset it
    assert gold_accuracy.refresh_weights(project=project) == 0
    ana.refresh_from_db()
    assert (ana.weight, ana.nothing_before) == (1 - 0.0009, 7)


def test_a_weight_goes_when_its_last_known_answer_was_set_aside(project, ana, rita):
    sample = make_gold(project, overall=4)
    answer_gold(sample, by=ana, overall=4)
    gold_accuracy.refresh_weights(project=project)
    gold.set_aside(sample=sample, by=rita, at=NOW)
    assert gold_accuracy.refresh_weights(project=project) == 1
    ana.refresh_from_db()
    assert ana.weight is None


# --- promotion --------------------------------------------------------------------------------------------------
@pytest.fixture
def four(project):
    return crowd(project, 4)


def test_unanimity_of_four_in_the_slice_makes_gold_that_stays_work(project, four, ana):
    sample = make_slice(project, [4, 4, 4, 4], four)
    label = ConsensusLabel.objects.values().get()
    before = figures.compute(project)
    exported = list(versions.labelled_samples(project, project.rubric))
    assert gold.promotable(project, at=LATER) == (1, True)
    assert gold.promote_unanimous(project=project, at=LATER) == 1
    known = GoldAnswer.objects.get()
    assert (known.source, known.ratings, known.rank) == ("unanimous", [4], sample.rank)
    sample.refresh_from_db()
    assert (sample.purpose, sample.state, sample.is_fixed_overlap, sample.target) == ("work", "resolved", True, 4)
    assert ConsensusLabel.objects.values().get() == label
    assert figures.compute(project) == before
    assert list(versions.labelled_samples(project, project.rubric)) == exported


def test_an_answer_to_a_promoted_sample_leaves_its_labels_and_figures_alone(project, four, ana):
    sample = make_slice(project, [4, 4, 4, 4], four)
    gold.promote_unanimous(project=project, at=LATER)
    before = figures.compute(project), Sample.objects.values().get(), ConsensusLabel.objects.values().get()
    answer_gold(sample, by=ana, overall=1, at=LATER)
    assert (figures.compute(project), Sample.objects.values().get(), ConsensusLabel.objects.values().get()) == before
    assert accuracy(ana) == 0.0
    assert not ReviewItem.objects.exists()


def test_promoting_twice_is_once(project, four):
    make_slice(project, [4, 4, 4, 4], four)
    assert gold.promote_unanimous(project=project, at=LATER) == 1
    assert gold.promote_unanimous(project=project, at=LATER) == 0
    assert gold.promotable(project, at=LATER) == (0, True)


def test_one_who_differs_is_enough_to_promote_nothing(project, four):
    make_slice(project, [4, 4, 4, 5], four)
    assert gold.promote_unanimous(project=project, at=LATER) == 0


def test_three_are_not_enough(project, four):
    make_slice(project, [4, 4, 4], four[:3])
    assert gold.promote_unanimous(project=project, at=LATER) == 0


def test_outside_the_slice_unanimity_is_no_gold(project, four):
    make_slice(project, [4, 4, 4, 4], four)
    Sample.objects.update(is_fixed_overlap=False)
    assert gold.promote_unanimous(project=project, at=LATER) == 0


def test_nobody_is_promoted_while_somebody_may_still_correct_themselves(project, four):
    make_slice(project, [4, 4, 4, 4], four)
    assert gold.promote_unanimous(project=project, at=NOW + 9 * MINUTE) == 0


def test_a_sample_that_a_reviewer_settled_or_somebody_doubts_is_not_promoted(project, four, rita):
    settled, doubted = (make_slice(project, [4, 4, 4, 4], four, name) for name in ("s1", "s2"))
    given = [{"attribute": "overall", "value": 4}]
    adjudication.set_label(sample_id=settled.pk, given=given, by=rita, note="", cause="", at=NOW)
    ReviewItem.objects.create(sample=doubted, kind=ReviewItem.Kind.JUDGE_DISAGREES, opened_at=NOW)
    assert gold.promote_unanimous(project=project, at=LATER) == 0


def test_only_what_triggers_must_be_the_same_and_is_known_then(db):
    project = make_project(attributes=[OVERALL, scale("style", 0, 1, 2)])
    people = crowd(project, 4)
    sample = make_sample(project)
    Sample.objects.update(is_fixed_overlap=True, target=4)
    for person, style in zip(people, (0, 1, 2, 0), strict=True):
        rate(sample, by=person, overall=4, style=style)
    assert Policy.objects.get().triggers.keys() == {"overall"}
    assert gold.promote_unanimous(project=project, at=LATER) == 1
    assert GoldAnswer.objects.get().ratings == [4, None]


def test_a_promoted_sample_may_get_another_answer_and_stays_work(project, four):
    sample = make_slice(project, [4, 4, 4, 4], four)
    gold.promote_unanimous(project=project, at=LATER)
    know(sample, overall=6)
    sample.refresh_from_db()
    assert (sample.purpose, sample.target) == ("work", 4)
    assert sample.gold_answers.get(is_current=True).revision == 2


# --- imported ---------------------------------------------------------------------------------------------------
GOLD_ROWS = "sample_id,attribute,value,response\na,helpfulness,3,0\na,helpfulness,1,1\nb,preference,-1,\n"


def bring_in(path, **settings):
    return importing.import_pilot(folder=PilotFolder.open(path), slug="helpful", at=NOW, **settings)


@pytest.fixture
def pilot(db, tmp_path):
    return write_pilot(tmp_path / "pilot", [plain("a"), plain("b"), plain("c")], gold=GOLD_ROWS)


def test_gold_is_imported_only_when_it_is_asked_for(pilot):
    assert bring_in(pilot).gold == 0
    assert set(Sample.objects.values_list("purpose", flat=True)) == {"work"}


def test_the_samples_of_gold_csv_become_gold_and_twice_is_once(pilot):
    assert bring_in(pilot, with_gold=True).gold == 2
    assert bring_in(pilot, with_gold=True).gold == 0
    known = {answer.sample.external_id: answer for answer in GoldAnswer.objects.all()}
    assert known["a"].ratings == [3, 1, None]
    assert known["b"].ratings == [None, None, -1]
    assert {answer.source for answer in known.values()} == {"imported"}
    assert dict(Sample.objects.values_list("external_id", "target")) == {"a": 0, "b": 0, "c": 3}


def test_gold_that_a_reviewer_put_right_is_not_put_wrong_by_a_second_import(pilot):
    bring_in(pilot, with_gold=True)
    sample = Sample.objects.get(external_id="b")
    know(sample, preference=1)
    assert bring_in(pilot, with_gold=True).gold == 0
    assert sample.gold_answers.get(is_current=True).ratings[2] == 1


def test_gold_for_a_sample_that_somebody_has_had_is_refused_as_a_whole(pilot):
    bring_in(pilot, allows_directed_claims=True)
    project = Project.objects.get()
    claiming.claim_sample(annotator=join(project, "ana"), sample=project.samples.get(external_id="b"), at=NOW)
    with pytest.raises(GoldRefused, match=r"Work on 1 of the samples in gold\.csv has begun \(b\)"):
        bring_in(pilot, with_gold=True)
    assert not GoldAnswer.objects.exists()
    assert set(Sample.objects.values_list("purpose", flat=True)) == {"work"}


def test_a_folder_without_gold_says_so(db, tmp_path):
    with pytest.raises(GoldRefused, match=r"There is no gold\.csv"):
        bring_in(write_pilot(tmp_path / "pilot", [plain("a")]), with_gold=True)
    assert not Project.objects.exists()


def test_gold_of_a_sample_that_the_project_lacks_is_named(project, tmp_path):
    folder = PilotFolder.open(
        write_pilot(tmp_path / "pilot", [plain("a")], gold="sample_id,attribute,value\na,preference,1\n")
    )
    with pytest.raises(GoldRefused, match="recipes has no sample a"):
        gold.add_from_pilot(project=project, folder=folder, at=NOW)


def test_the_command_says_how_many_are_gold(pilot, capsys):
    call_command("import_pilot", str(pilot), "--slug", "one", "--gold")
    assert "3 samples (2 of them gold, 0 for training)" in capsys.readouterr().out
    (pilot / "gold.csv").unlink()
    with pytest.raises(CommandError, match=r"Nothing was imported\. There is no gold\.csv"):
        call_command("import_pilot", str(pilot), "--slug", "two", "--gold")


# --- what the database refuses ------------------------------------------------------------------------------------
def test_the_database_keeps_gold_without_slots_and_answers_as_they_were(project, rita):
    sample = make_gold(project, overall=4)
    known = sample.gold_answers.get()
    with refused("sample_only_work_has_slots"):
        change(sample, target=3)
    for column, value in {"ratings": [5], "note": "x", "source": "imported", "revision": 2}.items():
        with refused("is frozen"):
            change(known, **{column: value})
    about = {"sample": sample, "project": project, "rubric": project.rubric, "rank": 0, "created_at": NOW}
    with refused("gold_answer_one_current"):
        add(GoldAnswer, **about, revision=2, ratings=[3], source="written")
    with refused("gold_answer_revision_once"):
        add(GoldAnswer, **about, revision=1, ratings=[3], source="written", is_current=False)
    with refused("gold_answer_source_known"):
        add(GoldAnswer, **about, revision=2, ratings=[3], source="guessed", is_current=False)
    with refused("off its scale"):
        add(GoldAnswer, **about, revision=2, ratings=[9], source="written", is_current=False)
    with refused("places"):
        add(GoldAnswer, **about, revision=2, ratings=[3, 3], source="written", is_current=False)


def test_the_database_refuses_gold_across_projects(project, sample):
    other = make_project("other")
    with refused("do not belong together"):
        add(
            GoldAnswer,
            sample=sample,
            project=other,
            rubric=other.rubric,
            ratings=[3],
            source="written",
            rank=0,
            created_at=NOW,
        )


def test_people_begin_at_different_places_of_the_gold(project):
    """With one beginning for all, whoever took the test could tell the next one its samples."""
    for number in range(12):
        make_gold(project, f"g{number}", overall=4)
    people = crowd(project, 8)
    Project.objects.filter(pk=project.pk).update(test_size=3, pass_mark=0.5)
    Annotator.objects.update(is_qualified=False, tested_at=None)
    firsts = {claiming.claim_next(annotator=person, at=LATER).sample_id for person in people}
    assert len(firsts) > 1  # all eight begin at one of twelve places once in thirty-six million times
