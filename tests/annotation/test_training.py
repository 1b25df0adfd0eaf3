"""Training: what a newcomer is given first, what they are told at once, and that it measures nobody."""

import pytest
from gold_story import LATER, answer_gold, hand_gold, make_gold, project_with_test
from past_the_services import add, change, refused
from pilots import plain, write_pilot
from story import MINUTE, NOW, answer, claim, crowd, join, make_sample, make_user, rate
from training_story import learn, make_training, next_for

from annotation.datasets.pilot import PilotFolder
from annotation.models import Annotator, Assignment, GoldAnswer, Sample
from annotation.services import (
    disputes,
    gold,
    gold_accuracy,
    importing,
    leases,
    person_figures,
    qualification,
    quality_rules,
    submission,
    training,
)
from annotation.services.disputes import DisputeRefused
from annotation.services.gold import GoldRefused
from annotation.services.submission import NotCorrectable


@pytest.fixture
def lessons(project):
    return [make_training(project, f"t{number}", overall=4, note="Four, because.") for number in (1, 2)]


def person(annotator):
    annotator.refresh_from_db()
    return annotator


# --- who gets it, and when -----------------------------------------------------------------------------------------
def test_a_newcomer_learns_first_and_then_works(project, lessons, ana):
    work = make_sample(project, "work")
    first = next_for(ana)
    assert (first.sample_id, first.is_gold, training.is_training(first)) == (lessons[0].pk, True, True)
    assert training.progress(ana) == training.Progress(at=1, of=2)
    learn(ana, 4)
    assert person(ana).trained_at is None
    assert next_for(ana).sample_id == lessons[1].pk
    assert training.progress(ana) == training.Progress(at=2, of=2)
    learn(ana, 1, at=NOW + MINUTE)
    assert person(ana).trained_at == NOW + MINUTE
    assert next_for(ana).sample_id == work.pk


def test_everybody_learns_in_the_same_order_whatever_the_ranks(project, ana, ben):
    made = [make_training(project, f"t{number}", overall=4).pk for number in range(6)]
    for newcomer in (ana, ben):
        given = []
        for _ in made:
            given.append(next_for(newcomer).sample_id)
            learn(newcomer, 4)
        assert given == made


def test_the_test_comes_after_training(db):
    project = project_with_test(size=1)
    make_gold(project, overall=4)
    make_training(project, overall=2)
    ana = join(project, "ana")
    assert not qualification.may_begin(ana)
    assert training.is_training(next_for(ana))
    assert not qualification.may_begin(person(ana)), "the last one in hand is still training, also after a reload"
    learn(ana, 6)
    assert qualification.may_begin(person(ana))
    assert qualification.remaining(ana) == 1
    lease = next_for(ana)
    assert (lease.is_gold, training.is_training(lease)) == (True, False)
    assert not qualification.may_begin(person(ana))
    learn(ana, 4)
    assert person(ana).is_qualified


def test_who_has_begun_is_not_sent_back(project, sample, ana, ben):
    claim(sample, by=ana)
    make_training(project, overall=4)
    assert person(ana).trained_at == NOW
    assert not training.is_in_training(ana)
    assert training.is_in_training(person(ben))


def test_people_without_an_account_have_learned_elsewhere(project, lessons, sample):
    (stranger,) = crowd(project, 1)
    assert next_for(stranger).sample_id == sample.pk


def test_a_project_without_training_asks_nothing(project, sample, ana):
    assert next_for(ana).sample_id == sample.pk


def test_a_skipped_lesson_is_had_and_one_that_was_given_back_comes_again(project, lessons, ana):
    lease = next_for(ana)
    leases.release(assignment=lease, at=NOW)
    assert next_for(ana).sample_id == lessons[0].pk
    leases.skip(assignment=next_for(ana), reason="broken", at=NOW)
    assert next_for(ana).sample_id == lessons[1].pk
    assert person(ana).trained_at is None
    leases.skip(assignment=next_for(ana), reason="broken", at=NOW)
    assert person(ana).trained_at == NOW


