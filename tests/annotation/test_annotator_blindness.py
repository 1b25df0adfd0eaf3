"""What the annotator's page gives away, and what it does not: order, models, votes, and text that would be a program."""

import re
from html import escape

import pytest
from django.urls import reverse
from django.utils import timezone
from forms import ANNOTATE, form_of, submit_url, text_of
from pilots import RICH
from story import OVERALL, PREFERENCE, crowd, join, make_pair, make_project, make_sample, rate, scale

from annotation.models import Annotation, Assignment, Project, Sample
from annotation.services import claiming, judging, leases, submission
from annotation.services.judging import JudgeIdentity, Verdict

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7|add:7 }}",
    "</textarea><b>bold</b>",
    "&lt;i&gt;",
]


# --- order and blindness ----------------------------------------------------------------------------------------
@pytest.fixture
def pair_page(client, db):
    """A page with two responses in an order that the test gives."""
    words = {-1: "The first is better", 0: "No difference", 1: "The second is better"}
    levels = [{"value": value, "label": label} for value, label in words.items()]
    project = make_project(attributes=[{**PREFERENCE, "values": levels}, OVERALL])
    make_pair(project)
    client.force_login(join(project, "ana").user)

    def open_page(order):
        client.get(ANNOTATE)
        Assignment.objects.update(shown_order=order)
        return client.get(ANNOTATE)

    return open_page


def levels_of(page, field):
    """What a question offers: the words of each level and the value that is sent for it."""
    pattern = rf'<input type="radio" name="{field}" value="(-?\d+)".*?<span class="level-words">(.*?)</span>'
    return {word: value for value, word in re.findall(pattern, page, re.DOTALL)}


@pytest.mark.parametrize(("order", "stored"), [([0, 1], -1), ([1, 0], 1)])
def test_whoever_prefers_the_response_shown_first_favours_it_in_canonical_order(client, pair_page, order, stored):
    """Flipped, the first that Ana sees is the second of the sample."""
    page = text_of(pair_page(order))
    assert (page.index("The first.") < page.index("The second.")) == (order == [0, 1])
    offered = levels_of(page, "rating-2")
    client.post(
        submit_url(), {"rating-0": "3", "rating-1": "3", "rating-2": offered["The first is better"], "client_key": "k"}
    )
    assert Annotation.objects.get().ratings[2] == stored


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_the_levels_of_a_comparison_run_from_the_one_shown_first_to_the_other(pair_page, order):
    response = pair_page(order)
    assert list(levels_of(text_of(response), "rating-2")) == [
        "The first is better",
        "No difference",
        "The second is better",
    ]
    assert form_of(response).offered["rating-2"] == ["-1", "0", "1"]


def test_nothing_of_the_page_tells_in_which_order_the_sample_has_its_responses(client, db):
    """A set whose first response is always of one model would name it on every card, to whoever reads the page's source."""
    pages = []
    for slug, responses, order in (("one", ["Alpha.", "Beta."], [0, 1]), ("two", ["Beta.", "Alpha."], [1, 0])):
        project = make_project(slug, attributes=[PREFERENCE, OVERALL])
        make_sample(project, responses=responses)
        client.force_login(join(project, "ana").user)
        address = f"/projects/{slug}/annotate/"
        client.get(address)
        Assignment.objects.filter(sample__project=project).update(shown_order=order)
        form = form_of(client.get(address))
        mine = Assignment.objects.get(sample__project=project)
        said = {**form.hidden, "rating-0": "6", "rating-1": "2", "rating-2": "-1"}
        refused = client.post(submit_url(mine), {**said, "rating-1": ""}, headers={"X-Card": "alone"})
        client.post(submit_url(mine), said)
        card = client.get(reverse("annotation:correct", args=[mine.pk]))
        cards = (text_of(page).split('id="sample-card"')[1].split("</main>")[0] for page in (refused, card))
        seen = "".join(cards)
        named = rf"assignments/{mine.pk}/|data-(assignment|draft|ask-about)=\"{mine.pk}[-\da-z]*\"|projects/{slug}/|{slug.title()}"
        pages.append(re.sub(named, "", strip(seen)))
    assert pages[0] == pages[1]
    assert [a.ratings for a in Annotation.objects.order_by("pk")] == [[6, 2, -1], [2, 6, 1]]


