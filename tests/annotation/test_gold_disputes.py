"""A person is told of their gold answers when they can no longer be corrected, and may say that gold is wrong."""

import pytest
from gold_story import LATER, answer_gold, hand_gold, know, make_gold
from past_the_services import add, change, refused
from races import together
from story import MINUTE, NOW, make_sample, rate

from annotation.models import GoldAnswer, GoldDispute
from annotation.ratings import RatingsRefused
from annotation.services import disputes, gold_accuracy
from annotation.services.disputes import DisputeRefused
from annotation.services.people import ReasonMissing


def accuracies(project):
    return {person: found.value for person, found in gold_accuracy.accuracies(project).items()}


@pytest.fixture
def wrong_gold(project, ana, ben, cleo):
    """Gold that says 1, where ana and ben said 5, and cleo 1."""
    sample = make_gold(project, overall=1)
    for person, value in {ana: 5, ben: 5, cleo: 1}.items():
        answer_gold(sample, by=person, overall=value)
    return sample


def object_to(sample, *, by, text="It is a good answer.", at=LATER):
    return disputes.dispute(assignment=sample.assignments.get(annotator=by), text=text, at=at)


# --- what a person is told -----------------------------------------------------------------------------------------
def test_results_are_told_only_when_the_answer_can_no_longer_be_corrected(wrong_gold, ana):
    assert disputes.results_of(ana, at=NOW + 9 * MINUTE) == []
    assert disputes.told_accuracy(ana, at=NOW + 9 * MINUTE).value is None
    [result] = disputes.results_of(ana, at=LATER)
    assert (result.annotation.ratings, result.known.ratings, result.score, result.dispute) == ([5], [1], 0.0, None)
    assert disputes.told_accuracy(ana, at=LATER).value == 0.0


def test_results_are_ones_own_and_of_gold_alone(project, wrong_gold, ana, ben):
    rate(make_sample(project, "work"), by=ana, overall=3)
    hand_gold(make_gold(project, "g2", overall=3), by=ana)
    [result] = disputes.results_of(ana, at=LATER)
    assert (result.assignment.annotator_id, result.assignment.sample_id) == (ana.pk, wrong_gold.pk)


def test_the_latest_results_come_first_and_no_more_than_asked(project, ana):
    for number in range(4):
        answer_gold(make_gold(project, f"g{number}", overall=3), by=ana, overall=3, at=NOW + number * MINUTE)
    told = disputes.results_of(ana, at=LATER + 4 * MINUTE, limit=2)
    assert [result.assignment.sample.external_id for result in told] == ["g3", "g2"]


# --- disputing -----------------------------------------------------------------------------------------------------
def test_a_person_says_that_a_known_answer_is_wrong(project, wrong_gold, ana):
    opened = object_to(wrong_gold, by=ana, text="  It is a good answer. ")
    assert (opened.text, opened.outcome, opened.opened_at) == ("It is a good answer.", "", LATER)
    assert list(disputes.open_disputes(project)) == [opened]


def test_once_a_sample_also_when_two_tabs_send_it(wrong_gold, ana):
    object_to(wrong_gold, by=ana)
    with pytest.raises(DisputeRefused, match="disputed this answer already"):
        object_to(wrong_gold, by=ana)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_once_open_one_dispute(wrong_gold, ana):
    def press():
        try:
            return object_to(wrong_gold, by=ana)
        except DisputeRefused as refusal:
            return refusal

    outcomes = together([press, press])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["DisputeRefused", "GoldDispute"]


def test_a_refusal_does_not_betray_a_gold_sample(project, wrong_gold, ana):
    """Work, gold in hand, and gold that can still be corrected are all answered alike."""
    work, held = make_sample(project, "work"), make_gold(project, "g2", overall=3)
    rate(work, by=ana, overall=3)
    hand_gold(held, by=ana)
    refusals = set()
    for sample, at in [(work, LATER), (held, LATER), (wrong_gold, NOW + MINUTE)]:
        with pytest.raises(DisputeRefused) as refusal:
            object_to(sample, by=ana, at=at)
        refusals.add(str(refusal.value))
    assert refusals == {disputes.nothing_to_dispute(project)}


def test_a_dispute_says_why(wrong_gold, ana):
    with pytest.raises(ReasonMissing, match="Say why"):
        object_to(wrong_gold, by=ana, text="  ")


# --- a reviewer answers --------------------------------------------------------------------------------------------
def test_an_upheld_answer_stands_and_the_person_reads_why(project, wrong_gold, ana, rita):
    before = accuracies(project)
    disputes.uphold(dispute_id=object_to(wrong_gold, by=ana).pk, by=rita, reply="Read it again.", at=LATER)
    [result] = disputes.results_of(ana, at=LATER)
    assert (result.dispute.outcome, result.dispute.reply, result.dispute.closed_by) == (
        "upheld",
        "Read it again.",
        rita,
    )
    assert accuracies(project) == before
    assert not disputes.open_disputes(project).exists()


