"""My data: a person reads what is kept about them and takes it along, and learns nothing from it that they may not know yet."""

import json
from datetime import timedelta

import pytest
from gold_story import answer_gold, make_gold
from story import NOW, PREFERENCE, claim, correct, join, make_pair, make_project, make_sample, rate, skip, state_of

from annotation.models import Annotation, Annotator, Assignment, Membership, Notice, Project, Sample
from annotation.services import drafts, person_figures, quality_rules, questions, standing
from annotation.web import own_file

DATA = "/projects/recipes/data/"
FILE = f"{DATA}download/"
MINUTE = timedelta(minutes=1)


def downloaded(client):
    answered = client.get(FILE)
    assert answered.status_code == 200
    return b"".join(answered.streaming_content).decode()


def file_of(person, at=NOW):
    """The file as it would be at that time."""
    fresh = Annotator.objects.select_related("project", "user", "figures").get(pk=person.pk)
    return json.loads("".join(own_file.as_json(own_file.parts(fresh, at))))


def text_of(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def ana_at_home(client, ana):
    client.force_login(ana.user)
    return client


# --- what is in it ------------------------------------------------------------------------------------------------
def test_the_file_has_every_answer_with_all_revisions_and_what_became_of_every_sample(project, ana):
    first, second, third = (make_sample(project, name) for name in ("s1", "s2", "s3"))
    receipt = rate(first, by=ana, overall=3, comment="Hm.", active_seconds=40)
    correct(receipt, at=NOW + MINUTE, overall=4, comment="Better.")
    skip(second, by=ana, reason="wrong_language")
    held = claim(third, by=ana)
    drafts.keep(assignment=held, fields={"comment": "Not yet"}, of_revision=1, saves=1, at=NOW)

    [judged, skipped, in_hand] = file_of(ana)["samples"]
    assert [(said["revision"], said["comment"]) for said in judged["annotations"]] == [(1, "Hm."), (2, "Better.")]
    assert judged["annotations"][0]["ratings"] == [
        {"attribute": "overall", "response": "A", "value": 3, "label": "3", "favours": ""}
    ]
    assert (judged["sample"], judged["state"], judged["annotations"][0]["active_seconds"]) == ("s1", "submitted", 40)
    assert (skipped["state"], skipped["skip_reason"]) == ("skipped", "wrong_language")
    assert (in_hand["state"], in_hand["drafts"][0]["fields"]) == ("leased", {"comment": "Not yet"})
    assert judged["claimed_at"] == "2026-03-02T09:00:00+00:00"


def test_the_file_has_what_was_said_between_them_and_the_project(project, sample, ana, ada):
    held = claim(sample, by=ana)
    asked = questions.ask(assignment=held, text="Is sarcasm correct?", at=NOW)
    questions.reply(question=asked, by=ada, text="Yes.", at=NOW)
    standing.pause(annotator=ana, by=ada, reason="A look at your work.", at=NOW)
    notice = Notice.objects.get(annotator=ana, kind="paused")
    standing.answer(notice=notice, text="Please do.", at=NOW)
    Notice.objects.create(annotator=ana, kind="proposal", text="ana: too quick", created_at=NOW)

    file = file_of(ana)
    assert [(q["text"], q["reply"]) for q in file["questions"]] == [("Is sarcasm correct?", "Yes.")]
    assert [(n["kind"], n["text"], n["answer"]) for n in file["notices"]] == [
        ("paused", "A look at your work.", "Please do.")
    ]
    assert file["account"]["username"] == "ana"
    assert [role["role"] for role in file["account"]["roles"]] == ["annotator"]


def test_the_file_has_what_is_due(ana, sample):
    Project.objects.update(price_per_annotation="0.12")
    rate(sample, by=ana, overall=3)
    [line] = file_of(ana)["pay"]
    assert (line["credited"], line["price"], line["due"]) == (1, "0.1200", "0.1200")


def test_responses_bear_the_letters_that_the_person_saw(db):
    project = make_project(attributes=[PREFERENCE])
    ana = join(project, "ana")
    held = claim(make_pair(project), by=ana)
    Assignment.objects.filter(pk=held.pk).update(shown_order=[1, 0])
    rate(held.sample, by=ana, preference=-1)  # the first in the order of the file, which she saw as B
    [[said]] = [sample["annotations"] for sample in file_of(ana)["samples"]]
    [given] = said["ratings"]
    assert (given["favours"], given["response"]) == ("B", None)
    assert "value" not in given


def test_a_long_list_is_sent_an_entry_at_a_time(project, ana):
    for number in range(3):
        rate(make_sample(project, f"s{number}"), by=ana, overall=3)
    sent = list(own_file.as_json(own_file.parts(ana, NOW)))
    assert sum('"assignment"' in piece for piece in sent) == 3
    assert len(json.loads("".join(sent))["samples"]) == 3


def test_the_download_is_a_file_that_no_cache_keeps(ana_at_home):
    answered = ana_at_home.get(FILE)
    assert answered["Content-Type"] == "application/json"
    assert answered["Content-Disposition"].startswith('attachment; filename="recipes-my-data-')
    assert answered["Cache-Control"] == "no-store"
    assert json.loads(b"".join(answered.streaming_content))["project"]["name"] == "recipes"


# --- what is not --------------------------------------------------------------------------------------------------
def test_the_file_of_an_escalated_project_tells_nothing_of_others_models_or_states(client, db):
    project = make_project(attributes=[PREFERENCE])
    responses = [{"id": "llama-7b", "text": "Tea.", "model": "llama-7b"}, {"id": "gpt-x", "text": "Coffee."}]
    sample = make_sample(project, "s1", responses=responses, metadata={"source": "llama-7b"})
    quiet = make_sample(project, "s2", responses=responses)
    crew = [join(project, name) for name in ("ben", "cleo", "dan", "eve", "ana")]
    ana = crew[-1]
    for person, value in zip(crew, (-1, 0, 1), strict=False):
        rate(sample, by=person, preference=value, comment=f"{person} was here")
    assert state_of(sample) == Sample.State.ESCALATED
    rate(sample, by=ana, preference=1, comment="My own words")
    rate(quiet, by=ana, preference=1)
    person_figures.refresh(project=project, at=NOW + 20 * MINUTE)
    assert set(Annotation.objects.filter(assignment__annotator=ana).values_list("round", flat=True)) == {1, 2}

    client.force_login(ana.user)
    file = downloaded(client)
    assert "My own words" in file
    for secret in (
        *("llama", "gpt", "was here", "ben", "cleo", "dan", "eve"),
        *("escalat", "contest", "resolved", "round", "target", "priority", "rank", "cursor", "judge", "consensus"),
    ):
        assert secret not in file.lower(), secret
    one, other = json.loads(file)["samples"]
    assert one.keys() == other.keys()
    assert one["annotations"][0].keys() == other["annotations"][0].keys()


def without_what_names_the_sample(entry):
    return {name: value for name, value in entry.items() if name not in ("assignment", "sample")}


def test_a_file_right_after_an_answer_does_not_tell_whether_the_sample_was_gold(project, ana, ben):
    known = make_gold(project, "g1", overall=4)
    plain = make_sample(project, "s1")
    answer_gold(known, by=ana, overall=4)
    rate(plain, by=ben, overall=4)
    person_figures.refresh(project=project, at=NOW + MINUTE)

    of_gold, of_work = file_of(ana, NOW + 9 * MINUTE), file_of(ben, NOW + 9 * MINUTE)
    for part in ("figures", "known_answers", "pay"):
        assert of_gold[part] == of_work[part], part
    assert [*map(without_what_names_the_sample, of_gold["samples"])] == [
        *map(without_what_names_the_sample, of_work["samples"])
    ]
    personal = ("external_id", "joined_at")
    assert {k: v for k, v in of_gold["person"].items() if k not in personal} == {
        k: v for k, v in of_work["person"].items() if k not in personal
    }


def test_a_file_tells_of_gold_what_the_record_tells_once_it_may(project, ana):
    receipt = answer_gold(make_gold(project, "g1", note="It is in the text.", overall=4), by=ana, overall=4)
    later = NOW + 11 * MINUTE
    person_figures.refresh(project=project, at=later)
    told = file_of(ana, later)["known_answers"]
    assert told["accuracy"] == 1.0
    assert [(one["assignment"], one["share_right"], one["why"]) for one in told["answers"]] == [
        (receipt.annotation.assignment_id, 1.0, "It is in the text.")
    ]
    Project.objects.update(shows_gold_accuracy=False)
    assert "accuracy" not in file_of(ana, later)["known_answers"]


def test_a_weight_is_not_in_the_file(ana):
    Annotator.objects.filter(pk=ana.pk).update(weight=0.8125)
    assert "0.8125" not in json.dumps(file_of(ana))


def test_nobody_else_gets_it(client, ana, ben, ada):
    assert client.get(FILE).status_code == 302
    client.force_login(ada)
    assert (client.get(FILE).status_code, client.get(DATA).status_code) == (404, 404)
    client.force_login(ben.user)
    assert '"ana"' not in downloaded(client)


def test_whoever_has_left_still_gets_it(ana_at_home, ana):
    standing.leave(annotator=ana, at=NOW)
    Membership.objects.filter(user=ana.user).delete()
    assert json.loads(downloaded(ana_at_home))["person"]["state"] == "withdrawn"
    assert "You have left the project" in text_of(ana_at_home.get(DATA))


# --- the page -----------------------------------------------------------------------------------------------------
def test_the_page_says_the_projects_rules_in_words(ana_at_home, project, ada):
    rule = {"measure": "median_seconds", "limit": 10, "minimum": 20, "action": "hold", "hold_minutes": 30}
    kept = quality_rules.add(project=project, by=ada, at=NOW, **rule)
    off = quality_rules.add(project=project, by=ada, at=NOW, **{**rule, "limit": 77})
    quality_rules.switch(rule=off, by=ada, at=NOW, is_enabled=False)
    Project.objects.update(gold_rate=0.1, head_start_hours=3, test_size=5, pass_mark=0.6)
    page = text_of(ana_at_home.get(DATA))
    assert quality_rules.sentence(kept) in page
    assert quality_rules.sentence(off) not in page
    assert "for their first 3 hours to people of at least the median weight" in page
    assert "begins with 5 samples whose answer is known and passes with 60 % right" in page
    assert "The project knows you as “ana”" in page


def test_a_project_without_rules_gold_or_head_start_says_so(ana_at_home):
    Project.objects.update(head_start_hours=0)
    page = text_of(ana_at_home.get(DATA))
    assert "The project has no such rule" in page
    assert "everybody has the same weight" in page
    assert "every sample goes to everybody" in page


def test_everything_that_points_at_a_person_or_their_work_is_in_the_file():
    """Whoever adds a table that points at a person says here what becomes of it."""
    known = {
        "Annotator": {
            "Assignment": "samples",
            "Notice": "notices",
            "AnnotatorFigures": "figures",
            "SecondLook": "second_looks",
            "ProjectEvent": "trail",
            "SampleOffer": "kept_and_not_told",
        },
        "Assignment": {
            "Annotation": "samples",
            "Draft": "samples",
            "Question": "questions",
            "GoldDispute": "known_answers",
        },
    }
    for model in (Annotator, Assignment):
        pointing = {relation.related_model.__name__ for relation in model._meta.related_objects}
        assert pointing == known[model.__name__].keys(), model
