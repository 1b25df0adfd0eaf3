"""The pages and the interface about people: who sees what, who decides, what is said before and after."""

import pytest
from django.urls import reverse
from django.utils import timezone
from past_the_services import change
from story import (
    NOW,
    State,
    claim,
    counters,
    crowd,
    join,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    state_of,
)

from annotation.models import Annotator, Assignment, Membership, Notice, ProjectEvent, QualityRule
from annotation.services import person_figures, quality_rules, standing

PEOPLE = "/projects/recipes/people/"
RECORD = "/projects/recipes/record/"
EVIL = '<script>window.struck=1</script>"{{ 7|add:7 }}'


def text_of(response):
    return response.content.decode()


def page_of(person):
    return reverse("annotation:person", args=[person.project.slug, person.pk])


@pytest.fixture
def admin(client, ada):
    client.force_login(ada)
    return client


def decide(browser, person, action, reason="Too quick by far.", **fields):
    address = reverse("annotation:decide-person", args=[person.project.slug, person.pk])
    return browser.post(address, {"action": action, "reason": reason, **fields})


def told(person, kind="warning", text="Your median active time is 3 seconds.", **about):
    return Notice.objects.create(annotator=person, kind=kind, text=text, created_at=NOW, **about)


def post_everything(browser, person, lease, notice, rule):
    """Every address that decides something, with what an admin would send."""
    slug = person.project.slug
    sent = {
        ("annotation:decide-person", person.pk): {"action": "pause", "reason": "Because."},
        ("annotation:change-person", person.pk): {"cap": "1"},
        ("annotation:give-back", lease.pk): {},
        ("annotation:reply", notice.pk): {"reply": "No."},
        ("annotation:switch-rule", rule.pk): {"action": "off"},
        ("annotation:add-rule",): {"measure": "skip_share", "limit": "1", "minimum": "1", "action": "warn"},
    }
    return [browser.post(reverse(name, args=[slug, *pk]), fields).status_code for (name, *pk), fields in sent.items()]


# --- who may see and who may decide -------------------------------------------------------------------------------
@pytest.fixture
def everything(project, ana, ada):
    """A person with a lease, an answer that waits, a proposal and a rule."""
    lease = claim(make_sample(project), by=ana)
    notice = told(ana)
    standing.answer(notice=notice, text="I read fast.", at=NOW)
    rule = quality_rules.add(
        project=project, by=ada, at=NOW, measure="median_seconds", limit=10, minimum=5, action="warn"
    )
    return ana, lease, notice, rule


def test_a_reviewer_reads_everything_and_decides_nothing(client, rita, everything):
    client.force_login(rita)
    person = everything[0]
    for page in (PEOPLE, page_of(person), page_of(person) + "?consider=set_aside"):
        response = client.get(page)
        assert response.status_code == 200
        assert 'method="post" action="/projects' not in text_of(response)
    assert post_everything(client, *everything) == [403] * 6
    person.refresh_from_db()
    assert (person.state, person.cap, person.assignments.get().state) == ("active", None, "leased")
    assert QualityRule.objects.get().is_enabled


def test_annotators_see_neither_page_and_decide_nothing(client, ben, everything):
    for person in (ben, everything[0]):
        client.force_login(person.user)
        assert client.get(PEOPLE).status_code == 403
        assert client.get(page_of(everything[0])).status_code == 403
        assert post_everything(client, *everything) == [403] * 6
    assert Annotator.objects.get(pk=everything[0].pk).state == "active"


def test_strangers_find_nothing(client, everything):
    elsewhere = make_project("elsewhere")
    client.force_login(join(elsewhere, "otto", role=Membership.Role.ADMIN))
    for page in (PEOPLE, page_of(everything[0]), RECORD):
        assert client.get(page).status_code == 404
    assert post_everything(client, *everything) == [404] * 6


