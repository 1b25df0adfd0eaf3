"""What is done to many samples at once: told before, done one by one, found again after a kill, written down."""

import pytest
from story import NOW, OVERALL, State, crowd, join, make_project, make_sample, make_samples, rate, skip, state_of

from annotation.explorer import orders
from annotation.explorer.orders import OrderRefused, Wish
from annotation.models import Decision, ProjectEvent, SampleOffer
from annotation.services import adjudication, claiming, people
from annotation.services.people import NotAnAdmin


@pytest.fixture
def samples(project):
    return make_samples(project, 4)


def ids(samples):
    return [sample.pk for sample in samples]


def give(project, kind, samples, by, reason="", **details):
    return orders.give(project=project, wish=Wish(kind, ids(samples), details, reason), by=by, at=NOW)


def outlook(project, kind, samples, **details):
    would = orders.outlook(project, Wish(kind, ids(samples), details))
    return would.can, would.cannot


def next_of(person, at=NOW):
    return claiming.claim_next(annotator=person, at=at).sample.external_id


def test_excluding_many_is_told_before_and_written_down_after(project, samples, rita):
    adjudication.exclude(sample_id=samples[3].pk, by=rita, note="", cause="", at=NOW)
    assert outlook(project, "exclude", samples) == (3, {"excluded_already": 1})
    order = give(project, "exclude", samples, rita, reason="Broken import.", cause="bad_sample")
    assert (order.done, order.changed, order.refusals) == (4, 3, {"excluded_already": 1})
    assert {state_of(sample) for sample in samples} == {State.EXCLUDED}
    assert samples[0].events.latest("pk").text.endswith("Broken import.")
    assert Decision.objects.filter(cause="bad_sample", by=rita).count() == 3
    asked, done = project.events.filter(kind__startswith="sample_order").order_by("pk")
    assert asked.actor == done.actor == rita
    assert "Changed 3; left: 1 excluded already." in done.text


def test_what_was_excluded_comes_back_before_a_reviewer(project, samples, rita):
    give(project, "exclude", samples[:2], rita, reason="Broken.")
    assert outlook(project, "take_back", samples) == (2, {"not_excluded": 2})
    give(project, "take_back", samples, rita, reason="Not broken after all.")
    assert [state_of(sample) for sample in samples] == [State.CONTESTED, State.CONTESTED, State.OPEN, State.OPEN]


def test_a_priority_is_given_to_what_is_still_asked_about(project, samples, ana, ben, cleo, rita):
    for person in (ana, ben, cleo):
        rate(samples[0], by=person, overall=4)
    give(project, "prioritise", samples[1:2], rita, priority=3)
    assert outlook(project, "prioritise", samples, priority=3) == (2, {"decided": 1, "same_priority": 1})
    order = give(project, "prioritise", samples, rita, priority=3)
    assert (order.changed, order.refusals) == (2, {"decided": 1, "same_priority": 1})
    assert samples[2].events.latest("pk").reason == "reprioritised"


def test_what_is_offered_to_people_is_given_to_them_first(project, ana, ben, ada):
    samples = make_samples(project, 30)
    wanted = samples[:3]
    assert outlook(project, "send", wanted, people=[ana.pk]) == (3, {})
    order = give(project, "send", wanted, ada, people=[ana.pk])
    assert (order.changed, SampleOffer.objects.count()) == (3, 3)
    assert "send ana on 3 samples" in project.events.get(kind="sample_order_given").text
    for sample in wanted:
        assert next_of(ana) == sample.external_id
        rate(sample, by=ana, overall=3)
    assert not SampleOffer.objects.exists()
    assert next_of(ana) not in {sample.external_id for sample in wanted}


def test_an_offer_keeps_nobody_from_a_sample_and_gives_nobody_what_they_had(project, samples, ana, ben, cleo, dan, ada):
    give(project, "send", samples[:2], ada, people=[ana.pk])
    for person in (ben, cleo, dan):
        rate(samples[0], by=person, overall=3)
    skip(samples[1], by=ana)
    assert next_of(ana) in {"s2", "s3"}
    assert not SampleOffer.objects.exists()
    assert outlook(project, "send", samples, people=[ana.pk]) == (1, {"nobody": 2, "decided": 1})


