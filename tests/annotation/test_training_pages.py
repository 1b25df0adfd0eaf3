"""What a newcomer sees on the way to work: training with what is known beside it, the test before and after, and their record."""

import re

import pytest
from django.test import Client
from forms import ANNOTATE, form_of, submit_url, text_of
from gold_story import LATER, answer_gold, make_gold, project_with_test
from story import PREFERENCE, join, make_pair, make_project, make_sample, make_user
from test_api_work import Program
from training_story import make_training, next_for

from annotation.models import Assignment, GoldAnswer, GoldDispute, Project, Sample
from annotation.services import gold

RECORD = "/projects/recipes/record/"
BEGIN = "/projects/recipes/test/begin/"


@pytest.fixture
def newcomer(client, project, ana):
    """The browser of somebody who has two lessons before them."""
    for number in (1, 2):
        make_training(project, f"t{number}", overall=4, note="Four, because <b>it</b> says so.")
    client.force_login(ana.user)
    return client


def in_hand():
    return Assignment.objects.get(state="leased")


def say(client, value, **headers):
    """Answer what is in hand as the page's form does."""
    fields = {**form_of(client.get(ANNOTATE)).hidden, "rating-0": value}
    return client.post(submit_url(in_hand()), fields, headers=headers)


def words_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", text_of(response)).split())


# --- training ------------------------------------------------------------------------------------------------------
def test_training_says_that_it_is_training(newcomer):
    page = newcomer.get(ANNOTATE)
    assert "Training 1 of 2" in words_of(page)
    assert "data-waits" in text_of(page)


@pytest.mark.parametrize(
    ("said", "told"), [("4", "as known"), ("5", "one off, near enough"), ("6", "two off"), ("1", "three off")]
)
def test_the_answer_is_followed_by_what_is_known(newcomer, said, told):
    page = say(newcomer, said)
    assert f"Overall {told}" in words_of(page)
    assert "4 (known)" in words_of(page)
    assert f"{said} (known) (you said)" in words_of(page) or f"{said} (you said)" in words_of(page)
    assert "Four, because &lt;b&gt;it&lt;/b&gt; says so." in text_of(page)
    assert "Prompt of t1" in words_of(page)


def test_the_page_of_a_script_gets_the_card_alone(newcomer):
    page = text_of(say(newcomer, "4", X_Card="alone"))
    assert page.lstrip().startswith('<div id="sample-card" class="card card--feedback"')


def test_the_way_on_is_named(newcomer):
    assert "Next training sample" in words_of(say(newcomer, "4"))
    assert "On to work" in words_of(say(newcomer, "4"))


def test_nothing_of_training_can_be_corrected(newcomer, project):
    say(newcomer, "1")
    make_sample(project, "work")
    assert "data-correct-url" not in text_of(newcomer.get(ANNOTATE))
    done = Assignment.objects.get(state="submitted")
    assert newcomer.post(f"/assignments/{done.pk}/correct/", {"rating-0": "4"}).status_code == 409


def test_a_comparison_is_told_in_the_order_that_the_person_saw(client, db):
    project = make_project(attributes=[PREFERENCE])
    sample = make_pair(project, "t1")
    given = [{"attribute": "preference", "value": -1}]
    gold.write(sample_id=sample.pk, given=given, by=make_user("rita"), note="", at=LATER, teaches=True)
    ana = join(project, "ana")
    next_for(ana)
    Assignment.objects.update(shown_order=[1, 0])
    client.force_login(ana.user)
    page = words_of(say(client, "-1"))  # the one shown first
    assert "B 1 (known)" in page  # the canonical first stood second
    assert "A -1 (you said)" in page


def test_an_answer_that_was_set_aside_tells_nothing(newcomer):
    newcomer.get(ANNOTATE)
    GoldAnswer.objects.filter(sample=in_hand().sample).update(is_current=False)
    assert "No answer of this sample is known any more" in words_of(say(newcomer, "4"))


def test_it_is_disputed_from_the_card(newcomer):
    say(newcomer, "1")
    done = Assignment.objects.get(state="submitted")
    kept = newcomer.post(
        f"/assignments/{done.pk}/dispute/", {"text": "It is one."}, headers={"Accept": "application/json"}
    )
    assert kept.json() == {"kept": True}
    assert GoldDispute.objects.get().text == "It is one."
    again = newcomer.post(
        f"/assignments/{done.pk}/dispute/", {"text": "It is."}, headers={"Accept": "application/json"}
    )
    assert (again.status_code, "disputed this answer already" in again.json()["detail"]) == (409, True)
    plain = newcomer.post(f"/assignments/{done.pk}/dispute/", {"text": "It is.", "back": RECORD})
    assert plain.url == RECORD


def test_the_record_keeps_what_training_told(newcomer):
    say(newcomer, "1")
    page = words_of(newcomer.get(RECORD))
    assert "1 training sample, which measured nothing" in page
    assert "three off" in page


