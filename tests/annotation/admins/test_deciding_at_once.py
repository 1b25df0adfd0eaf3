"""Two who decide the same thing at the same moment: one of them is told what the other did, and nothing is done twice."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone
from races import start, together, wait_until_somebody_waits
from story import (
    MINUTE,
    NOW,
    State,
    claim,
    correct,
    counters,
    crowd,
    decided_long_ago,
    join,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    state_of,
)

from annotation.explorer import orders
from annotation.explorer.orders import Wish
from annotation.models import Decision, Invitation, Membership, Project, SecondLook, User, WhatIf
from annotation.services import (
    adjudication,
    decisions_made,
    invitations,
    people,
    sample_files,
    second_look_drawing,
    second_looks,
    what_if,
)
from annotation.services.adjudication import MovedMeanwhile
from annotation.services.invitations import InvitationRefused
from annotation.services.second_looks import LookRefused
from annotation.services.what_if import WhatIfRefused

pytestmark = pytest.mark.django_db(transaction=True)
LATER, DAY_AFTER = NOW + 20 * MINUTE, NOW + timedelta(days=1)
THREE = [{"attribute": "overall", "response": "0", "value": 3}]


def reviewers(project):
    return [join(project, name, role=Membership.Role.REVIEWER) for name in ("rita", "rolf")]


def refused(*kinds):
    """Whatever a call returns, or the name of its refusal."""

    def of(call):
        try:
            return call()
        except kinds as refusal:
            return type(refusal).__name__

    return of


def both(calls, *kinds):
    return together([partial(refused(*kinds), call) for call in calls])


def contested(project):
    sample = make_sample(project)
    rate_overall(sample, dict(zip(crowd(project, 5), (1, 6, 1, 6, 3), strict=True)))
    assert state_of(sample) == State.CONTESTED
    return sample


def test_of_two_reviewers_one_settles_a_sample_and_the_other_is_told():
    project = make_project()
    sample = contested(project)
    seen = decisions_made.version_of(sample)
    said = {"sample_id": sample.pk, "note": "", "cause": "taste", "at": NOW, "as_of": seen}
    rita, rolf = reviewers(project)
    calls = [
        partial(adjudication.set_label, given=THREE, by=rita, **said),
        partial(adjudication.exclude, by=rolf, **said),
    ]
    assert sorted(both(calls, MovedMeanwhile), key=str) == ["MovedMeanwhile", None]
    only = Decision.objects.get()
    assert state_of(sample) == only.after["state"]


def test_an_answer_that_arrives_while_a_reviewer_decides_is_decided_over_by_nobody():
    project = make_project()
    sample, [ana] = make_sample(project), crowd(project, 1)
    lease, [rita, _rolf] = claim(sample, by=ana), reviewers(project)
    seen = decisions_made.version_of(sample)
    with transaction.atomic():
        rate(sample, by=ana, overall=4)
        said = {"sample_id": sample.pk, "by": rita, "note": "", "cause": "", "at": NOW, "as_of": seen}
        deciding = start(partial(refused(MovedMeanwhile), partial(adjudication.exclude, **said)))
        wait_until_somebody_waits()
    assert deciding.result() == "MovedMeanwhile"
    assert (state_of(sample), counters(sample), lease.sample_id) == (State.OPEN, (3, 0, 1), sample.pk)


def test_what_somebody_holds_while_it_is_excluded_is_credited_and_leaves_no_slot():
    project = make_project()
    sample, [ana, _ben] = make_sample(project), crowd(project, 2)
    claim(sample, by=ana)
    [rita, _rolf] = reviewers(project)
    with transaction.atomic():
        adjudication.exclude(sample_id=sample.pk, by=rita, note="", cause="", at=NOW)
        submitting = start(partial(rate, sample, by=ana, overall=4))
        wait_until_somebody_waits()
    assert submitting.result().counted
    assert (state_of(sample), counters(sample)) == (State.EXCLUDED, (1, 0, 1))
    adjudication.reopen(sample_id=sample.pk, by=rita, note="", at=NOW)
    assert (state_of(sample), counters(sample)) == (State.CONTESTED, (1, 0, 1))


def test_two_orders_over_the_same_samples_change_each_once():
    project = make_project()
    samples = [sample.pk for sample in make_samples(project, 6)]
    wish = Wish("exclude", samples, {}, "Broken.")
    given = together([partial(orders.give, project=project, wish=wish, by=by, at=NOW) for by in reviewers(project)])
    assert sum(order.changed for order in given) == Decision.objects.count() == 6
    assert sum(order.refusals.get("excluded_already", 0) for order in given) == 6


# --- second looks -----------------------------------------------------------------------------------------------
def drawn():
    project = make_project(second_look_share=1)
    receipt = rate(make_sample(project), by=join(project, "ana"), overall=2)
    second_look_drawing.draw(at=LATER)
    return SecondLook.objects.get(), receipt, reviewers(project)


def test_of_two_reviewers_one_takes_the_second_look():
    look, _receipt, (rita, rolf) = drawn()
    calls = [
        partial(second_looks.accept, look=look, by=rita, at=LATER),
        partial(second_looks.send_back, look=look, by=rolf, word="Again, please.", at=LATER),
    ]
    assert sorted(both(calls, LookRefused), key=str) == ["LookRefused", None]
    look.refresh_from_db()
    assert (look.state, look.reviewer) in [("accepted", rita), ("returned", rolf)]


def test_a_reviewer_who_thinks_again_while_the_person_revises_comes_too_late():
    look, receipt, (rita, _rolf) = drawn()
    second_looks.send_back(look=look, by=rita, word="Again, please.", at=LATER)
    with transaction.atomic():
        second_looks.accept(look=look, by=rita, at=DAY_AFTER)
        revising = start(partial(refused(Exception), partial(correct, receipt, at=DAY_AFTER, overall=5)))
        wait_until_somebody_waits()
    assert revising.result() == "NotCorrectable"
    look.refresh_from_db()
    assert (look.state, look.annotation.is_current) == ("accepted", True)


# --- a link -----------------------------------------------------------------------------------------------------
def link(project, **about):
    ada = join(project, "ada", role=Membership.Role.ADMIN)
    return invitations.invite(project=project, by=ada, at=timezone.now(), role="reviewer", **about).secret


def joining(secret, user):
    return partial(invitations.accept, secret=secret, user=user, at=timezone.now())


def test_of_two_people_one_gets_the_last_place_and_the_other_no_part():
    project = make_project()
    secret = link(project)
    users = [User.objects.create(username=name) for name in ("nora", "otto")]
    answers = both([joining(secret, user) for user in users], InvitationRefused)
    assert sorted(map(str, answers)) == ["InvitationRefused", str(project)]
    assert Membership.objects.filter(user__in=users).count() == Invitation.objects.get().taken == 1


def test_whoever_presses_twice_at_once_takes_one_place_and_is_refused_nothing():
    project = make_project()
    one, two = link(project), link(project, places=2)
    for secret, name in ((one, "nora"), (two, "otto")):
        user = User.objects.create(username=name)
        people.join(project=project, user=user, role="annotator", at=NOW)
        assert both([joining(secret, user)] * 3, InvitationRefused) == [project] * 3
    assert set(Invitation.objects.values_list("taken", flat=True)) == {1}


# --- the project ------------------------------------------------------------------------------------------------
def test_a_policy_is_applied_once_and_only_beside_the_one_it_was_asked_about():
    project = make_project()
    decided_long_ago(project, [[3, 3, 4]] * 6)
    ada = join(project, "ada", role=Membership.Role.ADMIN)
    for above in (4, 5):
        looser = {"triggers": {"overall": {"escalate_above": above, "settle_within": 1}}}
        what_if.request(project=project, candidates=[looser], by=ada, at=NOW)
        assert what_if.answer(what_if=what_if.take_waiting(at=NOW), clock=lambda: NOW)
    one, other = WhatIf.objects.order_by("pk")
    how = {"candidate": 0, "by": ada, "at": LATER, "reason": "So.", "at_once": False}
    calls = [partial(what_if.apply, what_if=asked, **how) for asked in (one, one, other)]
    assert both(calls, WhatIfRefused).count("WhatIfRefused") == 2
    assert Project.objects.get(pk=project.pk).policies.count() == 2


def test_a_file_that_is_taken_twice_at_once_is_there_once(tmp_path):
    project = make_project()
    row = '{"sample_id": "s%d", "messages": [{"role": "user", "content": "Why?"}], "responses": ["So."]}\n'
    file = tmp_path / "samples.jsonl"
    file.write_text("".join(row % at for at in range(20)))
    calls = [partial(sample_files.take, project=project, path=file, by=by, at=NOW) for by in reviewers(project)]
    assert sorted(together(calls)) == [0, 20]