def test_an_offer_is_passed_while_somebody_has_the_last_slot(project, samples, ana, ada):
    give(project, "send", samples[:1], ada, people=[ana.pk])
    for person in crowd(project, 3):
        claiming.claim_sample(annotator=person, sample=samples[0], at=NOW)
    assert outlook(project, "send", samples[:1], people=[ana.pk]) == (0, {"no_slot": 1})
    assert next_of(ana) != "s0"


def test_skills_and_pauses_hold_for_offers_too(project, ana, ben, ada):
    needs = make_sample(project, "needs", requires=["french"])
    assert outlook(project, "send", [needs], people=[ana.pk]) == (0, {"nobody": 1})
    assert give(project, "send", [needs], ada, people=[ana.pk]).refusals == {"nobody": 1}
    people.change(annotator=ana, by=ada, at=NOW, skills=["french"])
    assert outlook(project, "send", [needs], people=[ana.pk, ben.pk]) == (1, {})


def test_only_an_admin_sends_samples_to_people(project, samples, ana, rita):
    with pytest.raises(NotAnAdmin):
        give(project, "send", samples, rita, people=[ana.pk])


def test_more_than_a_thousand_at_once_is_for_an_admin_to_order(client, project, samples, rita, ada, monkeypatch):
    assert orders.AT_MOST_OF_A_REVIEWER == 1000
    monkeypatch.setattr(orders, "AT_MOST_OF_A_REVIEWER", 3)
    with pytest.raises(OrderRefused, match=r"4 samples\. More than 3 at once is for an admin"):
        give(project, "exclude", samples, rita, reason="All broken.")
    client.force_login(rita)
    page = client.get("/projects/recipes/samples/act/", {"order": "exclude", "sample": ids(samples)}).content.decode()
    assert "These are 4 samples." in page  # before anything is pressed
    assert 'class="button button--primary"' not in page
    assert give(project, "exclude", samples[1:], rita, reason="These are.").changed == 3
    assert give(project, "prioritise", samples, ada, priority=3).changed == 1


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        ("exclude", {}),
        ("take_back", {"reason": "  "}),
        ("prioritise", {}),
        ("prioritise", {"priority": 40_000}),
        ("send", {"people": []}),
        ("burn", {}),
    ],
)
def test_an_order_that_says_too_little_is_refused(project, samples, ada, kind, about):
    with pytest.raises(OrderRefused):
        give(project, kind, samples, ada, **about)
    assert not ProjectEvent.objects.filter(kind="sample_order_given").exists()


def test_samples_of_another_project_are_no_part_of_an_order(project, rita):
    theirs = make_sample(make_project("others"))
    with pytest.raises(OrderRefused):
        give(project, "exclude", [theirs], rita, reason="Mine?")
    assert state_of(theirs) == State.OPEN


def test_a_long_order_goes_on_where_somebody_was_killed(project, rita):
    samples = make_samples(project, 5)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(orders, "AT_ONCE", 2)
        order = give(project, "prioritise", samples, rita, priority=2)
    assert (order.done, order.finished_at) == (0, None)
    ticks = iter(range(100))
    assert orders.carry_on(order=order, at=NOW, seconds=3, clock=lambda: next(ticks)) is False
    order.refresh_from_db()
    assert (order.done, order.changed, order.finished_at) == (2, 2, None)
    [waiting] = orders.under_way()
    assert orders.carry_on(order=waiting, at=NOW) is True
    order.refresh_from_db()
    assert (order.done, order.changed, order.finished_at) == (5, 5, NOW)
    assert [sample.events.filter(reason="reprioritised").count() for sample in samples] == [1] * 5
    assert not orders.under_way()


def test_offers_go_with_their_samples_and_people(db):
    project = make_project("other", attributes=[OVERALL])
    sample, ana, ada = make_sample(project), join(project, "ana"), join(project, "ada", role="admin")
    give(project, "send", [sample], ada, people=[ana.pk])
    sample.delete()
    assert not SampleOffer.objects.exists()
