"""A label that learning writes anew: the sample's history says so, and learning comes to rest."""

import pytest
from django.db import IntegrityError, transaction
from story import MINUTE, NOW, PREFERENCE, crowd, join, label_of, make_pair, rate
from test_other_policies import CONFIDENT, under

from annotation.models import ConsensusLabel, PosteriorFit, Project, SampleEvent
from annotation.services import figures, learning
from annotation.statistics import fold

LATER = NOW + 5 * MINUTE


@pytest.fixture
def torn():
    """One against one, the careless first; then everybody but the careless one agrees on much else."""
    content = {"name": "confidence", "first_round": 2, "extra": 0, "unsettled": "resolved", "label_rule": "posterior"}
    project = under(attributes=(PREFERENCE,), **content)
    good, other, careless = crowd(project, 3)
    torn = make_pair(project, "torn")
    rate(torn, by=good, preference=1)
    rate(torn, by=careless, preference=-1)
    for number in range(60):
        pair = ((good, other), (good, careless), (other, careless))[number % 3]
        value, sample = (-1, 1)[number % 2], make_pair(project, f"old-{number}")
        for person in pair:
            rate(sample, by=person, preference=value if person != careless else (-1, 0, 1)[number // 3 % 3])
    return torn


@pytest.mark.django_db(transaction=True)
def test_the_history_says_what_was_learned(torn, client):
    before = label_of(torn, "preference", None).human_value
    changed = learning.learn(project=torn.project, at=LATER)
    after = label_of(torn, "preference", None).human_value
    events = SampleEvent.objects.filter(reason="label_learned")
    assert (before, after) == (-1, 1)
    assert events.count() == changed > 0
    event = events.get(sample=torn)
    assert (event.source, event.target, event.actor, event.at) == ("resolved", "resolved", None, LATER)
    assert event.text == "What was learned of people gives another label: preference -1 -> 1."
    assert event.policy == label_of(torn, "preference", None).policy
    client.force_login(join(torn.project, "rita", role="reviewer"))
    page = client.get(f"/projects/{torn.project.slug}/review/{torn.pk}/").content.decode()
    assert page.count("gives another label: preference -1 -&gt; 1.") == 2  # the sentence at the top, and the history


@pytest.mark.django_db(transaction=True)
def test_two_more_looks_do_nothing(torn):
    assert learning.learn(project=torn.project, at=LATER) > 0
    counts = [kind.objects.count() for kind in (PosteriorFit, SampleEvent, ConsensusLabel)]
    fits = set(PosteriorFit.objects.values_list("pk", flat=True))
    for minute in (1, 2):
        assert learning.learn(project=torn.project, at=LATER + minute * MINUTE, at_once=True) == 0
    assert [kind.objects.count() for kind in (PosteriorFit, SampleEvent, ConsensusLabel)] == counts
    assert set(PosteriorFit.objects.values_list("pk", flat=True)) == fits


# --- what was learned is kept as it was ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    "columns",
    [{"parameters": {}}, {"people": [7]}, {"attribute": "other"}, {"annotation_count": 9}, {"created_at": LATER}],
)
def test_a_fit_never_changes(project, columns):
    fit = fit_of(project)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        PosteriorFit.objects.filter(pk=fit.pk).update(**columns)


def test_another_fit_may_be_in_force(project):
    fit = fit_of(project)
    assert PosteriorFit.objects.filter(pk=fit.pk).update(is_current=False, basis="seen") == 1


def fit_of(project):
    about = {"project": project, "attribute": "overall", "rubric": project.rubric, "people": [1], "created_at": NOW}
    return PosteriorFit.objects.create(**about, parameters={"a": 1}, annotation_count=1, basis="")


# --- what was asked further ---------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"name": "sequential", "label_rule": "majority"}, "First round left the outcome open"),
        (CONFIDENT | {"first_round": 3, "extra": 2, "hopeless_below": 0.0}, "First round was not sure enough"),
        ({"label_rule": "majority"}, "First round disagreed"),
    ],
)
def test_a_first_round_that_was_not_enough_is_counted_under_every_policy(client, content, words):
    project = under(attributes=(PREFERENCE,), **content)
    people = crowd(project, 6)
    for name, values in (("torn", (1, 0, -1)), ("same", (1, 1, 1))):
        sample = make_pair(project, name)
        for person, value in zip(people, values, strict=False):
            rate(sample, by=person, preference=value)
    samples = figures.compute(Project.objects.get())["samples"]
    assert (samples["disagreed"], samples["escalated_ever"], samples["could_escalate"]) == (1, 1, 2)
    fold.fold(project=project, at=NOW)
    client.force_login(join(project, "ada", role="admin"))
    page = client.get("/projects/recipes/").content.decode()
    assert f"<dt>{words}</dt>" in page
    assert "<dt>Went to more people</dt>" in page
