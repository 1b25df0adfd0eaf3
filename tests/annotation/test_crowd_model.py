"""One thing after another, in any order that hypothesis can think of, against a model of who has what.

The model is a dictionary: what every person has had of every sample, and what became of it. What a claim may give is found by
brute force; what a sample is decided to be is left to the laws of docs/invariants.md, which are read after every step.
"""

import sys
from dataclasses import dataclass
from datetime import timedelta

import pytest
from crowd import (
    broken_laws,
    claimable,
    examples,
    rows,
    tables,
    what_is_stuck,
    work_until_nothing_is_left,
    wrong_answers_about_what_is_left,
)
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from story import NOW, answer, make_project, make_sample, make_samples

from annotation.models import Annotator, Assignment, Project, Sample
from annotation.services import claiming, leases, people, projects, reconsideration, submission

NAMES = ["ana", "ben", "cleo", "dan"]
EVERYBODY = [*NAMES, "eve"]
SAMPLES = ["s0", "s1", "more"]
GIVEN_BACK = {"expired", "released"}

who = st.sampled_from(EVERYBODY)
which = st.sampled_from(SAMPLES)
values = st.sampled_from([4, 4, 4, 1, 6, 0])
one_of_them = st.integers(0, 14)  # one of the hands that there are
somebody_had_something = precondition(lambda self: self.hands)


@dataclass
class Hand:
    """What became of one sample in one person's hands."""

    pk: int
    state: str
    key: str = ""
    counted: bool = False