def test_an_admin_of_another_project_does_not_reach_in_by_numbers(client, everything):
    """Their own project's address with the other project's ids."""
    elsewhere = make_project("elsewhere")
    client.force_login(join(elsewhere, "otto", role=Membership.Role.ADMIN))
    person, lease, notice, rule = everything
    for name, pk in (
        ("decide-person", person.pk),
        ("change-person", person.pk),
        ("give-back", lease.pk),
        ("reply", notice.pk),
        ("switch-rule", rule.pk),
    ):
        sent = {"action": "pause", "reason": "Because.", "reply": "No.", "cap": "1"}
        assert client.post(reverse(f"annotation:{name}", args=["elsewhere", pk]), sent).status_code == 404
    assert client.get(reverse("annotation:person", args=["elsewhere", person.pk])).status_code == 404


def test_nobody_gets_in_without_logging_in(client, everything):
    for page in (PEOPLE, RECORD):
        assert client.get(page).status_code == 302
    assert post_everything(client, *everything) == [302] * 6


# --- the list -----------------------------------------------------------------------------------------------------
def test_the_list_shows_how_everybody_stands(admin, project, ana, ben, ada):
    rate(make_sample(project), by=ana, overall=3, active_seconds=12)
    person_figures.refresh(project=project, at=NOW)
    claim(make_sample(project, "in-hand"), by=ben)
    standing.pause(annotator=ana, by=ada, reason="A break.", at=NOW)
    change(ben, held_until=timezone.now() + timezone.timedelta(hours=1))
    page = text_of(admin.get(PEOPLE))
    for word in ("ana", "paused", "12 seconds", "held back until", "in-hand", "Give back", "Figures as of"):
        assert word in page, word


def test_the_list_asks_the_database_as_often_for_many_as_for_few(admin, project, django_assert_max_num_queries):
    people = crowd(project, 30)
    for number, person in enumerate(people):
        claim(make_sample(project, f"s{number}"), by=person)
    person_figures.refresh(project=project, at=NOW)
    with django_assert_max_num_queries(14):
        assert text_of(admin.get(PEOPLE)).count("in-hand") == 30


def test_people_come_a_page_at_a_time(admin, project):
    """Nobody has figures yet: by name."""
    crowd(project, 60)
    join(project, "zoe")
    first = text_of(admin.get(PEOPLE))
    assert "person-49" in first
    assert "person-50" not in first
    assert "1 to 50 of 61" in first
    second = text_of(admin.get(PEOPLE, {"page": "2"}))
    assert "zoe" in second
    assert "person-49" not in second
    assert "zoe" in text_of(admin.get(PEOPLE, {"page": "99"}))  # beyond the last is the last
    assert "zoe" in text_of(admin.get(PEOPLE, {"q": "ZO"}))
    assert "Nobody here is called nobody." in text_of(admin.get(PEOPLE, {"q": "nobody"}))
    assert admin.get(PEOPLE, {"q": "\x00", "sort": "\x00", "page": "\x00"}).status_code == 200


def test_proposals_and_answers_stand_first_until_they_are_dealt_with(admin, project, ana, ada):
    proposal = told(ana, kind="proposal", text="ana: gold accuracy is 40 %.")
    notice = told(ana)
    standing.answer(notice=notice, text="I read fast.", at=NOW)
    page = text_of(admin.get(PEOPLE))
    assert "2 things wait for an admin" in page
    assert page.index("gold accuracy is 40 %") < page.index("Everybody")
    assert "I read fast." in page
    for pk, text in ((proposal.pk, "Hard samples."), (notice.pk, "Fair enough.")):
        assert admin.post(reverse("annotation:reply", args=["recipes", pk]), {"reply": text}).status_code == 302
    assert "for an admin" not in text_of(admin.get(PEOPLE))
    proposal.refresh_from_db()
    notice.refresh_from_db()
    assert (proposal.reply, notice.reply) == ("Hard samples.", "Fair enough.")


def test_an_empty_project_says_so(admin):
    page = text_of(admin.get(PEOPLE))
    assert "Nobody annotates in this project yet" in page
    assert "There are no rules." in page