def test_the_record_says_when_the_project_does_not_show_gold(newcomer, project, ana):
    say(newcomer, "1")
    answer_gold(make_gold(project, overall=4), by=ana, overall=1, at=LATER)
    Project.objects.update(shows_gold_accuracy=False)
    page = words_of(newcomer.get(RECORD))
    assert "does not show how right you were" in page
    assert "1 training sample, which measured nothing" in page
    assert "Not as known" not in page


def test_programs_are_told_that_it_is_training_and_what_was_right(project, ana):
    make_training(project, overall=4, note="Because.")
    program = Program(Client(), ana.user, scopes=["work"])
    claimed = program.post("/projects/recipes/claims/").json()
    assert claimed["training"] is True
    said = {"ratings": [{"attribute": "overall", "value": 1}], "client_key": "k"}
    program.post(f"/assignments/{claimed['assignment']}/submission/", said)
    results = program.get("/projects/recipes/gold/results/").json()
    assert (results["results"], results["accuracy"]["value"]) == ([], None)
    (told,) = results["training"]
    assert (told["known"][0]["value"], told["said"][0]["value"], told["note"]) == (4, 1, "Because.")


# --- the test ------------------------------------------------------------------------------------------------------
@pytest.fixture
def tested(client, db):
    """The browser of somebody before a test of two samples, one of which must be right."""
    project = project_with_test()
    for number in range(4):
        make_gold(project, f"g{number}", overall=4)
    make_sample(project, "work")
    client.force_login(join(project, "ana").user)
    return client


def test_the_test_is_explained_before_it_begins(tested):
    page = words_of(tested.get(ANNOTATE))
    assert "2 samples, judged as you will judge all others." in page
    assert "50 % of what is known must be right" in page
    assert not Assignment.objects.exists()


def test_it_begins_when_the_person_says_so_and_counts_itself(tested):
    assert tested.post(BEGIN).url == ANNOTATE
    page = words_of(tested.get(ANNOTATE))
    assert "Qualification test 1 of 2" in page
    say(tested, "4")
    assert "Qualification test 2 of 2" in words_of(tested.get(ANNOTATE))


def test_nothing_is_told_while_it_runs(tested):
    tested.post(BEGIN)
    page = text_of(say(tested, "1", X_Card="alone"))
    assert "card--work" in page
    assert "known" not in page.split("guideline")[0]


def test_who_passes_reads_it_and_goes_on_to_work(tested):
    tested.post(BEGIN)
    say(tested, "1")
    page = words_of(say(tested, "4", X_Card="alone"))
    assert "You passed the test 50 % of 2 samples were right; 50 % are needed." in page
    after = tested.get(ANNOTATE)
    assert "There is a note for you" not in words_of(after)  # it was just read
    assert in_hand().sample.purpose == Sample.Purpose.WORK


def test_who_fails_reads_why_and_what_can_be_done_each_time(tested):
    tested.post(BEGIN)
    say(tested, "1")
    page = words_of(say(tested, "1", X_Card="alone"))
    for shown in (page, words_of(tested.get(ANNOTATE))):
        assert "You did not pass the test 0 % of 2 samples were right; 50 % are needed." in shown
        assert "A project admin can let you take it again" in shown


def test_a_skipped_first_sample_does_not_explain_it_anew(tested):
    tested.post(BEGIN)
    tested.post(f"/assignments/{in_hand().pk}/skip/", {"reason": "broken"})
    assert "Qualification test 1 of 2" in words_of(tested.get(ANNOTATE))


def test_nobody_begins_a_test_that_is_not_theirs(tested):
    stranger = Client()
    assert stranger.post(BEGIN).status_code == 302
    stranger.force_login(make_user("zoe"))
    assert stranger.post(BEGIN).status_code == 404


# --- the reviewer's side -------------------------------------------------------------------------------------------
def test_a_reviewer_teaches_with_a_sample_or_measures_with_it(client, project, sample, rita):
    client.force_login(rita)
    url = f"/projects/recipes/gold/samples/{sample.pk}/"
    assert "Teach with it" in text_of(client.get(url))
    client.post(url, {"rating-0": "4", "note": "Because.", "use": "teach"})
    assert GoldAnswer.objects.get(is_current=True).teaches
    assert "teaches" in words_of(client.get("/projects/recipes/gold/"))
    client.post(url, {"rating-0": "4", "note": "Because.", "use": "measure"})
    assert not GoldAnswer.objects.get(is_current=True).teaches


def test_what_was_given_stays_what_it_is_for(newcomer, rita):
    say(newcomer, "4")
    taught = Assignment.objects.get(state="submitted").sample
    reviewer = Client()
    reviewer.force_login(rita)
    url = f"/projects/recipes/gold/samples/{taught.pk}/"
    assert "so it stays what it is for" in text_of(reviewer.get(url))
    refused = reviewer.post(url, {"rating-0": "4", "note": "", "use": "measure"})
    assert (refused.status_code, "somebody was given it" in text_of(refused)) == (422, True)