class Crowd(RuleBasedStateMachine):
    """The model, and what may happen."""

    def __init__(self):
        super().__init__()
        self.at, self.hands, self.keys = NOW, {}, 0

    @initialize(
        samples=st.integers(1, 2), first_round=st.integers(3, 4), unsettled=st.sampled_from(["contested", "excluded"])
    )
    def a_project(self, samples, first_round, unsettled):
        self.project = make_project(f"model-{Project.objects.count()}")
        triggers = self.project.policy.triggers
        projects.write_policy(project=self.project, triggers=triggers, first_round=first_round, unsettled=unsettled)
        make_samples(self.project, samples)
        people.add_outside_people(project=self.project, external_ids=NAMES, at=NOW)

    # --- people ---
    @rule(name=who)
    def claims(self, name):
        if not (person := self.person(name)):
            return
        held, could_have = self.held_by(name), claimable(person, self.at)
        lease, refusal = what_it_says(claiming.NotClaimable, lambda: claiming.claim_next(annotator=person, at=self.at))
        if refusal:
            assert not held or refusal.code == "paused"
            assert refusal.code == self.reason_to_refuse(person)
            return
        assert held or not self.reason_to_refuse(person)
        if not could_have and not held:  # then leases whose time was up were given back
            self.time_was_up()
            could_have = claimable(person, self.at) if lease is None else [lease.sample.external_id]
        if lease is None:
            assert not could_have, f"{name} was told that nothing is left; by the tables: {could_have}"
            return
        given = lease.sample.external_id
        assert given in (held or could_have), f"{name} was given {given}; by the tables: {held or could_have}"
        self.hands[name, given] = Hand(lease.pk, "leased")

    @rule(name=who)
    def claims_ahead(self, name):
        if not (person := self.person(name)):
            return
        held, could_have = self.held_by(name), claimable(person, self.at)
        lease, refusal = what_it_says(claiming.NotClaimable, lambda: claiming.claim_ahead(annotator=person, at=self.at))
        if refusal:
            assert refusal.code == self.reason_to_refuse(person)
            assert len(held) < 2 or refusal.code == "paused"
            return
        places = Assignment.objects.filter(annotator=person, state="leased").order_by("lease_place")
        assert [row.lease_place for row in places] == [0, 1][: len(places)]
        if len(held) == 2:
            assert lease == places[1]
            return
        if not could_have:  # then leases of others whose time was up were given back
            self.time_was_up()
            could_have = claimable(person, self.at) if lease is None else [lease.sample.external_id]
        if lease is None:
            assert not could_have, f"{name} was told that nothing is left ahead; by the tables: {could_have}"
            return
        assert lease.sample.external_id in could_have
        self.hands[name, lease.sample.external_id] = Hand(lease.pk, "leased")

    @rule(name=who, sample=which)
    def claims_by_name(self, name, sample):
        person, row = self.person(name), self.sample(sample)
        if not person or not row:
            return
        had, held, may = self.hands.get((name, sample)), self.held_by(name), claimable(person, self.at)
        lease, refusal = what_it_says(
            claiming.NotClaimable, lambda: claiming.claim_sample(annotator=person, sample=row, at=self.at)
        )
        if refusal:
            expected = {
                "paused": self.reason_to_refuse(person) == "paused",
                "had_it": had is not None and had.state not in {*GIVEN_BACK, "leased"},
                "no_slot": not is_claimable(row),
                "at_cap": self.reason_to_refuse(person) == "at_cap",
                "holds_two": len(held) == 2,
            }
            assert expected[refusal.code], f"refused as {refusal.code}: {refusal}"
            return
        assert sample in held or (sample in may and len(held) < 2)
        self.hands[name, sample] = Hand(lease.pk, "leased")

    @rule(name=who, value=values)
    def works(self, name, value):
        """Claims, and answers what is then in hand."""
        self.claims(name)
        if held := self.held_by(name):
            self.submit(list(self.hands).index((name, held[0])), value)

    @somebody_had_something
    @rule(place=one_of_them, value=values, again=st.booleans())
    def answers(self, place, value, again):
        """Under a new key, or under the same one as before, perhaps with another value."""
        self.submit(place, value, again=again)

    def submit(self, place, value, *, again=False):
        sample, hand = self.hand(place, f"answers {value}")
        self.keys += 1
        key = hand.key if again and hand.key else f"key-{self.keys}"
        would_count = hand.state == "leased" or is_claimable(sample)
        receipt, refusal = what_it_says(
            submission.AlreadySubmitted,
            lambda: submission.submit(assignment_id=hand.pk, answer=said(key, value), at=self.at),
        )
        if refusal:
            assert hand.state in ("submitted", "late", "skipped")
            assert key != hand.key
        elif hand.key == key:
            assert (receipt.repeated, receipt.counted) == (True, hand.counted)
        else:
            assert hand.state in ("leased", *GIVEN_BACK)
            assert (receipt.repeated, receipt.counted) == (False, would_count)
            hand.state, hand.key, hand.counted = "submitted" if would_count else "late", key, would_count

    @somebody_had_something
    @rule(place=one_of_them, value=values)
    def corrects(self, place, value):
        _, hand = self.hand(place, f"corrects to {value}")
        self.keys += 1
        since = Assignment.objects.get(pk=hand.pk).finished_at
        in_time = bool(hand.key and since and self.at - since <= submission.CORRECTABLE_FOR)
        receipt, refusal = what_it_says(
            submission.NotCorrectable,
            lambda: submission.correct(assignment_id=hand.pk, answer=said(f"key-{self.keys}", value), at=self.at),
        )
        assert in_time != bool(refusal)
        assert refusal or receipt.counted == hand.counted

    @somebody_had_something
    @rule(place=one_of_them, how=st.sampled_from(["broken", "personal_data", "release", "release", "renew"]))
    def ends_or_keeps_a_lease(self, place, how):
        _, hand = self.hand(place, how)
        lease = Assignment.objects.select_related("annotator__project").get(pk=hand.pk)
        ends = {
            "release": ("released", lambda: leases.release(assignment=lease, at=self.at)),
            "renew": ("leased", lambda: leases.renew(assignment=lease, at=self.at)),
        }
        skip = ("skipped", lambda: leases.skip(assignment=lease, reason=how, at=self.at))
        state, end = ends.get(how, skip)
        _, refusal = what_it_says(leases.LeaseGone, end)
        assert (hand.state == "leased") != bool(refusal)
        hand.state = hand.state if refusal else state

    @somebody_had_something
    @rule(place=one_of_them)
    def comes_back(self, place):
        """To the sample that is open on the screen: renewed, or taken again where a claim could have it."""
        sample, hand = self.hand(place, "comes back")
        name = list(self.hands)[place % len(self.hands)][0]
        may = sample.external_id in claimable(self.person(name), self.at) and len(self.held_by(name)) < 2
        lease = Assignment.objects.select_related("annotator__project").get(pk=hand.pk)
        _, refusal = what_it_says(leases.LeaseGone, lambda: leases.hold(assignment=lease, at=self.at))
        assert (hand.state == "leased" or (hand.state in GIVEN_BACK and may)) != bool(refusal)
        hand.state = hand.state if refusal else "leased"

    def hand(self, place, does):
        """The sample and the hand at this place; the story names them."""
        (name, sample), hand = list(self.hands.items())[place % len(self.hands)]
        note(f"  ({name} {does}: {sample}, {hand.state})")
        return self.sample(sample), hand

    # --- time and the house ---
    @rule(minutes=st.sampled_from([1, 5, 11, 61, 180, -5, -90]), reaper=st.booleans())
    def the_clock_goes(self, minutes, reaper):
        self.at += timedelta(minutes=minutes)
        if reaper:
            overdue = self.overdue()
            leases.expire(at=self.at)
            self.time_was_up()
            assert not overdue & {hand.pk for hand in self.hands.values() if hand.state == "leased"}

    @rule(name=who, change=st.sampled_from([{"state": "paused"}, {"state": "active"}, {"cap": None}, {"cap": 2}]))
    def somebody_changes(self, name, change):
        Annotator.objects.filter(project=self.project, external_id=name).update(**change)

    @rule(what=st.sampled_from(["eve joins", "a sample", "an urgent one", "an hour", "paused", "active", "3+1", "4+2"]))
    def something_happens(self, what):
        project = Project.objects.get(pk=self.project.pk)
        match what:
            case "eve joins":
                people.add_outside_people(project=project, external_ids=["eve"], at=self.at)
            case "a sample" | "an urgent one":
                if not self.sample("more"):
                    make_sample(project, "more", priority=3 * (what == "an urgent one"))
            case "an hour":
                reconsideration.reconsider(at=self.at, project=project)
            case "paused" | "active":
                Project.objects.filter(pk=project.pk).update(state=what)
            case _:
                first, extra = map(int, what.split("+"))
                triggers = project.policy.triggers
                projects.write_policy(project=project, triggers=triggers, first_round=first, extra=extra)

    # --- what has to be true ---
    @invariant()
    @precondition(lambda self: hasattr(self, "project"))
    def the_laws_hold(self):
        wrong = broken_laws(self.project)
        assert not wrong, "\n".join([*wrong, tables(self.project)])

    @invariant()
    @precondition(lambda self: hasattr(self, "project"))
    def everybody_has_what_the_model_says(self):
        found = rows(
            """SELECT person.external_id, sample.external_id, assignment.id, assignment.state
            FROM annotation_assignment assignment JOIN annotation_annotator person ON person.id = annotator_id
            JOIN annotation_sample sample ON sample.id = sample_id WHERE person.project_id = %(project)s""",
            project=self.project.pk,
        )
        assert {(name, sample): (pk, state) for name, sample, pk, state in found} == {
            place: (hand.pk, hand.state) for place, hand in self.hands.items()
        }

    def teardown(self):
        """The story goes on to its end: leases run out, everybody works, newcomers come."""
        if not hasattr(self, "project") or sys.exc_info()[0]:  # the story has failed already
            return
        later = max(self.at, NOW) + timedelta(days=1)
        Project.objects.filter(pk=self.project.pk).update(state="active")
        leases.expire(at=later)
        wrong = wrong_answers_about_what_is_left(self.project, later)
        for newcomers in ([], ["new-1", "new-2", "new-3"]):
            people.add_outside_people(project=self.project, external_ids=newcomers, at=later)
            reconsideration.reconsider(project=self.project, at=later)
            work_until_nothing_is_left(self.project, later)
            wrong += what_is_stuck(self.project, later)
        assert not wrong, "\n".join([*wrong, tables(self.project)])

    # --- the model's own knowledge ---
    def person(self, name):
        """As a request sees them; None when nobody of this name is there yet."""
        return Annotator.objects.select_related("project").filter(project=self.project, external_id=name).first()

    def sample(self, name):
        return Sample.objects.filter(project=self.project, external_id=name).first()

    def held_by(self, name):
        return [sample for (person, sample), hand in self.hands.items() if person == name and hand.state == "leased"]

    def reason_to_refuse(self, person):
        if person.project.state != "active" or person.state != "active":
            return "paused"
        mine = [hand for (name, _), hand in self.hands.items() if name == person.external_id]
        given = sum(hand.state not in GIVEN_BACK for hand in mine)
        return "at_cap" if person.cap is not None and given >= person.cap else None

    def overdue(self):
        mine = Assignment.objects.filter(sample__project=self.project, state="leased", lease_expires_at__lt=self.at)
        return set(mine.values_list("pk", flat=True))

    def time_was_up(self):
        """Leases that were given back, as the tables say; none of them before its time."""
        expired = Assignment.objects.filter(sample__project=self.project, state="expired").in_bulk()
        for hand in self.hands.values():
            if hand.state == "leased" and hand.pk in expired:
                assert expired[hand.pk].lease_expires_at < self.at
                hand.state = "expired"


def what_it_says(refusal, call):
    """What a call returns, or the refusal that it raises."""
    try:
        return call(), None
    except refusal as said_no:
        return None, said_no


def is_claimable(sample):
    return sample.state in ("open", "escalated") and sample.target > sample.leased_count + sample.counted_count


def said(key, value):
    return answer(key, neither_valid=True) if value == 0 else answer(key, overall=value)


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_in_whatever_order_everybody_has_what_the_model_says():
    run_state_machine_as_test(Crowd, settings=settings(examples(15), stateful_step_count=40))