# --- deciding -----------------------------------------------------------------------------------------------------
def test_an_admin_pauses_and_resumes(admin, project, ana):
    lease = claim(make_sample(project), by=ana)
    assert decide(admin, ana, "pause").status_code == 302
    ana.refresh_from_db()
    lease.refresh_from_db()
    assert (ana.state, lease.state) == ("paused", "released")
    page = text_of(admin.get(page_of(ana)))
    assert "Too quick by far." in page
    assert "by ada" in page
    assert decide(admin, ana, "resume", "Fine again.").status_code == 302
    assert Annotator.objects.get(pk=ana.pk).state == "active"


@pytest.mark.parametrize("action", ["pause", "withdraw", "set_aside", "withdraw_and_set_aside"])
def test_the_page_refuses_a_decision_without_a_reason(admin, project, sample, ana, action):
    rate(sample, by=ana, overall=3)
    response = decide(admin, ana, action, "  ", confirmed="1")
    assert response.status_code == 422
    assert "Write the reason: the person reads it." in text_of(response)
    assert (Annotator.objects.get(pk=ana.pk).state, counters(sample)) == ("active", (3, 0, 1))


@pytest.mark.parametrize("action", ["", "promote", "set aside"])
def test_an_unknown_decision_is_none(admin, ana, action):
    response = decide(admin, ana, action)
    assert response.status_code == 422
    assert "is not a decision" in text_of(response)


def test_what_was_written_is_still_there_after_a_refusal(admin, project, ana, ada):
    standing.pause(annotator=ana, by=ada, reason="A break.", at=NOW)
    response = decide(admin, ana, "pause", "My long reason.")
    assert response.status_code == 422
    assert "ana is paused already." in text_of(response)
    assert "My long reason." in text_of(response)


def test_setting_work_aside_shows_first_what_would_happen(admin, project, ana):
    people = crowd(project, 3)
    reopened, undecided = make_samples(project, 2)
    rate_overall(reopened, {ana: 4, people[0]: 4, people[1]: 4})
    rate(undecided, by=ana, overall=4)
    page = text_of(admin.get(page_of(ana), {"consider": "set_aside"}))
    assert '<b class="number">2</b> answers would stop counting' in page
    assert "No published version holds an answer of theirs." in page
    assert "I know that this cannot be undone." in page
    assert state_of(reopened) == State.RESOLVED

    refused = decide(admin, ana, "set_aside")
    assert refused.status_code == 422
    assert "Setting work aside cannot be undone." in text_of(refused)
    assert state_of(reopened) == State.RESOLVED

    assert decide(admin, ana, "withdraw_and_set_aside", confirmed="1").status_code == 302
    assert (state_of(reopened), counters(undecided)) == (State.OPEN, (3, 0, 0))
    assert Annotator.objects.get(pk=ana.pk).state == "withdrawn"


def test_the_page_says_when_there_is_nothing_to_set_aside(admin, ana):
    assert "There is no work of theirs that counts." in text_of(admin.get(page_of(ana), {"consider": "set_aside"}))


def test_an_admin_changes_what_a_person_may_be_given(admin, project, ana):
    address = reverse("annotation:change-person", args=["recipes", ana.pk])
    assert admin.post(address, {"skills": "KO, chemistry", "cap": "20", "is_qualified": "1"}).status_code == 302
    ana.refresh_from_db()
    assert (ana.skills, ana.cap, ana.is_qualified) == (["chemistry", "ko"], 20, True)
    for fields in ({"cap": "-1"}, {"cap": "many"}, {"cap": "9" * 19}, {"cap": "1.5"}, {"skills": "x" * 60}):
        assert admin.post(address, fields).status_code == 422
    assert admin.post(address, {"skills": "", "cap": ""}).status_code == 302
    ana.refresh_from_db()
    assert (ana.skills, ana.cap, ana.is_qualified) == ([], None, False)


