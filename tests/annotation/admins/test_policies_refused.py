"""A policy that cannot work is refused with a sentence, whoever writes it: what the service lets through, the database takes."""

import json
from itertools import product

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from story import NOW, PREFERENCE, make_project

from annotation.models import Policy, Project
from annotation.review.rules import policy_text
from annotation.services import deciding, projects
from annotation.services.projects import ChangeRefused
from consensus.policy import Belief, ConfidencePolicy, PolicyNotValid, decide
from consensus.scales import Scale, Slot

URL = "/api/v1/projects/recipes/policies/"
NAN, INFINITE = float("nan"), float("inf")

REFUSED = [
    ({"target": 7}, "target is 7"),
    ({"target": 1.0}, "target is 1"),
    ({"target": 0}, "target is 0"),
    ({"hopeless_below": 5}, "hopeless_below is 5"),
    ({"hopeless_below": -0.1}, "hopeless_below is -0.1"),
    ({"name": "sequential", "label_rule": "majority", "unsettled": "resolved"}, "unsettled is 'resolved'"),
    ({"name": "unanimous", "unsettled": "resolved"}, "unsettled is 'resolved'"),
    ({"label_rule": "posterior", "slice_overlap": 1}, "slice_overlap is 1"),
    ({"label_rule": "mean", "slice_overlap": 2}, "slice_overlap is 2"),
    ({"slice_overlap": 5000}, "slice_overlap is 5000"),
    ({"name": "unanimous", "first_round": 2}, "A unanimous policy of 2 people"),
    ({"first_round": 99, "extra": 2}, "are 101 people"),
    ({"first_round": 3, "extra": 30000}, "are 30003 people"),
]


@pytest.mark.parametrize(
    ("content", "said"), [*REFUSED, ({"target": NAN}, "nan"), ({"hopeless_below": INFINITE}, "inf")]
)
def test_the_service_says_why(project, content, said):
    with pytest.raises(ChangeRefused, match=said):
        projects.change_policy(project=project, by=None, at=NOW, reason="x", **content)
    assert (Policy.objects.count(), project.events.count()) == (1, 0)


@pytest.mark.parametrize(("content", "said"), REFUSED)
def test_the_interface_says_why(project, ada, client, content, said):
    client.force_login(ada)
    refused = client.post(URL, {"reason": "x", **content}, content_type="application/json")
    assert (refused.status_code, said in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        *REFUSED,
        ({"target": NAN}, "target is nan"),
        ({"target": "0.8"}, "target is '0.8'. Write a number"),
        ({"first_round": "4"}, "first_round is '4'. Write a whole number"),
        ({"first_round": 4.5}, "first_round is 4.5. Write a whole number"),
        ({"extra": True}, "extra is True. Write a whole number"),
        ({"slice_share": None}, "slice_share is None. Write a number"),
    ],
)
def test_the_command_says_why(project, tmp_path, content, said):
    (tmp_path / "policy.json").write_text(json.dumps(content))
    with pytest.raises(CommandError, match=said):
        call_command("change_policy", "recipes", "--reason", "x", "--file", str(tmp_path / "policy.json"))


def test_a_hundred_people_are_allowed(project):
    assert projects.change_policy(project=project, by=None, at=NOW, reason="x", first_round=98).first_round == 98


def test_the_database_refuses_more(project):
    with pytest.raises(IntegrityError, match="policy_asks_100_at_most"), transaction.atomic():
        Policy.objects.create(project=project, version=7, triggers={}, first_round=99, extra=2)


GRID = {
    "name": Policy.Name.values,
    "label_rule": Policy.LabelRule.values,
    "unsettled": Policy.Unsettled.values,
    "first_round": (0, 1, 2, 3, 99),
    "extra": (0, 2),
    "target": (0.9, 1.0),
    "slice_overlap": (2, 4),
}


def test_what_the_service_lets_through_the_database_takes(project):
    """Every mixture of names, rules and sizes: none passes the check and is then refused by a CHECK."""
    passed = 0
    for values in product(*GRID.values()):
        content = dict(zip(GRID, values, strict=True))
        policy = Policy(project=project, version=7, triggers={}, **content)
        try:
            deciding.check(policy)
        except PolicyNotValid:
            continue
        passed += 1
        with transaction.atomic():
            policy.save(force_insert=True)
            transaction.set_rollback(True)
    assert passed > 30


# --- what policies say ------------------------------------------------------------------------------------------
def said_of(probability, target, *, people=2):
    """The words of a policy about one comparison that is so probable; `people` have judged it, five may."""
    slots = [Slot("preference", Scale((-1, 0, 1), "ordinal"), escalate_above=1, settle_within=0)]
    rest = (1 - probability) / 2
    belief = Belief([probability, rest, rest], [[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    policy = ConfidencePolicy(target=target, hopeless_below=0)
    found = decide(policy, slots, [[-1]] * people, [], 5, 0, beliefs=lambda: [belief])
    return found.reason, found.text


@pytest.mark.parametrize(
    ("probability", "target", "reason", "shown"),
    [
        (0.8996, 0.9, "not_yet_confident", "0.89 that"),
        (0.9499999, 0.95, "not_yet_confident", "0.94 that"),
        (0.9, 0.9, "confident", "0.90 that"),
        (0.9 - 1e-14, 0.9, "confident", "0.90 that"),
        (0.906, 0.9, "confident", "0.91 that"),
    ],
)
def test_the_reason_is_not_rounded_away(probability, target, reason, shown):
    found, text = said_of(probability, target)
    assert (found, shown in text) == (reason, True), text


@pytest.mark.django_db
def test_the_overview_says_how_sure():
    project = make_project(attributes=(PREFERENCE,))
    about = {"name": "confidence", "label_rule": "posterior", "first_round": 2, "extra": 3, "target": 0.995}
    projects.change_policy(project=project, by=None, at=NOW, reason="x", **about)
    assert "until Preference is at least 99.5 % sure, 3 more at most" in policy_text(Project.objects.get())
