"""People beside the others of the same samples: who stands out, who sees it, and when it is looked at again."""

from datetime import timedelta

import pytest
from compared_crowd import rated_pairs
from django.test import Client
from story import MINUTE, NOW, crowd, join, make_project, make_sample, rate
from test_api_work import Program as ClientWithAKey

from annotation.models import AnnotatorFigures, Assignment, Membership
from annotation.services import changes, person_figures

LATER = NOW + 20 * MINUTE


def beside(person):
    return AnnotatorFigures.objects.get(annotator=person).figures["among_others"]


@pytest.fixture
def looked(db):
    """Everybody careful, but 0 hasty, 1 generous, 2 guessing."""
    project, people = rated_pairs(hasty=[0], generous=[1], guessing=[2])
    person_figures.refresh(project=project, at=LATER)
    return project, people


def test_who_stands_out_is_found_and_nobody_else(looked):
    _project, people = looked
    kinds = [{(of["kind"], of["attribute"]) for of in beside(person)["concerns"]} for person in people]
    assert ("pace", "") in kinds[0]
    assert kinds[1] == {("bias", "Helpfulness"), ("bias", "Correctness")}
    assert ("agreement", "") in kinds[2]
    assert kinds[3:] == [set()] * 5
    assert [beside(person)["urgency"] for person in people] == [2, 3, 1, *[None] * 5]


def test_the_figures_are_about_the_same_samples(looked):
    _project, people = looked
    hasty, generous, guessing, honest = (beside(person) for person in people[:4])
    assert hasty["time"]["value"] == pytest.approx(8 / 60, rel=0.3)
    assert honest["time"]["value"] == pytest.approx(1, rel=0.3)
    assert honest["seconds_per_thousand"] == pytest.approx(60, rel=0.15)  # 400 + 2 x 300 characters
    high, fair = (of["attributes"][0]["bias"] for of in (generous, honest))
    assert 0.6 < high["low"] < high["value"] < 1.5
    assert fair["low"] < 0.3
    assert guessing["agreement"]["kappa"]["value"] < 0.25 < 0.5 < honest["agreement"]["kappa"]["value"]
    assert guessing["weight"]["high"] < honest["weight"]["low"]
    preference = honest["attributes"][2]
    assert preference["shown_first"]["extra"]["low"] < 0 < preference["shown_first"]["extra"]["high"]
    assert "without an order" not in preference["bias"]["undefined"] or preference["bias"]["value"] is None


def test_nothing_is_compared_while_it_can_be_corrected(db):
    project, people = rated_pairs(samples=30)
    person_figures.refresh(project=project, at=NOW + 5 * MINUTE)
    assert "agreement" not in beside(people[0])
    person_figures.refresh(project=project, at=NOW + 11 * MINUTE)
    assert beside(people[0])["agreement"]["equal_share"]["count"] > 0


def test_with_nobody_else_it_says_so_in_words(project, ana):
    rate(make_sample(project), by=ana, overall=3)
    person_figures.refresh(project=project, at=LATER)
    of = beside(ana)
    assert of["agreement"]["kappa"]["value"] is None
    assert of["agreement"]["kappa"]["undefined"].startswith("Nobody else rated the same samples")
    assert (of["concerns"], of["urgency"], of["time"]["value"], of["weight"]["value"]) == ([], None, None, None)


def test_work_that_was_set_aside_is_compared_no_more(looked):
    project, people = looked
    before = beside(people[3])["agreement"]["equal_share"]["count"]
    Assignment.objects.filter(annotator=people[2]).update(state="withdrawn")
    AnnotatorFigures.objects.filter(annotator=people[2]).update(basis="")
    person_figures.refresh(project=project, at=LATER + MINUTE)
    assert "agreement" not in beside(people[2])
    assert beside(people[3])["agreement"]["equal_share"]["count"] <= before


