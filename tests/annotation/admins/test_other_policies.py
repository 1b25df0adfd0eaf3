"""Policies beside `spread`, through the platform: who is asked, when it stops, and what stands as the label."""

import pytest
from django.db import IntegrityError, transaction
from story import (
    MINUTE,
    NOW,
    OVERALL,
    PREFERENCE,
    State,
    counters,
    crowd,
    join,
    label_of,
    last_event,
    make_pair,
    make_project,
    make_sample,
    rate,
    settle,
    state_of,
)

from annotation.models import ConsensusLabel, Policy, PosteriorFit, Sample
from annotation.services import adjudication, learning, merging, posteriors, projects
from annotation.services.projects import ChangeRefused
from annotation.tasks import learn_people

LATER = NOW + 5 * MINUTE
CONFIDENT = {"name": "confidence", "label_rule": "posterior", "first_round": 2, "extra": 3, "target": 0.9}


def under(slug="recipes", attributes=(OVERALL,), **content):
    project = make_project(slug, attributes=attributes)
    projects.change_policy(project=project, by=None, at=NOW, reason="To try it.", **content)
    return type(project).objects.get(pk=project.pk)


def compared(project, values, *, name="s1", people=9):
    """People say in turn which of two responses is better; nobody is asked any more than the sample takes."""
    sample = make_pair(project, name)
    for person, value in zip(crowd(project, people), values, strict=False):
        if sample.state in ("open", "escalated"):
            rate(sample, by=person, preference=value)
            sample.refresh_from_db()
    return sample


def rated(project, values, *, name="s1", people=9):
    sample = make_sample(project, name)
    for person, value in zip(crowd(project, people), values, strict=False):
        rate(sample, by=person, overall=value)
        sample.refresh_from_db()
    return sample


# --- unanimous --------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_unanimous_asks_more_where_people_differ_at_all():
    project = under(name="unanimous")
    assert state_of(rated(project, (4, 4, 4), name="same")) == "resolved"
    apart = rated(project, (4, 4, 5), name="apart")
    assert (state_of(apart), counters(apart)[0]) == ("escalated", 5)


# --- sequential -------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "state", "target"),
    [
        ((1, 1, 1), "resolved", 3),  # two more could not change it
        ((1, 1, -1), "escalated", 4),
        ((1, 1, -1, 1), "resolved", 4),
        ((1, 1, -1, -1), "escalated", 5),
        ((1, 1, -1, -1, 0), "resolved", 5),
    ],
)
def test_sequential_asks_one_more_until_nothing_can_change(values, state, target):
    project = under(attributes=(PREFERENCE,), name="sequential", label_rule="majority")
    sample = compared(project, values)
    assert (state_of(sample), counters(sample)[0]) == (state, target)


@pytest.mark.django_db
def test_the_reason_can_be_read():
    project = under(attributes=(PREFERENCE,), name="sequential", label_rule="majority")
    event = compared(project, (1, 1, -1)).events.latest("pk")
    assert event.reason == "outcome_open"
    assert "preference" in event.text


# --- confidence -------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_confidence_stops_as_soon_as_it_is_sure():
    project = under(attributes=(PREFERENCE,), **CONFIDENT | {"target": 0.6})
    sample = compared(project, (1, 1))
    assert (state_of(sample), last_event(sample)[2]) == ("resolved", "confident")
    label = label_of(sample, "preference", None)
    assert (label.human_value, label.method, label.annotation_count) == (1, "posterior/1", 2)


@pytest.mark.django_db
def test_confidence_asks_one_more_where_two_differ():
    project = under(attributes=(PREFERENCE,), **CONFIDENT)
    sample = compared(project, (1, -1))
    assert (state_of(sample), counters(sample)[0]) == ("escalated", 3)
    assert last_event(sample)[2] == "not_yet_confident"


