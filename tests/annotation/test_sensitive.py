"""Sensitive samples: given to those who chose them, covered, skipped without cost."""

import json

import pytest
from django.test import Client
from forms import ANNOTATE, text_of
from gold_story import LATER, make_gold
from pilots import plain, write_pilot
from story import NOW, claim, join, make_sample, rate, skip
from test_api_work import Program
from training_story import learn, make_training, next_for

from annotation.datasets.bad_row import BadRow, Place
from annotation.datasets.pilot import PilotFolder
from annotation.datasets.samples import parse_sample
from annotation.models import Annotator, Project, ProjectEvent
from annotation.services import people, person_figures, quality_rules, sensitive
from annotation.services.claiming import NotClaimable
from annotation.services.people import PersonChangeRefused

RECORD = "/projects/recipes/record/"


@pytest.fixture
def violent(project):
    return make_sample(project, "s1", sensitive="violence")


def parsed(**keys):
    return parse_sample(
        {"sample_id": "s1", "messages": [], "responses": ["A text."], **keys}, Place("samples.jsonl", 1)
    )


def person(annotator):
    return Annotator.objects.select_related("project", "user").get(pk=annotator.pk)


# --- the file ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "read"), [(True, "sensitive"), ("violence", "violence"), (" gore ", "gore"), (False, ""), (None, "")]
)
def test_a_line_says_that_it_is_sensitive_or_what_it_is(written, read):
    assert parsed(sensitive=written).sensitive == read


@pytest.mark.parametrize("written", [True, "violence"])
def test_it_survives_a_round_trip(written):
    row = parsed(sensitive=written, requires=["ko"]).as_row()
    assert (row["sensitive"], row["requires"]) == (written, ["ko"])
    assert parse_sample(json.loads(json.dumps(row)), Place("samples.jsonl", 1)) == parsed(**row)


@pytest.mark.parametrize("written", ["", "x" * 51, 1, ["violence"]])
def test_anything_else_is_a_bad_row(written):
    with pytest.raises(BadRow, match="sensitive"):
        parsed(sensitive=written)


def test_the_import_asks_for_the_choice_beside_the_skills(db, project, tmp_path):
    folder = write_pilot(tmp_path, [plain("s1", sensitive=True, requires=["zulu", "ko"]), plain("s2")])
    assert [sample.skills for sample in PilotFolder.open(folder).samples()] == [("ko", "sensitive", "zulu"), ()]
    made = make_sample(project, "s1", sensitive=True, requires=["ko"])
    assert (made.requirement.skills, made.content.sensitive) == (["ko", "sensitive"], "sensitive")


# --- the choice ----------------------------------------------------------------------------------------------------
def test_nobody_is_given_one_without_having_chosen_it(project, violent, ana):
    assert next_for(ana) is None
    sensitive.choose(annotator=ana, at=NOW)
    assert next_for(ana).sample_id == violent.pk


def test_whoever_changes_their_mind_gives_back_what_they_hold(project, violent, ana, ben):
    sensitive.choose(annotator=ana, at=NOW)
    calm = make_sample(project, "calm")
    held, other = claim(violent, by=ana), claim(calm, by=ana)
    sensitive.decline(annotator=ana, at=NOW)
    held.refresh_from_db(), other.refresh_from_db()
    assert (held.state, other.state) == ("released", "leased")
    violent.refresh_from_db()
    assert violent.leased_count == 0


def test_each_choice_is_kept_with_its_hour(project, violent, ana):
    for _ in range(2):
        sensitive.choose(annotator=ana, at=NOW)
    sensitive.decline(annotator=ana, at=LATER)
    kept = ProjectEvent.objects.filter(kind__startswith="sensitive").order_by("pk").values_list("kind", "at", "actor")
    assert list(kept) == [("sensitive_chosen", NOW, ana.user_id), ("sensitive_declined", LATER, ana.user_id)]