def test_lessons_for_other_skills_are_no_obstacle(project, sample, ana):
    other = make_sample(project, "t1", requires=["ko"])
    gold.write(sample_id=other.pk, given=answer(overall=4).given, by=make_user("rita"), note="", at=NOW, teaches=True)
    assert next_for(ana).sample_id == sample.pk
    assert person(ana).trained_at == NOW


def test_gold_is_no_lesson_and_a_lesson_is_no_gold(project, lessons, ana):
    project.gold_rate = 0.5
    project.save()
    measured = make_gold(project, "g1", overall=4)
    for _ in lessons:
        learn(ana, 4)
    given = {lease.sample_id for _ in range(40) if (lease := next_for(ana)) and not submit(lease)}
    assert given <= {measured.pk}


def submit(lease):
    submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)


# --- what is told -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "verdict", "steps"), [(4, "as_known", 0), (5, "near", 1), (3, "near", 1), (6, "off", 2), (1, "off", 3)]
)
def test_what_was_said_stands_beside_what_is_known_at_once(project, lessons, ana, said, verdict, steps):
    lease = next_for(ana)
    learn(ana, said)
    feedback = training.feedback(lease)
    (told,) = feedback.told
    assert (told.known, told.said, told.verdict, told.steps) == (4, said, verdict, steps)
    assert feedback.note == "Four, because."


def test_it_cannot_be_corrected_once_the_answer_was_shown(project, lessons, ana):
    lease = next_for(ana)
    learn(ana, 1)
    with pytest.raises(NotCorrectable, match="was shown to you"):
        submission.correct(assignment_id=lease.pk, answer=answer(overall=4), at=NOW)


def test_it_is_disputed_at_once_also_where_gold_is_not_shown(project, lessons, ana):
    project.shows_gold_accuracy = False
    project.save()
    lease = next_for(ana)
    learn(ana, 1)
    opened = disputes.dispute(assignment=person_of(lease), text="It is one.", at=NOW)
    assert list(disputes.open_disputes(project)) == [opened]
    disputes.overturn(dispute_id=opened.pk, by=make_user("rita"), reply="Right.", at=NOW, given=answer(overall=1).given)
    (told,) = training.feedback(person_of(lease)).told
    assert (told.known, told.verdict) == (1, "as_known")
    lessons[0].refresh_from_db()
    assert lessons[0].purpose == Sample.Purpose.TRAINING
    assert training.progress(ana) == training.Progress(at=1, of=2)


def person_of(lease):
    return type(lease).objects.select_related("annotator__project", "sample__project").get(pk=lease.pk)


def test_where_gold_is_not_shown_its_answers_are_neither_told_nor_disputed(project, ana):
    measured = make_gold(project, overall=4)
    answer_gold(measured, by=ana, overall=1)
    project.shows_gold_accuracy = False
    project.save()
    ana = person_with_project(ana)
    assert disputes.results_of(ana, at=LATER) == []
    assert disputes.told_accuracy(ana, at=LATER).value is None
    with pytest.raises(DisputeRefused, match="those of the training alone"):
        disputes.dispute(assignment=person_of(ana.assignments.get()), text="No.", at=LATER)


def person_with_project(annotator):
    return Annotator.objects.select_related("project").get(pk=annotator.pk)


# --- it measures nobody -------------------------------------------------------------------------------------------
def test_it_measures_nobody(project, lessons, ana, ada):
    quality_rules.add(project=project, by=ada, at=NOW, measure="gold_accuracy", limit=0.9, minimum=1, action="warn")
    for _ in lessons:
        learn(ana, 1)
    person_figures.refresh(project=project, at=LATER)
    assert gold_accuracy.accuracies(project) == {}
    assert gold_accuracy.refresh_weights(project=project) == 0
    assert quality_rules.apply(project=project, at=LATER) == []
    assert disputes.results_of(ana, at=LATER) == []
    figures = person_with_project(ana).figures.figures
    assert [figures[name] for name in ("answered", "counted", "gold", "skipped", "timed")] == [0] * 5
    assert figures["skip_share"] is None