@pytest.mark.django_db
@pytest.mark.parametrize(("unsettled", "state"), [("contested", "contested"), ("resolved", "resolved")])
def test_confidence_gives_up_where_it_cannot_become_sure(unsettled, state):
    project = under(attributes=(PREFERENCE,), **CONFIDENT | {"target": 0.99, "unsettled": unsettled})
    sample = compared(project, (1, -1, 0, 1, -1))
    assert (state_of(sample), last_event(sample)[2] in ("ambiguous", "unsettled")) == (state, True)


@pytest.mark.django_db
def test_confidence_works_on_a_scale_of_six():
    project = under(**CONFIDENT | {"target": 0.98, "hopeless_below": 0.0})
    sample = rated(project, (4, 4))
    assert (state_of(sample), counters(sample)[0]) == ("escalated", 3)
    for person in crowd(project, 5)[2:]:
        if state_of(sample) == "escalated":
            rate(sample, by=person, overall=4)
    assert (state_of(sample), label_of(sample).human_value) == ("resolved", 4)


# --- the posterior rule, and what is learned --------------------------------------------------------------------
def taught(project, *, samples=40):
    """Three people agree on many comparisons, and a fourth says the opposite of them."""
    people = crowd(project, 4)
    for number in range(samples):
        sample = make_pair(project, f"old-{number}")
        value = (-1, 1)[number % 2]
        for person, said in zip(people, (value, value, -value), strict=False):
            rate(sample, by=person if said == value else people[3], preference=said)
    return people


@pytest.mark.django_db(transaction=True)
def test_whoever_contradicts_everybody_is_believed_less():
    project = under(attributes=(PREFERENCE,), label_rule="posterior", first_round=3, extra=2)
    people = taught(project)
    sample = make_pair(project, "torn")
    assert learning.learn(project=project, at=LATER) == 0
    for person, value in ((people[0], 1), (people[3], -1), (people[1], 1)):
        rate(sample, by=person, preference=value)
    fit = PosteriorFit.objects.get(is_current=True)
    assert (fit.attribute, fit.annotation_count, len(fit.people)) == ("preference", 120, 3)
    places = project.rubric
    assert places.version == 1
    posterior, seats = posteriors._read(fit.pk, posteriors.ratings.Place(PREFERENCE, None).scale)
    reliability = posterior.reliability()
    assert reliability[seats[people[3].pk]] < reliability[seats[people[0].pk]] - 0.3