def test_another_known_answer_corrects_everybody_at_once(project, wrong_gold, ana, ben, cleo, rita):
    assert accuracies(project) == {ana.pk: 0.0, ben.pk: 0.0, cleo.pk: 1.0}
    gold_accuracy.refresh_weights(project=project)
    said = [{"attribute": "overall", "value": 5}]
    disputes.overturn(dispute_id=object_to(wrong_gold, by=ana).pk, by=rita, reply="True.", at=LATER, given=said)
    assert accuracies(project) == {ana.pk: 1.0, ben.pk: 1.0, cleo.pk: 0.0}
    assert gold_accuracy.refresh_weights(project=project) == 3
    known = wrong_gold.gold_answers.get(is_current=True)
    assert (known.revision, known.ratings, known.source, known.note) == (2, [5], "written", "True.")
    assert wrong_gold.gold_answers.get(revision=1).ratings == [1]


def test_without_another_answer_the_sample_measures_nobody(project, wrong_gold, ana, rita):
    disputes.overturn(dispute_id=object_to(wrong_gold, by=ana).pk, by=rita, reply="Nobody knows.", at=LATER)
    assert accuracies(project) == {}
    [result] = disputes.results_of(ana, at=LATER)
    assert (result.known, result.score, result.dispute.outcome) == (None, None, "overturned")
    assert not GoldAnswer.objects.filter(is_current=True).exists()
    assert wrong_gold.events.latest("pk").reason == "gold_set_aside"


def test_all_who_disputed_an_overturned_answer_read_the_reply(wrong_gold, ana, ben, rita):
    first, second = object_to(wrong_gold, by=ana), object_to(wrong_gold, by=ben)
    disputes.overturn(dispute_id=first.pk, by=rita, reply="Both are right.", at=LATER)
    second.refresh_from_db()
    assert (second.outcome, second.reply) == ("overturned", "Both are right.")


def test_upholding_answers_one_person_alone(project, wrong_gold, ana, ben, rita):
    first, second = object_to(wrong_gold, by=ana), object_to(wrong_gold, by=ben)
    disputes.uphold(dispute_id=first.pk, by=rita, reply="No.", at=LATER)
    assert list(disputes.open_disputes(project)) == [second]


def test_an_answer_that_was_set_aside_is_not_disputed_again(wrong_gold, ana, ben, rita):
    disputes.overturn(dispute_id=object_to(wrong_gold, by=ana).pk, by=rita, reply="Yes.", at=LATER)
    with pytest.raises(DisputeRefused, match="was set aside"):
        object_to(wrong_gold, by=ben)


def test_a_sample_that_was_set_aside_may_get_an_answer_again(project, wrong_gold, ana, rita):
    disputes.overturn(dispute_id=object_to(wrong_gold, by=ana).pk, by=rita, reply="Yes.", at=LATER)
    assert know(wrong_gold, overall=5).revision == 2
    assert accuracies(project)[ana.pk] == 1.0


def test_a_closed_dispute_stays_closed(wrong_gold, ana, rita):
    opened = object_to(wrong_gold, by=ana)
    disputes.uphold(dispute_id=opened.pk, by=rita, reply="No.", at=LATER)
    with pytest.raises(DisputeRefused, match="was upheld already"):
        disputes.overturn(dispute_id=opened.pk, by=rita, reply="Yes.", at=LATER)
    assert wrong_gold.gold_answers.get().is_current


def test_nothing_is_changed_by_an_answer_that_is_off_its_scale_or_without_a_reply(wrong_gold, ana, rita):
    opened = object_to(wrong_gold, by=ana)
    off_scale = [{"attribute": "overall", "value": 9}]
    with pytest.raises(RatingsRefused):
        disputes.overturn(dispute_id=opened.pk, by=rita, reply="Yes.", at=LATER, given=off_scale)
    for close in (disputes.uphold, disputes.overturn):
        with pytest.raises(ReasonMissing, match="Write a reply"):
            close(dispute_id=opened.pk, by=rita, reply=" ", at=LATER)
    opened.refresh_from_db()
    assert opened.outcome == ""
    assert wrong_gold.gold_answers.get().is_current


# --- the database --------------------------------------------------------------------------------------------------
def test_the_database_keeps_disputes_whole(wrong_gold, ana):
    opened = object_to(wrong_gold, by=ana)
    with refused("gold_dispute_outcome_known"):
        change(opened, outcome="ignored", reply="x", closed_at=NOW)
    for columns in ({"outcome": "upheld", "reply": "x"}, {"outcome": "upheld", "closed_at": NOW}, {"closed_at": NOW}):
        with refused("gold_dispute_closed_with_a_reply"):
            change(opened, **columns)
    with refused("gold_dispute_says_why"):
        change(opened, text="")
    with refused("assignment"):
        add(GoldDispute, assignment=opened.assignment, text="again", opened_at=NOW)