def test_the_ratings_of_a_response_go_to_it_wherever_it_is_shown(client, pair_page):
    page = text_of(pair_page([1, 0]))
    shown_first = re.search(r'data-ratings-of="A".*?name="(rating-\d)"', page, re.DOTALL).group(1)
    shown_second = re.search(r'data-ratings-of="B".*?name="(rating-\d)"', page, re.DOTALL).group(1)
    client.post(submit_url(), {shown_first: "6", shown_second: "2", "rating-2": "-1", "client_key": "k"})
    assert Annotation.objects.get().ratings == [2, 6, 1]


def test_a_corrected_comparison_shows_what_was_chosen(client, pair_page):
    pair_page([1, 0])
    client.post(submit_url(), {"rating-0": "3", "rating-1": "3", "rating-2": "1", "client_key": "k"})
    card = client.get(reverse("annotation:correct", args=[Assignment.objects.get().pk]))
    assert form_of(card).chosen["rating-2"] == "1"


def test_a_page_names_no_model_no_metadata_no_vote_and_no_judge(client, db):
    project = make_project("planted", attributes=[OVERALL, PREFERENCE])
    sample = make_sample(project, "secret-id", **{key: value for key, value in RICH.items() if key != "sample_id"})
    ben = join(project, "Benjamin-who-voted")
    given = [{"attribute": "overall", "response": name, "value": 3} for name in ("0", "1")]
    lease = claiming.claim_next(annotator=ben, at=timezone.now())
    said = submission.Answer(
        given=[*given, {"attribute": "preference", "value": 1}], client_key="k", comment="Bens-comment"
    )
    submission.submit(assignment_id=lease.pk, answer=said, at=timezone.now())
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "robo-judge"))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4, 1, -1])])
    client.force_login(join(project, "ana").user)
    page = text_of(client.get("/projects/planted/annotate/"))
    assert "Scattering." in page
    for word in ("secret-", "robo-judge", "Bens-comment", "Benjamin"):
        assert word not in page


def test_a_response_whose_id_names_its_model_does_not_betray_it(client, db):
    project = make_project(attributes=[OVERALL])
    make_sample(project, responses=[{"id": "secret-model-7b", "text": "A"}, {"id": "secret-model-70b", "text": "B"}])
    client.force_login(join(project, "ana").user)
    assert "secret-model" not in text_of(client.get(ANNOTATE))


def test_the_page_looks_the_same_whether_others_disagreed_or_not(client, project):
    """Escalated or fresh: an annotator cannot tell."""
    fresh = make_sample(project, "same")
    person = join(project, "ana")
    client.force_login(person.user)
    before = strip(text_of(client.get(ANNOTATE)))
    leases.release(assignment=Assignment.objects.get(), at=timezone.now())
    for other, value in zip(crowd(project, 5), (1, 6, 6), strict=False):
        rate(fresh, by=other, overall=value)
    assert Sample.objects.get().state == "escalated"
    assert strip(text_of(client.get(ANNOTATE))) == before


def strip(page):
    """Without what differs on every page."""
    return re.sub(r"[0-9a-f]{32}|[A-Za-z0-9]{64}", "", page)


# --- hostile text -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_not_obeyed(client, db, text):
    levels = [{"value": value, "label": f"{text}{value}"} for value in (1, 2)]
    attribute = {**scale("overall", 1, 2), "title": text, "description": text, "values": levels}
    project = hostile(text, attribute)
    turn = {"role": "assistant", "content": text, "thinking": text, "tool_calls": [{"function": {"name": text}}]}
    make_sample(
        project,
        text[:50],
        messages=[{"role": "user", "content": text, "name": text}, turn],
        responses=[{"text": text, "thinking": text}, {"messages": [turn, {"role": "tool", "content": text}]}],
        tools=[{"name": text}],
    )
    client.force_login(join(project, "ana").user)
    page = text_of(client.get(ANNOTATE))
    assert page.count(escape(text)) >= 10
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<b>bold" not in page


def hostile(text, attribute):
    project = make_project(attributes=[attribute], instructions=text)
    Project.objects.filter(pk=project.pk).update(title=text)
    return project


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_input_comes_back_as_text(two_questions, text):
    page = text_of(two_questions.post(submit_url(), {"rating-0": text, "comment": text, "client_key": text}))
    assert escape(text) in page
    for live in ("<script>alert", "<img src=x", "<b>bold", "</textarea><b>"):
        assert live not in page


def test_a_page_allows_no_script_of_its_text(two_questions):
    policy = two_questions.get(ANNOTATE)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