def test_an_admin_gives_a_lease_back_and_twice_is_once(admin, project, sample, ana):
    lease = claim(sample, by=ana)
    address = reverse("annotation:give-back", args=["recipes", lease.pk])
    assert [admin.post(address).status_code for _ in range(2)] == [302, 302]
    assert (Assignment.objects.get().state, counters(sample)) == ("released", (3, 0, 0))


# --- rules --------------------------------------------------------------------------------------------------------
def test_an_admin_writes_a_rule_and_switches_it_off(admin, project):
    address = reverse("annotation:add-rule", args=["recipes"])
    fields = {"measure": "gold_accuracy", "limit": "70", "minimum": "20", "action": "hold", "hold_minutes": "60"}
    assert admin.post(address, fields).status_code == 302
    rule = QualityRule.objects.get()
    assert (rule.limit, rule.minimum, rule.action, rule.hold_minutes) == (0.7, 20, "hold", 60)
    assert "Gold accuracy below 70 %, on 20 or more" in text_of(admin.get(PEOPLE))
    switch = reverse("annotation:switch-rule", args=["recipes", rule.pk])
    assert admin.post(switch, {"action": "off"}).status_code == 302
    assert not QualityRule.objects.get().is_enabled


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": "much"},
        {"limit": "170"},
        {"limit": "nan"},
        {"limit": "inf"},
        {"minimum": ""},
        {"minimum": "0"},
        {"measure": "charm"},
        {"action": "pause"},
        {"action": "hold"},
        {"action": "hold", "hold_minutes": "2000"},
        {"minimum": "9" * 15},
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_a_sentence(admin, project, fields):
    sent = {"measure": "gold_accuracy", "limit": "70", "minimum": "20", "action": "warn", **fields}
    response = admin.post(reverse("annotation:add-rule", args=["recipes"]), sent)
    assert response.status_code == 422
    assert 'role="alert"' in text_of(response)
    assert not QualityRule.objects.exists()


# --- my record ----------------------------------------------------------------------------------------------------
@pytest.fixture
def own(client, ana):
    client.force_login(ana.user)
    return client


def test_a_person_reads_why_and_answers(own, ana, ada):
    notice = standing.pause(annotator=ana, by=ada, reason="Ten answers in a minute.", at=NOW)
    page = text_of(own.get(RECORD))
    assert "Ten answers in a minute." in page
    assert "by ada" in page
    assert ">new<" in page
    notice.refresh_from_db()
    assert notice.read_at is not None
    assert ">new<" not in text_of(own.get(RECORD))

    address = reverse("annotation:answer", args=["recipes", notice.pk])
    assert own.post(address, {"answer": "I read fast."}).status_code == 302
    assert "I read fast." in text_of(own.get(RECORD))
    assert own.post(address, {"answer": " "}).status_code == 422
    standing.reply(notice=notice, by=ada, text="Then slower.", at=NOW)
    page = text_of(own.get(RECORD))
    assert "Then slower." in page
    assert "Change what you said" not in page
    refused = own.post(address, {"answer": "No."})
    assert refused.status_code == 422
    assert "replied to this already" in text_of(refused)


def test_a_person_sees_only_their_own(own, ana, ben):
    other = told(ben, text="For Ben alone.")
    mine = told(ana, kind="proposal", text="A secret proposal.")
    page = text_of(own.get(RECORD))
    assert "For Ben alone." not in page
    assert "A secret proposal." not in page
    for notice in (other, mine):
        address = reverse("annotation:answer", args=["recipes", notice.pk])
        assert own.post(address, {"answer": "Mine?"}).status_code == 404