def test_second_rounds_are_not_in_it(db):
    """They exist only where people disagreed."""
    project, people = rated_pairs(samples=40, asked_later=[3])
    person_figures.refresh(project=project, at=LATER)
    assert "agreement" not in beside(people[3])
    assert beside(people[4])["agreement"]["equal_share"]["count"] > 0


def test_a_long_comparison_rests_and_is_not_forgotten(looked):
    project, people = looked
    for row in AnnotatorFigures.objects.all():
        row.figures["among_others"]["seconds"] = 60.0
        row.save(update_fields=["figures"])
    late = LATER + MINUTE
    for person in crowd(project, 2):
        rate(project.samples.latest("pk"), by=person, at=late, helpfulness=(4, 4), correctness=(4, 4), preference=1)
    assert changes.REST * 60 == 600
    person_figures.refresh(project=project, at=late)
    assert beside(people[0])["as_of"] == LATER.isoformat()  # resting
    person_figures.refresh(project=project, at=LATER + timedelta(seconds=601))
    assert beside(people[0])["as_of"] == (LATER + timedelta(seconds=601)).isoformat()


def test_a_project_of_which_nothing_is_known_has_no_figures_to_compare(db):
    project = make_project("empty")
    crowd(project, 2)
    assert person_figures.refresh(project=project, at=LATER) == 2
    assert all("agreement" not in row.figures["among_others"] for row in AnnotatorFigures.objects.all())


# --- who sees it ------------------------------------------------------------------------------------------------------
def test_the_pages_say_who_is_worth_a_look_and_why(client, looked):
    project, people = looked
    client.force_login(join(project, "rita", role=Membership.Role.REVIEWER))
    listed = client.get(f"/projects/{project.slug}/people/").content.decode()
    assert listed.index("Worth a look") < listed.index("Everybody")
    guessing, hasty = (listed.index(f'#beside">{people[place].external_id}') for place in (2, 0))
    assert guessing < hasty  # the most urgent first
    page = client.get(f"/projects/{project.slug}/people/{people[1].pk}/").content.decode()
    assert "Helpfulness: 1." in page or "Helpfulness: 0." in page
    assert "not a verdict" in page
    calm = client.get(f"/projects/{project.slug}/people/{people[4].pk}/").content.decode()
    assert "Nothing stands out." in calm


def test_the_list_names_nobody_who_is_out(client, looked):
    project, people = looked
    project.annotators.exclude(pk=people[5].pk).update(state="withdrawn")
    client.force_login(join(project, "rita", role=Membership.Role.REVIEWER))
    assert "Worth a look" not in client.get(f"/projects/{project.slug}/people/").content.decode()


def test_a_person_reads_on_their_own_page_what_stands_out(client, looked):
    project, people = looked
    client.force_login(people[1].user)
    page = client.get(f"/projects/{project.slug}/record/").content.decode()
    assert "What stands out" in page
    assert "points above the others of the same samples" in page
    for other in people[2:]:
        assert other.external_id not in page


def test_ones_own_page_waits_for_enough_samples(client, db):
    project, people = rated_pairs(samples=20)
    person_figures.refresh(project=project, at=LATER)
    client.force_login(people[0].user)
    page = client.get(f"/projects/{project.slug}/record/").content.decode()
    assert "Figures come when 20 of your samples were judged by others too." in page
    assert "Kappa" not in page


def test_the_interface_carries_them(looked):
    project, people = looked
    admin = ClientWithAKey(Client(), join(project, "ada", role=Membership.Role.ADMIN), ("read",))
    figures = admin.get(f"/projects/{project.slug}/people/{people[2].pk}/").json()["figures"]["among_others"]
    assert figures["urgency"] == 1
    assert figures["concerns"][0]["kind"] == "agreement"
    assert not {"basis", "seconds"} & set(figures)
    own = ClientWithAKey(Client(), people[2].user, ("read",)).get(f"/projects/{project.slug}/record/").json()
    assert "weight" not in own["figures"]["among_others"]  # it rests on gold too
    assert own["figures"]["among_others"]["concerns"] == figures["concerns"]
