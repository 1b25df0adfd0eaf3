"""The pages of what-ifs: a form that begins with the policy in force, an answer in words first, one step that applies it."""

import html

import pytest
from story import decided_long_ago, make_sample, rate_overall
from test_what_if import LOOSER, answered, ask, worked

from annotation.models import Policy, WhatIf
from annotation.review.what_if import forms as what_if_forms
from annotation.services import policy_words, projects, what_if_words
from annotation.tasks import answer_what_ifs

__all__ = ["worked"]  # the fixture holds here too
pytestmark = pytest.mark.django_db
PAGE = "/projects/recipes/what-if/"


def text_of(response):
    return html.unescape(" ".join(response.content.decode().split()))


def posted(project, at=0, **changes):
    """What the form sends when these fields were changed."""
    fields = what_if_forms.fields_of(projects.policy_content(project.policy), project)
    return {f"{at}.{name}": value for name, value in {**fields, **changes}.items()}


def test_the_form_begins_with_the_policy_in_force(client, project, ada):
    client.force_login(ada)
    page = text_of(client.get(PAGE))
    assert "Now: policy 1" in page
    assert 'name="0.first_round" inputmode="numeric" required value="3"' in page
    assert 'name="0.escalate_above-overall" inputmode="decimal" value="2"' in page
    assert '<option value="spread" selected>more people where the first differ by more than allowed' in page


def test_a_question_is_asked_watched_answered_and_applied(client, project, worked, ada):
    client.force_login(ada)
    make_sample(project, "open")
    asked = client.post(PAGE, {**posted(project, **{"escalate_above-overall": "5"}), "action": "ask"})
    assert asked.status_code == 302
    waiting = text_of(client.get(asked.url))
    assert "Waiting for a process that is free." in waiting
    assert "data-finished" not in waiting
    answer_what_ifs()
    ready = text_of(client.get(asked.url))
    assert "% fewer annotations" in ready
    assert "Limits: Overall above 5, settled within 1 (now Overall above 2, settled within 1)" in ready
    assert "Cost is replayed on all 40 samples whose first round is in" in ready
    assert "40 decided samples stay as they are." in ready
    applied = client.post(
        f"{asked.url}apply/", {"candidate": "0", "reason": "They nearly agree.", "at_once": "on"}, follow=True
    )
    assert "Applied as policy 2. Undecided samples, where there are any, are being looked at now." in text_of(applied)
    assert Policy.objects.get(version=2).triggers["overall"]["escalate_above"] == 5


def test_candidates_are_put_beside_each_other_and_left_out_again(client, project, ada):
    client.force_login(ada)
    one = posted(project, first_round="4")
    assert 'name="1.first_round" inputmode="numeric" required value="4"' in text_of(
        client.post(PAGE, {**one, "action": "another"})
    )
    both = {**one, **posted(project, at=1, first_round="5")}
    kept = text_of(client.post(PAGE, {**both, "action": "without-0"}))
    assert 'name="0.first_round" inputmode="numeric" required value="5"' in kept
    assert "1.first_round" not in kept
    assert not WhatIf.objects.exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"first_round": "2"}, "2 people and 2 more cannot settle a sample"),
        ({"first_round": "some"}, "People at first: 'some' is no whole number of people."),
        ({"extra": "98"}, "101 people for one sample"),
        ({"name": "sequential"}, "works with the commonest value and with the median"),
        ({"name": "sequential", "label_rule": "median", "extra": "0"}, "Of 3 people at most, 2 are asked at first"),
        ({"name": "confidence", "first_round": "2"}, "needs 3 people at first, and 2 are asked"),
        ({"name": "confidence", "first_round": "0", "label_rule": "mean"}, "Nobody would be asked."),
        ({"unsettled": "resolved"}, "can keep the label of unsettled samples"),
        ({"target": "100"}, "100 % sure cannot be"),
        ({"judges_weight_at_most": "1.5"}, "A weight of 1.5 cannot be"),
        ({"judges_weight_at_most": "-1"}, "Judges weigh at most: '-1' is no number."),
        ({"trigger-overall": ""}, "Nothing is ticked that decides"),
        ({"name": "oracle"}, "This policy cannot work"),
        ({}, "says the same as the policy in force"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_kept_in_the_form(client, project, ada, changes, why):
    client.force_login(ada)
    refused = client.post(PAGE, {**posted(project, **changes), "action": "ask"})
    assert refused.status_code == 422
    assert why in text_of(refused)
    if "first_round" in changes:
        assert f'required value="{changes["first_round"]}"' in text_of(refused)
    assert not WhatIf.objects.exists()


def test_whoever_decides_nothing_here_sees_no_page_or_no_button(client, project, worked, rita, ana):
    asked = answered(project, LOOSER)
    client.force_login(rita)
    assert "Admins of the project apply a policy." in text_of(client.get(f"{PAGE}{asked.pk}/"))
    assert client.post(f"{PAGE}{asked.pk}/apply/", {"candidate": "0", "reason": "So."}).status_code == 403
    client.force_login(ana.user)
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}{asked.pk}/").status_code == 403


