"""Three who do not judge, planted among people who do, and what an admin does about them: from the rows to the pages."""

from datetime import timedelta

import pytest
from compared_crowd import rated_pairs
from django.urls import reverse
from story import MINUTE, NOW, join

from annotation.models import Annotation, AnnotatorFigures, Membership
from annotation.services import compared_rows, person_figures

LATER = NOW + 20 * MINUTE
AT_RANDOM, FIRST, COPIER, SOURCE = 0, 1, 2, 3


def kept(person):
    return AnnotatorFigures.objects.get(annotator=person).figures["among_others"]


def concerns(person):
    return {of["kind"]: of for of in kept(person)["concerns"]}


def text_of(response):
    return response.content.decode()


@pytest.fixture
def planted(db):
    """Five honest people and three others, over ten weeks, some hundred answers each."""
    about = {"guessing": [AT_RANDOM], "first": [FIRST], "copies": {COPIER: SOURCE}, "lasting": timedelta(weeks=10)}
    project, people = rated_pairs(people=8, samples=300, **about)
    person_figures.refresh(project=project, at=LATER)
    return project, people


def test_the_three_are_found_and_nobody_else(planted, monkeypatch):
    project, people = planted
    found = [set(concerns(person)) for person in people]
    assert found == [{"agreement"}, {"position"}, {"copying"}, *[set()] * 5]  # who is copied has done nothing
    at_random, copied = concerns(people[AT_RANDOM])["agreement"], concerns(people[COPIER])["copying"]
    assert at_random["text"].startswith("Agrees with the others no better than the same levels given at random would")
    assert copied["other"] == people[SOURCE].pk
    assert "Answers after another person on 100 % of them." in copied["text"]
    assert copied["values"]["count"] >= 10
    assert max(of["false_alarm"] for person in people for of in concerns(person).values()) < 0.05

    of = kept(people[AT_RANDOM])
    apart = [example["apart"] for example in of["examples"]]
    assert (len(apart), apart) == (8, sorted(apart, reverse=True))
    answers = Annotation.objects.filter(assignment__annotator=people[AT_RANDOM])
    assert sum(week["answers"] for week in of["weeks"]) == answers.count()
    assert [week["week"] for week in of["weeks"]] == sorted(week["week"] for week in of["weeks"])

    monkeypatch.setattr(compared_rows, "FEWEST", 10)
    monkeypatch.setattr(compared_rows, "ANSWERS", 90)  # the work is bounded, and the latest tell
    rows = compared_rows.Rows.read(project, LATER, also=[])
    assert len(rows.sample) <= 3 * 90
    assert rows.finished.min() > (LATER - timedelta(weeks=5)).timestamp()
    assert set(rows.people) == {person.pk for person in people}


def test_the_pages_say_who_why_how_sure_and_on_what(client, planted):
    project, people = planted
    client.force_login(join(project, "ada", role=Membership.Role.ADMIN))
    address = f"/projects/{project.slug}/people/"
    page = text_of(client.get(address))
    for person, short in ((AT_RANDOM, "answers say little"), (FIRST, "favours a place"), (COPIER, "may copy another")):
        assert people[person].external_id in page[: page.index("Everybody")]
        assert short in page
    assert f"Gives the same value as {people[SOURCE].external_id} in 100 % of all places" in page
    assert "such reasons is chance." in page

    def order(sort):
        table = text_of(client.get(address, {"sort": sort})).partition("Everybody")[2]
        return sorted(people, key=lambda person: table.index(f">{person.external_id}</a>"))

    by_agreement = order("agreement")
    assert by_agreement[0] == people[AT_RANDOM]
    assert order("-agreement") == by_agreement[::-1]
    assert order("name") == people
    assert set(order("")[:3]) == set(people[:3])
    assert order("nonsense") == order("")

    person = people[AT_RANDOM]
    page = text_of(client.get(reverse("annotation:person", args=[project.slug, person.pk])))
    assert f"/projects/{project.slug}/review/{kept(person)['examples'][0]['sample']}/" in page
    for words in ("Above or below the others", "Time beside the others", "median of everybody"):
        assert words in page

    client.force_login(people[COPIER].user)  # what others said must not be learnt from what is said of oneself
    page = text_of(client.get(f"/projects/{project.slug}/record/"))
    assert "Gives the same value" not in page
    assert people[SOURCE].external_id not in page


def test_word_for_word_the_same_is_a_reason(db):
    said = "The second answer forgets the question about the price, and the first is right. Sample"
    project, people = rated_pairs(people=5, samples=40, words={0: said, 1: said.upper(), 2: "Fine."})
    person_figures.refresh(project=project, at=LATER)
    one, other = (concerns(person)["words"] for person in people[:2])
    assert one["text"] == f"Wrote word for word what another person wrote, on {one['values']['count']} samples."
    assert (one["other"], other["other"]) == (people[1].pk, people[0].pk)
    assert all("words" not in concerns(person) for person in people[2:])