def test_reviewers_see_how_people_do_on_each_lesson(project, lessons, ana):
    learn(ana, 1)
    assert gold_accuracy.accuracies_on(project, [lessons[0].pk])[lessons[0].pk].value == 0


def test_it_neither_fills_nor_decides_the_sample(project, lessons, ana):
    learn(ana, 1)
    lessons[0].refresh_from_db()
    assert (lessons[0].state, lessons[0].target, lessons[0].counted_count) == ("open", 0, 0)


def test_too_few_gold_samples_are_missed_however_many_teach(db):
    project = project_with_test(size=2)
    make_training(project, "t1", overall=4)
    make_gold(project, "g1", overall=4)
    assert "hands out 1" in qualification.problem(project)


# --- how one is made ----------------------------------------------------------------------------------------------
def test_what_measures_may_teach_until_somebody_was_given_it(project, ana, rita):
    sample = make_gold(project, overall=4)
    about = {"sample_id": sample.pk, "given": answer(overall=4).given, "by": rita, "note": "", "at": NOW}
    assert gold.write(**about, teaches=True).teaches
    assert gold.write(**about, teaches=False).rank == sample.rank
    hand_gold(sample, by=ana)
    with pytest.raises(GoldRefused, match="measures people, and somebody was given it"):
        gold.write(**about, teaches=True)


@pytest.fixture
def folder(db, tmp_path):
    """Five samples, three of which teach."""
    rows = [
        f"s{number},helpfulness,{value},0,{note}"
        for number, value, note in [(3, 4, "Because."), (1, 2, ""), (4, 1, "Short.")]
    ]
    table = "\n".join(["sample_id,attribute,value,response,note", *rows, ""])
    return PilotFolder.open(write_pilot(tmp_path, [plain(f"s{number}") for number in range(5)], training=table))


def test_training_is_imported_in_the_order_of_its_file_with_its_notes(folder):
    new = importing.import_pilot(folder=folder, slug="taught", at=NOW, with_training=True)
    assert (new.training, new.gold) == (3, 0)
    order = GoldAnswer.objects.filter(teaches=True).order_by("rank").values_list("sample__external_id", "note")
    assert list(order) == [("s3", "Because."), ("s1", ""), ("s4", "Short.")]
    assert set(Sample.objects.filter(target=0).values_list("purpose", flat=True)) == {"training"}
    again = importing.import_pilot(folder=folder, slug="taught", at=NOW, with_training=True)
    assert again.training == 0


def test_without_being_asked_for_it_is_left_alone(folder):
    assert importing.import_pilot(folder=folder, slug="taught", at=NOW).training == 0
    assert not GoldAnswer.objects.exists()


def test_without_the_file_the_import_says_so(folder):
    (folder.path / "training.csv").unlink()
    with pytest.raises(GoldRefused, match=r"no training\.csv"):
        importing.import_pilot(folder=folder, slug="taught", at=NOW, with_training=True)


# --- what the database refuses ------------------------------------------------------------------------------------
def test_a_sample_and_its_answer_say_the_same_of_what_it_is_for(project, lessons):
    measured = make_gold(project, "g1", overall=4)
    with refused("say differently"):
        change(measured, purpose="training")
    with refused("say differently"):
        change(lessons[0], purpose="gold")


def test_what_measures_or_teaches_is_no_work(project, lessons, ana):
    about = {"lease_place": 0, "claimed_at": NOW, "lease_expires_at": LATER, "shown_order": [0]}
    with refused("is for training, and no work"):
        add(Assignment, sample=lessons[0], annotator=ana, **about)


def test_work_that_was_rated_is_not_taught_with(project, sample, ana, rita):
    rate(sample, by=ana, overall=3)
    with pytest.raises(GoldRefused, match="has begun"):
        gold.write(sample_id=sample.pk, given=answer(overall=4).given, by=rita, note="", at=NOW, teaches=True)