def test_an_admin_chooses_for_nobody_who_can_choose(project, violent, ana, ada):
    with pytest.raises(PersonChangeRefused, match="chooses on their own record"):
        people.change(annotator=ana, by=ada, at=NOW, skills=["ko", "sensitive"])
    sensitive.choose(annotator=ana, at=NOW)
    people.change(annotator=ana, by=ada, at=NOW, skills=["ko"])
    assert person(ana).skills == ["ko", "sensitive"]


def test_for_people_without_an_account_an_admin_does(project, ada):
    people.add_outside_people(project=project, external_ids=["outside"], at=NOW)
    outside = project.annotators.get(external_id="outside")
    people.change(annotator=outside, by=ada, at=NOW, skills=["sensitive"])
    assert person(outside).skills == ["sensitive"]


def test_what_teaches_and_what_measures_may_be_sensitive_too(project, ana):
    taught = make_training(project, "t1", overall=4, sensitive="violence")
    measured = make_gold(project, sample=make_sample(project, "g1", sensitive=True), overall=4)
    ben = join(project, "ben")
    sensitive.choose(annotator=ana, at=NOW)
    assert (next_for(ana).sample_id, next_for(ben)) == (taught.pk, None)
    learn(ana, 4)
    Project.objects.update(test_size=1, pass_mark=0.5)
    Annotator.objects.update(is_qualified=False)
    assert next_for(ana).sample_id == measured.pk
    with pytest.raises(NotClaimable, match="no further sample"):
        next_for(ben)


# --- skipping costs nothing ----------------------------------------------------------------------------------------
def test_skipping_it_is_no_skip_that_anybody_counts(project, violent, ana, ada):
    quality_rules.add(project=project, by=ada, at=NOW, measure="skip_share", limit=0.1, minimum=1, action="warn")
    sensitive.choose(annotator=ana, at=NOW)
    skip(violent, by=ana, reason="distressing")
    rate(make_sample(project, "s2"), by=ana, overall=3)
    person_figures.refresh(project=project, at=LATER)
    figures = person(ana).figures.figures
    assert (figures["skipped"], figures["skip_share"]) == (0, 0)
    assert quality_rules.apply(project=project, at=LATER) == []


# --- the pages -----------------------------------------------------------------------------------------------------
def test_the_card_covers_the_texts_and_says_what_it_is(client, project, violent, ana):
    sensitive.choose(annotator=ana, at=NOW)
    client.force_login(ana.user)
    page = text_of(client.get(ANNOTATE))
    assert "data-cover" in page
    assert "Sensitive: violence" in page


def test_other_cards_say_nothing_of_it(client, project, sample, ana):
    client.force_login(ana.user)
    page = text_of(client.get(ANNOTATE))
    assert "data-cover" not in page


def test_one_chooses_on_ones_own_record(client, project, violent, ana):
    client.force_login(ana.user)
    assert "Give me such samples too" in text_of(client.get(RECORD))
    page = client.post(f"{RECORD}sensitive/", {"wants": "yes"}, follow=True)
    assert "Give me none any more" in text_of(page)
    assert sensitive.has_chosen(person(ana))
    client.post(f"{RECORD}sensitive/", {"wants": "no"})
    assert not sensitive.has_chosen(person(ana))


def test_where_there_is_none_there_is_nothing_to_choose(client, project, sample, ana):
    client.force_login(ana.user)
    assert "sensitive-title" not in text_of(client.get(RECORD))


def test_nobody_chooses_for_somebody_else(client, project, violent, ana, rita):
    assert client.post(f"{RECORD}sensitive/", {"wants": "yes"}).status_code == 302  # to log in
    client.force_login(rita)
    assert client.post(f"{RECORD}sensitive/", {"wants": "yes"}).status_code == 403
    assert not sensitive.has_chosen(person(ana))


def test_programs_are_told_too(project, violent, ana, rita):
    sensitive.choose(annotator=ana, at=NOW)
    claimed = Program(Client(), ana.user, scopes=["work"]).post("/projects/recipes/claims/").json()
    assert (claimed["sensitive"], claimed["training"]) == ("violence", False)
    whole = Program(Client(), rita, scopes=["read"]).get("/projects/recipes/samples/s1/").json()
    assert whole["sensitive"] == "violence"