@pytest.mark.django_db(transaction=True)
def test_labels_follow_what_is_learned():
    """One person against one: undecided at first; once it is known who is careless, the other one's word stands."""
    content = {"name": "confidence", "first_round": 2, "extra": 0, "unsettled": "resolved", "label_rule": "posterior"}
    project = under(attributes=(PREFERENCE,), **content)
    good, other, careless = crowd(project, 3)
    torn = make_pair(project, "torn")
    rate(torn, by=careless, preference=-1)
    rate(torn, by=good, preference=1)
    before = label_of(torn, "preference", None)
    for number in range(60):
        sample = make_pair(project, f"old-{number}")
        pair = ((good, other), (good, careless), (other, careless))[number % 3]
        value = (-1, 1)[number % 2]
        for person in pair:
            rate(sample, by=person, preference=value if person != careless else (-1, 0, 1)[number // 3 % 3])
    learning.learn(project=project, at=LATER)
    after = label_of(torn, "preference", None)
    assert after.human_value == 1
    assert (before.human_value == 1) or (after.revision > before.revision)


@pytest.mark.django_db(transaction=True)
def test_learning_twice_from_the_same_changes_nothing():
    project = under(attributes=(PREFERENCE,), label_rule="posterior")
    taught(project, samples=5)
    learning.learn(project=project, at=LATER)
    settle(project)
    for minute in range(1, 30):
        learning.learn(project=project, at=LATER + minute * MINUTE)
    fits, labels = PosteriorFit.objects.count(), ConsensusLabel.objects.count()
    assert learning.learn(project=project, at=LATER + 40 * MINUTE) == 0
    assert (PosteriorFit.objects.count(), ConsensusLabel.objects.count()) == (fits, labels)


@pytest.mark.django_db(transaction=True)
def test_a_reviewers_label_stands_whatever_is_learned():
    project = under(attributes=(PREFERENCE,), label_rule="posterior")
    rita = join(project, "rita", role="reviewer")
    taught(project, samples=6)
    sample = project.samples.get(external_id="old-0")
    given = [{"attribute": "preference", "value": 0}]
    adjudication.set_label(sample_id=sample.pk, given=given, by=rita, note="", cause="", at=NOW)
    learning.learn(project=project, at=LATER)
    assert label_of(sample, "preference", None).human_value == 0


@pytest.mark.django_db(transaction=True)
def test_without_judges_a_labels_probabilities_are_those_that_made_it():
    project = under(attributes=(PREFERENCE,), label_rule="posterior")
    taught(project, samples=30)
    learning.learn(project=project, at=LATER)
    merging.merge_project(project=project, at=LATER)
    for label in ConsensusLabel.objects.filter(sample__project=project, is_current=True):
        best = max(range(3), key=lambda level: label.probabilities[level])
        assert (-1, 0, 1)[best] == label.human_value
        expected = sum(p * value for p, value in zip(label.probabilities, (-1, 0, 1), strict=True))
        assert label.human_expected == pytest.approx(expected, abs=0.05)


@pytest.mark.django_db(transaction=True)
def test_old_fits_do_not_pile_up():
    project = under(attributes=(PREFERENCE,), label_rule="posterior")
    for number in range(learning.KEPT_FITS + 4):
        compared(project, (1, 1, 1), name=f"s{number}")
        learning.learn(project=project, at=LATER + number * MINUTE)
    assert PosteriorFit.objects.count() <= learning.KEPT_FITS
    assert PosteriorFit.objects.filter(is_current=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_only_projects_that_go_by_it_learn():
    plain = make_project("plain")
    rated(plain, (4, 4, 4))
    under("wise", attributes=(PREFERENCE,), label_rule="posterior")
    learn_people()
    assert not PosteriorFit.objects.filter(project=plain).exists()
    assert learning.learn(project=plain, at=LATER) == 0


# --- refusals ---------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"name": "sequential"}, "closest-three"),
        ({"name": "sequential", "label_rule": "mean"}, "mean"),
        ({"name": "sequential", "label_rule": "majority", "first_round": 3, "extra": 1}, "first_round 2, extra 2"),
        ({"name": "confidence", "first_round": 2}, "closest-three"),
        ({"name": "confidence", "label_rule": "posterior", "target": 1.5}, "1.5"),
        ({"name": "confidence", "label_rule": "posterior", "hopeless_below": 1.0}, "hopeless_below is 1"),
        ({"name": "spread", "unsettled": "resolved"}, "resolved"),
        ({"name": "vibes"}, "vibes"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_a_sentence(project, content, words):
    with pytest.raises(ChangeRefused, match=words):
        projects.change_policy(project=project, by=None, at=NOW, reason="To try it.", **content)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns",
    [
        {"name": "vibes"},
        {"label_rule": "loudest"},
        {"name": "confidence", "first_round": 2},
        {"name": "sequential", "label_rule": "mean"},
        {"name": "spread", "first_round": 2, "label_rule": "mean"},
        {"name": "unanimous", "extra": 0},
        {"unsettled": "resolved"},
        {"target": 1.0},
        {"hopeless_below": -0.1},
    ],
)
def test_the_database_refuses_a_policy_that_cannot_work(project, columns):
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(project=project, version=7, triggers={}, **columns)


@pytest.mark.django_db
def test_the_database_keeps_one_fit_in_force(project):
    about = {"project": project, "attribute": "overall", "rubric": project.rubric, "people": [], "created_at": NOW}
    PosteriorFit.objects.create(**about, parameters={}, annotation_count=0, basis="")
    with pytest.raises(IntegrityError), transaction.atomic():
        PosteriorFit.objects.create(**about, parameters={}, annotation_count=0, basis="")


def test_states_are_those_of_the_design():
    assert {State.OPEN, State.ESCALATED, State.RESOLVED, State.CONTESTED, State.EXCLUDED} == set(Sample.State)