def test_the_record_does_not_tell_at_once_what_was_gold(own, project, ana):
    """Answered and nothing finer: a count of gold answers that moves would tell in time to look again."""
    rate(make_sample(project), by=ana, overall=3, active_seconds=12)
    Assignment.objects.update(is_gold=True)
    person_figures.refresh(project=project, at=NOW)
    page = text_of(own.get(RECORD))
    work = page[page.index("progress-title") : page.index("notices-title")]
    figures = page[page.index("Everything so far") : page.index("record-gold-title")]
    assert "12 seconds" in work
    for part in (work, figures):
        assert "ounted" not in part.replace("counted yet", "").replace("counted here at once", "")
        assert "old" not in part.replace("hold", "").replace("fold", "")


def test_the_annotate_page_has_one_quiet_line_until_it_was_read(own, project, sample, ana):
    address = "/projects/recipes/annotate/"
    line = "There is a note for you about your work"
    assert line not in text_of(own.get(address))
    told(ana)
    assert line in text_of(own.get(address))
    assert line not in text_of(own.get(address, headers={"X-Card": "alone"})).split("<body")[0]
    own.get(RECORD)
    assert line not in text_of(own.get(address))


def test_a_proposal_is_no_note_for_the_person(own, project, sample, ana):
    told(ana, kind="proposal")
    assert "There is a note for you" not in text_of(own.get("/projects/recipes/annotate/"))


def test_a_person_leaves_and_can_still_read_their_record(own, project, sample, ana):
    lease = claim(sample, by=ana)
    address = reverse("annotation:leave", args=["recipes"])
    refused = own.post(address, {"message": "Bye."})
    assert refused.status_code == 422
    assert Annotator.objects.get(pk=ana.pk).state == "active"
    assert own.post(address, {"message": "Bye.", "confirmed": "1"}).status_code == 302
    lease.refresh_from_db()
    assert (Annotator.objects.get(pk=ana.pk).state, lease.state) == ("withdrawn", "released")
    Membership.objects.filter(user=ana.user).delete()
    page = text_of(own.get(RECORD))
    assert "You left this project at your own wish." in page
    assert "Bye." in page
    assert "I want to leave" not in page
    assert own.post(address, {"confirmed": "1"}).status_code == 422


def test_words_of_people_are_shown_as_written(client, project, ana, ada):
    change(ana, external_id=EVIL[:60], skills=[EVIL[:50]])
    notice = told(ana, text=EVIL)
    standing.answer(notice=notice, text=EVIL, at=NOW)
    told(ana, kind="proposal", text=EVIL)
    standing.reply(notice=notice, by=ada, text=EVIL, at=NOW)
    for user, pages in ((ada, (PEOPLE, page_of(ana))), (ana.user, (RECORD,))):
        client.force_login(user)
        for page in pages:
            text = text_of(client.get(page))
            assert "<script>window" not in text
            assert "&lt;script&gt;" in text


def test_a_text_that_cannot_be_stored_is_stored_without_what_cannot(admin, ana):
    assert decide(admin, ana, "pause", "Nul \x00 and no more.").status_code == 302
    assert Notice.objects.get().text == "Nul  and no more."


# --- the menu and the administration ------------------------------------------------------------------------------
def test_the_menu_leads_to_the_pages_of_ones_role(client, project, ana, rita, ada):
    for user, seen, unseen in ((ana.user, RECORD, PEOPLE), (rita, PEOPLE, RECORD), (ada, PEOPLE, RECORD)):
        client.force_login(user)
        page = text_of(client.get("/projects/recipes/annotate/" if user == ana.user else PEOPLE))
        assert f'href="{seen}"' in page
        assert f'href="{unseen}"' not in page


def test_the_administration_is_no_way_around(client, ana, ada):
    ada.is_staff = ada.is_superuser = True
    ada.save()
    client.force_login(ada)
    address = reverse("admin:annotation_annotator_change", args=[ana.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"state": "paused", "cap": "1"}).status_code == 403
    assert client.get(reverse("admin:annotation_notice_changelist")).status_code == 200
    assert client.post(reverse("admin:annotation_notice_add"), {}).status_code == 403
    ana.refresh_from_db()
    assert (ana.state, ana.cap, ProjectEvent.objects.count()) == ("active", None, 0)