def test_an_answer_says_when_annotations_have_come_since(client, project, worked, ada):
    asked = answered(project, LOOSER)
    client.force_login(ada)
    assert "Annotations have come since." not in text_of(client.get(f"{PAGE}{asked.pk}/"))
    more = make_sample(project, "more")
    rate_overall(more, dict.fromkeys(project.annotators.order_by("pk")[:3], 4))
    page = text_of(client.get(f"{PAGE}{asked.pk}/"))
    assert "Annotations have come since." in page
    again = text_of(client.get(f"{PAGE}?like={asked.pk}"))
    assert 'name="0.escalate_above-overall" inputmode="decimal" value="5"' in again


def test_a_question_that_is_cancelled_or_failed_says_so(client, project, ada):
    client.force_login(ada)
    failed = ask(project, LOOSER)
    answer_what_ifs()
    assert "No sample has its first round yet" in text_of(client.get(f"{PAGE}{failed.pk}/"))
    cancelled = ask(project, {"extra": 3})
    page = client.post(f"{PAGE}{cancelled.pk}/cancel/", follow=True)
    assert "It was cancelled before it was ready." in text_of(page)


def test_the_policy_in_words_has_no_codes(project):
    said = policy_words.sentence(project.policy, project)
    assert said == (
        "3 people; 2 more where they differ by more than allowed (Overall above 2); the label is the mean of the three who "
        "differ least; samples that stay unsettled go to a reviewer."
    )


def test_money_is_said_with_its_range_where_there_is_a_price(client, project, ada):
    decided_long_ago(project, [[1, 4, 4, 4, 4], [2, 2, 3], [4, 4, 4], [1, 6, 5, 5, 5]] * 10)
    project.price_per_annotation = "0.50"
    project.save()
    for number in range(10):
        make_sample(project, f"open-{number}")
    client.force_login(ada)
    page = text_of(client.get(f"{PAGE}{answered(project, LOOSER).pk}/"))
    assert "About 25 % fewer annotations (" in page
    assert "About 5.00 less to pay for the 10 open samples (" in page


def test_what_gets_worse_is_said_beside_what_gets_better():
    def setting(contested, low, high, unseen=0.0):
        share = {"value": contested, "low": low, "high": high}
        return {"contested": share, "excluded": {"value": 0.0, "low": 0.0, "high": 0.0}, "unseen": unseen}

    now, worse, noise = setting(0.01, 0.0, 0.02), setting(0.06, 0.04, 0.08), setting(0.03, 0.01, 0.05, unseen=0.2)
    quality = {"basis": "gold", "results": [{"cut_short": of} for of in (0.02, 0.02, 0.1)]}
    found = {"cost": {"results": [now, worse, noise]}, "quality": quality}
    assert what_if_words.drawbacks(found, 1) == ["More samples are left to a reviewer: 6.0 % instead of 1.0 %."]
    [wanted] = what_if_words.drawbacks(found, 2)
    assert wanted.startswith("On 20.0 % of the samples it wants people who never answered")
