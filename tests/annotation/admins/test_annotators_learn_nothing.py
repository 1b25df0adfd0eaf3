"""Whatever others say of a person's samples, and whatever reviewers and admins do with them: their own pages stay the same."""

import difflib
import re

import pytest
from django.urls import reverse
from forms import ANNOTATE
from story import MINUTE, NOW, crowd, make_sample, make_samples, rate, state_of

from annotation.explorer import orders
from annotation.explorer.orders import Wish
from annotation.models import Assignment, SecondLook
from annotation.services import (
    adjudication,
    decisions_made,
    judging,
    second_look_drawing,
    second_looks,
    weighing,
)
from annotation.services.judging import JudgeIdentity, Verdict

pytestmark = pytest.mark.django_db
PROJECT, INTERFACE = "/projects/recipes", "/api/v1/projects/recipes"
MINE = [
    *("/", ANNOTATE, f"{PROJECT}/work/", f"{PROJECT}/record/", f"{PROJECT}/data/", f"{PROJECT}/data/download/"),
    *("/api/v1/projects/", f"{INTERFACE}/record/", f"{INTERFACE}/gold/results/"),
]
THREE = [{"attribute": "overall", "response": "0", "value": 3}]
# What differs whenever a page is asked for again: secrets against forgery, and times of this very request.
FRESH = re.compile(
    r'csrf\w*" value="\w+|csrf-token" content="\w+|"csrftoken": ".*"|nonce-\w+|name="client_key" value="[^"]*"|"made_at": .*|"last_login": "[^"]*"'
    r'|"\w*expires\w*": ?"[^"]*"|data-\w*(until|expires|now|at)="[^"]*"|data-draft="[^"]*"'
)


@pytest.fixture
def ana_at_home(client, ana):
    client.force_login(ana.user)
    return client


def shown(browser, addresses):
    """Each answer with its headers and without what is fresh each time."""
    return {address: FRESH.sub("", _whole(browser.get(address))) for address in addresses}


def _whole(response):
    body = b"".join(response.streaming_content) if response.streaming else response.content
    headers = "\n".join(
        f"{name}: {value}" for name, value in sorted(response.headers.items()) if name != "Content-Length"
    )
    return f"{response.status_code}\n{headers}\n{body.decode()}"


def addresses_of(ana):
    """Everything that she can open, and what she is refused."""
    mine = Assignment.objects.filter(annotator=ana)
    return [
        *MINE,
        *(reverse("annotation:own-work-one", args=["recipes", one.pk]) for one in mine),
        *(reverse("annotation:correct", args=[one.pk]) for one in mine),
        *(f"/api/v1/assignments/{one.pk}/" for one in mine),
        f"{PROJECT}/samples/",
    ]


def others_differ(project, samples):
    for sample in samples:
        for person in crowd(project, 5)[:2]:
            rate(sample, by=person, overall=6, comment="Theirs")
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "a judge"))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [6]) for sample in samples])
    weighing.weigh()


def reviewers_look(samples, rita):
    settled, excluded, sent_back, *_ = samples
    said = {"by": rita, "note": "Two are wrong.", "cause": "taste", "at": NOW}
    decisions_made.open_judges(samples=samples, by=rita, at=NOW)
    adjudication.set_label(sample_id=settled.pk, given=THREE, **said)
    for sample in (excluded, sent_back, samples[-1]):
        adjudication.exclude(sample_id=sample.pk, **said)
    adjudication.reopen(sample_id=sent_back.pk, by=rita, note="No.", at=NOW)
    adjudication.ask_more(sample_id=sent_back.pk, **said)
    second_look_drawing.draw_from(samples[0].project, at=NOW + 20 * MINUTE)
    looks = SecondLook.objects.filter(annotator__external_id="ana")
    assert len(looks) == 3
    for look in looks:
        second_looks.accept(look=look, by=rita, at=NOW + 20 * MINUTE)


def admins_order(project, ana, ada):
    for name, kind, details in (
        ("to come", "prioritise", {"priority": 9}),
        ("to come", "send", {"people": [ana.pk]}),
        ("broken", "exclude", {}),
    ):
        wish = Wish(kind, [project.samples.get(external_id=name).pk], details, "Because.")
        assert orders.give(project=project, wish=wish, by=ada, at=NOW).changed == 1


def test_nothing_that_others_do_with_a_sample_shows_on_the_pages_of_who_judged_it(project, ana, rita, ada, ana_at_home):
    project.second_look_share = 1
    samples = make_samples(project, 3)
    for sample in samples:
        rate(sample, by=ana, overall=1, comment="My own words")
    samples.append(make_sample(project, "in hand", priority=5))
    ana_at_home.get(ANNOTATE)
    for name in ("to come", "broken"):
        make_sample(project, name)
    before = shown(ana_at_home, addresses_of(ana))

    others_differ(project, samples)
    reviewers_look(samples, rita)
    admins_order(project, ana, ada)

    assert [state_of(sample) for sample in samples] == ["resolved", "excluded", "escalated", "excluded"]
    assert "My own words" in before[f"{PROJECT}/data/download/"]
    assert differences(before, shown(ana_at_home, before)) == []


def differences(before, after):
    changed = [address for address in before if before[address] != after[address]]
    both = [(before[address].split("\n"), after[address].split("\n")) for address in changed]
    return changed + [line for pages in both for line in difflib.unified_diff(*pages, n=0, lineterm="")]
