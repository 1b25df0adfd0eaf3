"""The page about routing: reviewers look, admins decide, and nothing happens before it was said what will."""

import html
import json

import pytest
from story import NOW, make_project, make_sample
from test_routing import SLICE, audited, enable, right, run, small_projects, speak, switch_on

from annotation.models import RoutingPlan, Sample
from annotation.review.routing import page as pages
from annotation.services import projects, routing

__all__ = ["small_projects"]  # the fixture holds here too
pytestmark = pytest.mark.django_db
PAGE, SWITCH = "/projects/recipes/routing/", "/projects/recipes/routing/switch/"
ASKED = {"target": "90", "risk": "10"}


@pytest.fixture
def ready(project):
    """Four open samples of which a well-measured judge has spoken."""
    judge = enable(project)
    audited(project, judge)
    samples = [make_sample(project, f"new-{number}") for number in range(4)]
    speak(project, judge, {sample: right(number) for number, sample in enumerate(samples)})
    return samples


def text_of(response):
    return " ".join(response.content.decode().split())


def test_without_a_plan_the_page_asks_what_is_wanted_and_says_what_it_rests_on(client, project, ada):
    client.force_login(ada)
    page = text_of(client.get(PAGE))
    assert "What do you ask of the judges?" in page
    assert "Overall within 1" in page
    assert "settled by judges" not in page


def test_the_dry_run_says_what_would_happen_and_does_nothing(client, ready, ada):
    client.force_login(ada)
    page = text_of(client.get(PAGE, ASKED))
    assert "Would settle 4 of 4 open samples" in page
    assert (
        f"agreed with people on {SLICE} of {SLICE} tested samples (100 %), enough for 90 % agreement at a risk of 5 %"
        in page
    )
    assert "95 % interval 0.0 to 8.8" in page
    assert 'class="curve-target"' in page
    assert not RoutingPlan.objects.exists()


def test_a_promise_that_cannot_be_made_is_said_with_what_would_help(client, project, ada):
    client.force_login(ada)
    page = text_of(client.get(PAGE, {"target": "95", "risk": "5"}))
    assert "The promise cannot be made" in page
    assert (
        "Even without a single error 72 are needed for 95 % agreement at a risk of 2.5 %, this look's part of your 5 %"
        in html.unescape(page)
    )
    assert "finished 72 further samples" in page
    assert "Switch on and wait for the slice" in page
    assert 'button--primary" name="action"' not in page


@pytest.mark.parametrize(
    "asked", [{"target": "abc", "risk": "5"}, {"target": "100", "risk": "5"}, {"target": "90", "risk": "0"}]
)
def test_what_makes_no_sense_is_refused_with_a_sentence_and_kept_in_the_form(client, project, ada, asked):
    client.force_login(ada)
    response = client.get(PAGE, asked)
    assert response.status_code == 422
    assert 'role="alert"' in text_of(response)
    assert f'value="{asked["target"]}"' in text_of(response)


def test_an_admin_switches_on_off_and_sends_back(client, project, ready, ada):
    client.force_login(ada)
    assert client.post(SWITCH, {**ASKED, "action": "on"}).status_code == 422  # not confirmed
    assert client.post(SWITCH, {**ASKED, "action": "on", "confirmed": "on"}).status_code == 302
    run(project)
    page = text_of(client.get(PAGE))
    assert "The promise holds." in page
    assert "4 samples are settled by judges" in page
    assert "new-0" in page
    client.post(SWITCH, {"action": "off"})
    assert "They stay as they are until somebody sends them back." in text_of(client.get(PAGE))
    assert client.post(SWITCH, {"action": "recall"}).status_code == 422
    client.post(SWITCH, {"action": "recall", "confirmed": "on"})
    assert "on their way back to people" in text_of(client.get(PAGE))
    run(project)
    assert "settled by judges" not in text_of(client.get(PAGE))
    assert Sample.objects.filter(external_id__startswith="new", state="open").count() == 4


def test_a_plan_switched_off_before_any_look_waits_for_none(client, project, ada):
    switch_on(project, ada)
    client.force_login(ada)
    assert "The first look is taken within seconds." in text_of(client.get(PAGE))
    client.post(SWITCH, {"action": "off"})
    page = text_of(client.get(PAGE))
    assert "within seconds" not in page
    assert "switched off before the first look" in page


def test_a_slice_that_is_asked_for_and_not_drawn_yet_is_being_drawn(client, project, ada):
    client.force_login(ada)
    assert "There is no random slice" in text_of(client.get(PAGE))
    projects.change_policy(project=project, by=ada, at=NOW, reason="To promise something.", slice_share=0.2)
    assert "The random slice is being drawn." in text_of(client.get(PAGE))


def test_a_lost_promise_stands_out(client, project, ready, ada):
    switch_on(project, ada)
    run(project)
    enable(project, "another")
    run(project)
    client.force_login(ada)
    page = text_of(client.get(PAGE))
    assert "The promise cannot be made, so judges settle nothing." in page
    assert "They stay as they are until somebody sends them back." in page
    assert "Send all back to people" in page


def test_a_reviewer_looks_and_an_annotator_does_not(client, project, ready, ada, rita, ana):
    client.force_login(rita)
    page = text_of(client.get(PAGE, ASKED))
    assert "Admins of the project decide about routing." in page
    assert "Would settle" not in page
    assert client.post(SWITCH, {**ASKED, "action": "on", "confirmed": "on"}).status_code == 403
    client.force_login(ana.user)
    assert client.get(PAGE).status_code == 403
    assert not RoutingPlan.objects.exists()


def test_a_stranger_finds_no_page(client, ada):
    make_project("other")
    client.force_login(ada)
    assert client.get("/projects/other/routing/").status_code == 404


def test_the_curve_fits_its_frame(project, ready):
    details = routing.details_of(routing.outlook(project=project, target=0.9, risk=0.1).look)
    drawn = pages.curve(details["steps"], target=0.9, threshold=details["steps"][-1]["threshold"])
    assert all(0 <= point["x"] <= 1 and 0 <= point["y"] <= 1 for point in drawn["points"])
    assert 0 < drawn["target_y"] < 1
    assert drawn["chosen"]
    assert pages.curve([], target=0.9, threshold=None) is None


def test_a_merged_export_says_its_source_and_a_human_one_has_no_such_row(client, project, ready, ada):
    switch_on(project, ada)
    run(project)
    client.force_login(ada)
    url = "/api/v1/projects/recipes/export/?profile=helpsteer2"
    human, merged = ([json.loads(line) for line in read(client.get(url + more))] for more in ("", "&label=merged"))
    assert len(merged) == len(human) + 4
    assert [row["source"] for row in merged].count("judges") == 4
    assert {row["overall"] for row in merged if row["source"] == "judges"} == {2, 5}
    assert all("source" not in row for row in human)
    assert client.get(url + "&label=other").status_code == 400


def read(response):
    return b"".join(response.streaming_content).decode().splitlines()
