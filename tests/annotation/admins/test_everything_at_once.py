"""A busy hour: samples come, people answer, reviewers decide, orders run and figures are counted, all in one project."""

import os
import random
from contextlib import suppress
from functools import partial

import pytest
from races import together
from story import NOW, answer, crowd, join, make_project, make_samples

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.explorer import covering, orders
from annotation.explorer.orders import Wish
from annotation.models import Membership, SampleOrder, StatisticsChange
from annotation.services import adjudication, claiming, importing, judging, reconsideration, submission, weighing
from annotation.services.adjudication import NotReviewable
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.statistics import checking, fold

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = int(os.environ.get("TIMES", "1"))  # more by hand: TIMES=6 is half a minute
THREE = [{"attribute": "overall", "response": "0", "value": 3}]


def annotate(person):
    chance = random.Random(person.external_id)  # noqa: S311
    while lease := claiming.claim_next(annotator=person, at=NOW):
        submission.submit(assignment_id=lease.pk, answer=answer(overall=chance.choice([1, 3, 6])), at=NOW)


def import_more(project, name):
    for batch in range(2):
        about = {"messages": [{"role": "user", "content": "So?"}], "responses": ["So."]}
        rows = [{"sample_id": f"{name}-{batch}-{at}", **about} for at in range(3 * TIMES)]
        importing.add_samples(project=project, samples=[parse_sample(row, Place("more")) for row in rows])


DECISIONS = [
    adjudication.accept,
    partial(adjudication.set_label, given=THREE),
    adjudication.ask_more,
    adjudication.exclude,
]


def decide(samples, by):
    chance = random.Random(by.username)  # noqa: S311
    for _ in range(6 * TIMES):
        said = {"sample_id": chance.choice(samples), "by": by, "note": "", "cause": "taste", "at": NOW}
        with suppress(NotReviewable):
            chance.choice(DECISIONS)(**said)


def judge_backwards(project, judge, samples):
    """Many samples in one statement, in another order than everybody else's."""
    judging.post(project=project, judge=judge, verdicts=[Verdict(pk, [4]) for pk in reversed(samples)])


def order(project, kind, samples, by, **details):
    for _ in range(TIMES):
        orders.give(project=project, wish=Wish(kind, samples, details, "Because."), by=by, at=NOW)


def count_on(project):
    for _ in range(2 * TIMES):
        fold.fold(project=project, at=NOW)
        weighing.weigh()
        covering.catch_up(at=NOW, seconds=5)
        reconsideration.reconsider(project=project, at=NOW)


def differences(project, times=1):
    return [d for _ in range(times) for d in checking.check(project=project, at=NOW, on_progress=lambda *_: None)]


def test_everything_at_once_leaves_every_number_right():
    project = make_project()
    samples = [sample.pk for sample in make_samples(project, 6 * TIMES)]
    judge = judging.enable(project=project, identity=JudgeIdentity("external", "a judge"))
    rita, rolf = (join(project, name, role=Membership.Role.REVIEWER) for name in ("rita", "rolf"))
    fold.fold(project=project, at=NOW)
    everybody = [partial(annotate, person) for person in crowd(project, 4)]
    everybody += [partial(import_more, project, name) for name in ("a", "b")]
    everybody += [partial(decide, samples, by) for by in (rita, rolf)]
    everybody += [partial(order, project, kind, samples, rita) for kind in ("exclude", "take_back")]
    everybody += [partial(order, project, "prioritise", samples, rolf, priority=3)]
    everybody += [partial(judge_backwards, project, judge, samples), partial(count_on, project)]

    *_, meanwhile = together([*everybody, partial(differences, project, TIMES)])

    assert meanwhile == []
    fold.fold(project=project, at=NOW)
    assert not StatisticsChange.objects.exists()
    assert differences(project) == []
    assert not SampleOrder.objects.filter(finished_at=None).exists()
