"""The reviewer's pages of gold, and what the record of a person's work says of theirs."""

import re
from html import escape

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from forms import ANNOTATE, form_of, text_of
from gold_story import LATER, answer_gold, hand_gold, make_gold, make_slice, project_with_test
from story import (
    NOW,
    OVERALL,
    PREFERENCE,
    answer,
    crowd,
    join,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    rate,
)

from annotation.models import Annotator, Assignment, GoldAnswer, GoldDispute, Membership, Sample
from annotation.services import claiming, disputes, gold, gold_accuracy, leases, submission
from annotation.web import gold as record

GOLD = "/projects/recipes/gold/"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def page_of(sample):
    return reverse("annotation:gold-sample", args=["recipes", sample.pk])


@pytest.fixture
def browser(client, rita):
    client.force_login(rita)
    return client


@pytest.fixture
def disputed(project, ana):
    """Gold of 1 that ana rated 5, and her word against it."""
    sample = make_gold(project, overall=1)
    assignment_id = answer_gold(sample, by=ana, overall=5).annotation.assignment_id
    assignment = Assignment.objects.select_related("annotator__project").get(pk=assignment_id)
    return disputes.dispute(assignment=assignment, text="It answers the question.", at=LATER)


# --- writing -------------------------------------------------------------------------------------------------------
def test_a_reviewer_writes_the_answer_of_a_sample_that_nobody_has_had(browser, project, sample, rita):
    found = browser.get(f"{GOLD}find/?sample=")
    assert found["Location"] == page_of(sample)
    form = form_of(browser.get(page_of(sample)))
    assert form.offered["rating-0"] == ["1", "2", "3", "4", "5", "6", ""]
    assert form.chosen["rating-0"] == ""
    browser.post(page_of(sample), {"rating-0": "4", "note": "It answers."})
    known = GoldAnswer.objects.get()
    assert (known.ratings, known.note, known.written_by, known.source) == ([4], "It answers.", rita, "written")
    assert Sample.objects.get().purpose == "gold"
    page = text_of(browser.get(GOLD))
    assert f'<a href="{page_of(sample)}">s1</a>' in page


def test_a_sample_is_found_by_its_id(browser, project):
    second = make_samples(project, 2)[1]
    assert browser.get(f"{GOLD}find/", {"sample": " s1 "})["Location"] == page_of(second)
    page = text_of(browser.get(f"{GOLD}find/", {"sample": "none\x00such"}, follow=True))
    assert "There is no sample nonesuch in this project." in page


def test_when_every_sample_was_given_the_page_says_so(browser, project, ana):
    rate(make_sample(project), by=ana, overall=3)
    assert "has been given to somebody" in text_of(browser.get(f"{GOLD}find/", follow=True))


def test_a_sample_in_work_offers_no_form_and_a_post_is_refused_with_a_sentence(browser, project, sample, ana):
    rate(sample, by=ana, overall=3)
    page = browser.get(page_of(sample))
    assert "Work on sample s1 has begun" in text_of(page)
    assert page_of(sample) not in form_of(page).actions
    refused = browser.post(page_of(sample), {"rating-0": "4"})
    assert refused.status_code == 422
    assert not GoldAnswer.objects.exists()


def test_a_refused_answer_is_shown_again_with_what_was_chosen(browser, project, sample):
    refused = browser.post(page_of(sample), {"rating-0": "", "note": "my note"})
    assert refused.status_code == 422
    assert "judges nothing" in text_of(refused)
    assert "my note" in text_of(refused)
    assert browser.post(page_of(sample), {"rating-0": "nine"}).status_code == 422


def test_the_answers_of_two_responses_go_to_them(client, db):
    project = make_project(attributes=[OVERALL, PREFERENCE])
    pair = make_pair(project)
    client.force_login(join(project, "rita", role=Membership.Role.REVIEWER))
    client.post(page_of(pair), {"rating-0": "2", "rating-1": "5", "rating-2": "1"})
    assert GoldAnswer.objects.get().ratings == [2, 5, 1]
    page = text_of(client.get(page_of(pair)))
    assert len(re.findall("data-proposed", page)) == 3


# --- the list ------------------------------------------------------------------------------------------------------
def test_hard_or_wrong_gold_stands_out(browser, project):
    people = crowd(project, 4)
    good, bad = make_gold(project, "good", overall=4), make_gold(project, "bad", overall=1)
    for person in people:
        answer_gold(good, by=person, overall=4)
        answer_gold(bad, by=person, overall=5)
    page = text_of(browser.get(GOLD))
    [flagged] = re.findall(r'<tr class="is-flagged">(.*?)</tr>', page, re.DOTALL)
    assert ">bad</a>" in flagged
    assert re.findall(r'<td class="is-number">(\d+)</td>', flagged) == ["4", "4"]
    assert "0 %" in flagged
    assert "100 %" in page


def test_one_person_who_is_wrong_flags_nothing(browser, project, ana):
    answer_gold(make_gold(project, overall=1), by=ana, overall=5)
    assert "is-flagged" not in text_of(browser.get(GOLD))


def test_given_back_gold_is_not_counted_as_given(browser, project, ana):
    lease = hand_gold(make_gold(project, overall=1), by=ana)
    leases.release(assignment=lease, at=NOW)
    assert '<td class="is-number">0</td>' in text_of(browser.get(GOLD))


def test_the_list_goes_on_page_by_page(browser, project, monkeypatch):
    monkeypatch.setattr("annotation.review.gold.page.ON_A_PAGE", 2)
    for number in range(3):
        make_gold(project, f"g{number}", overall=3)
    first = text_of(browser.get(GOLD))
    assert re.findall(r">(g\d)</a>", first) == ["g2", "g1"]
    onward = re.search(r'href="(\?after=\d+)"', first).group(1)
    assert re.findall(r">(g\d)</a>", text_of(browser.get(GOLD + onward))) == ["g0"]
    assert browser.get(f"{GOLD}?after=x").status_code == 200


def test_the_list_takes_as_many_queries_for_many_as_for_few(browser, project, django_assert_max_num_queries):
    people = crowd(project, 3)
    for number in range(12):
        sample = make_gold(project, f"g{number}", overall=3)
        for person in people:
            answer_gold(sample, by=person, overall=3)
    with django_assert_max_num_queries(22):
        browser.get(GOLD)


def test_an_empty_project_says_how_gold_comes_to_be(browser, project):
    assert "No gold sample yet" in text_of(browser.get(GOLD))


def test_the_button_promotes_what_it_says(browser, project):
    people = crowd(project, 4)
    make_slice(project, [4, 4, 4, 4], people)
    Assignment.objects.update(finished_at=timezone.now() - (LATER - NOW))
    assert '<span class="number">1 sample</span>' in text_of(browser.get(GOLD))
    page = text_of(browser.post(f"{GOLD}promote/", follow=True))
    assert "1 sample was promoted." in page
    assert re.search(r"<button[^>]* disabled>Promote", page)
    assert GoldAnswer.objects.get().source == "unanimous"


def test_retiring_and_handing_out_again(browser, project):
    sample = make_gold(project, overall=3)
    for action, is_served in [("retire", False), ("serve", True)]:
        browser.post(f"{page_of(sample)}served/", {"action": action})
        assert GoldAnswer.objects.get().is_served == is_served


# --- disputes ------------------------------------------------------------------------------------------------------
def close(browser, opened, action, reply="Because.", **more):
    url = reverse("annotation:gold-dispute", args=["recipes", opened.pk])
    return browser.post(url, {"action": action, f"reply-{opened.pk}": reply, **more})


def test_open_disputes_come_first_in_the_persons_words(browser, disputed):
    page = text_of(browser.get(GOLD))
    assert "It answers the question." in page
    assert page.index("ana on g1") < page.index("Known answers")
    assert "It answers the question." in text_of(browser.get(page_of(disputed.assignment.sample)))


@pytest.mark.parametrize(
    ("action", "outcome", "current", "value"),
    [("uphold", "upheld", [1], 0.0), ("set_aside", "overturned", None, None), ("replace", "overturned", [5], 1.0)],
)
def test_a_reviewer_closes_a_dispute(browser, disputed, ana, action, outcome, current, value):
    close(browser, disputed, action, **{"rating-0": "5"})
    disputed.refresh_from_db()
    assert (disputed.outcome, disputed.reply) == (outcome, "Because.")
    known = GoldAnswer.objects.filter(is_current=True).first()
    assert (known.ratings if known else None) == current
    assert gold_accuracy.accuracy_of(ana).value == value


def test_a_dispute_without_a_reply_or_with_another_word_stays_open(browser, disputed):
    assert "Write a reply" in text_of(close(browser, disputed, "uphold", reply=" "))
    assert close(browser, disputed, "burn").status_code == 422
    assert "What I wrote" in text_of(close(browser, disputed, "replace", reply="What I wrote", **{"rating-0": ""}))
    disputed.refresh_from_db()
    assert disputed.outcome == ""


def test_a_dispute_of_another_project_is_not_there(browser, disputed):
    other = make_project("other")
    join(other, "rita", role=Membership.Role.REVIEWER)
    url = reverse("annotation:gold-dispute", args=["other", disputed.pk])
    assert browser.post(url, {"action": "uphold", f"reply-{disputed.pk}": "x"}).status_code == 404


# --- the test ------------------------------------------------------------------------------------------------------
@pytest.fixture
def failed(db):
    project = project_with_test(size=1, pass_mark=1)
    ana = join(project, "ana")
    make_gold(project, overall=4)
    lease = claiming.claim_next(annotator=ana, at=NOW)
    submission.submit(assignment_id=lease.pk, answer=answer(overall=1), at=NOW)
    return project


def test_an_admin_lets_somebody_take_the_test_again(client, failed):
    client.force_login(join(failed, "ada", role=Membership.Role.ADMIN))
    page = text_of(client.get(GOLD))
    assert "Did not pass the test" in page
    [url] = re.findall(r'action="(/projects/recipes/gold/tests/\d+/again/)"', page)
    client.post(url, {"reason": " "})
    assert Annotator.objects.get().tested_at == NOW
    client.post(url, {"reason": "A bad day."})
    assert Annotator.objects.get().tested_at is None


def test_a_reviewer_does_not_decide_about_tests(client, failed):
    client.force_login(join(failed, "rita", role=Membership.Role.REVIEWER))
    assert "Did not pass the test" not in text_of(client.get(GOLD))
    client.post(reverse("annotation:test-again", args=["recipes", Annotator.objects.get().pk]), {"reason": "x"})
    assert Annotator.objects.get().tested_at == NOW


def test_too_little_gold_for_the_test_stands_on_the_page(client, db):
    project = project_with_test(size=3)
    client.force_login(join(project, "rita", role=Membership.Role.REVIEWER))
    assert "no newcomer can finish it. Add 3." in text_of(client.get(GOLD))


# --- the door ------------------------------------------------------------------------------------------------------
PLACES = ["", "find/", "samples/1/"]
POSTS = ["promote/", "samples/1/", "samples/1/served/", "disputes/1/", "tests/1/again/"]


def test_annotators_and_strangers_see_no_gold(client, project, ana):
    client.force_login(ana.user)
    assert {client.get(GOLD + place).status_code for place in PLACES} == {403}
    assert {client.post(GOLD + place).status_code for place in POSTS} == {403}
    assert "/gold/" not in text_of(client.get(ANNOTATE))
    client.force_login(join(make_project("other"), "stranger").user)
    assert {client.get(GOLD + place).status_code for place in PLACES} == {404}
    client.logout()
    assert "/login/" in client.get(GOLD)["Location"]


def test_every_form_is_guarded_against_other_sites(project, rita):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(rita)
    sample = make_gold(project, overall=3)
    for url in (f"{GOLD}promote/", page_of(sample), f"{page_of(sample)}served/"):
        assert strict.post(url, {"action": "retire"}).status_code == 403
    assert GoldAnswer.objects.get().is_served


def test_reviewers_and_admins_find_gold_in_the_menu(browser, project, ana):
    assert f'<a href="{GOLD}"' in text_of(browser.get("/projects/recipes/review/"))


def test_hostile_text_is_shown_and_not_obeyed(browser, project, ana):
    sample = make_gold(project, "<b>bold</b>", overall=1, note=HOSTILE)
    receipt = answer_gold(sample, by=ana, overall=5, comment=HOSTILE)
    assignment = Assignment.objects.select_related("annotator__project").get(pk=receipt.annotation.assignment_id)
    disputes.dispute(assignment=assignment, text=HOSTILE, at=LATER)
    for page in (browser.get(GOLD), browser.get(page_of(sample)), section_of(ana)):
        text = page if isinstance(page, str) else text_of(page)
        assert escape(HOSTILE, quote=True) in text
        for live in ("<script>alert", "<img src=x", "<b>bold"):
            assert live not in text


# --- the review page of a promoted sample ----------------------------------------------------------------------------
def test_an_answer_given_as_gold_does_not_count_on_the_review_page(browser, project, ana):
    sample = make_slice(project, [4, 4, 4, 4], crowd(project, 4))
    gold.promote_unanimous(project=project, at=LATER)
    answer_gold(sample, by=ana, overall=1, at=LATER)
    page = text_of(browser.get(reverse("annotation:review", args=["recipes", sample.pk])))
    assert page.count("<strong>not counted: given as gold</strong>") == 1


# --- what the person sees --------------------------------------------------------------------------------------------
def section_of(person, at=LATER):
    request = RequestFactory().get("/where/i/was/")
    person = Annotator.objects.select_related("project").get(pk=person.pk)
    return render_to_string("components/_record_gold.html", {"gold": record.section(person, at=at)}, request=request)


def test_the_record_shows_what_is_known_and_what_one_said(client, project, ana):
    answer_gold(make_gold(project, overall=1, note="It is rude."), by=ana, overall=5)
    assert "Nothing to show yet." in section_of(ana, at=NOW)
    text = section_of(ana)
    assert re.search(r"<td>1</td>\s*<td>5</td>", text)
    for said in ("It is rude.", "Not as known", "Prompt of g1", "A text.", "0 %"):
        assert said in text


def test_the_record_speaks_in_the_order_that_the_person_saw(db):
    project = make_project(attributes=[OVERALL, PREFERENCE])
    ana = join(project, "ana")
    sample = make_gold(project, sample=make_pair(project), overall=(2, 5), preference=1)
    Assignment.objects.filter(pk=hand_gold(sample, by=ana).pk).update(shown_order=[1, 0])
    answer_gold(sample, by=ana, overall=(2, 5), preference=1)
    text = section_of(ana)
    assert text.index("The second.") < text.index("The first.")
    words = record.section(ana, at=LATER)["results"][0]["words"]
    assert [(word["letter"], word["known"]["favours"]) for word in words] == [("A", ""), ("B", ""), ("", "A")]
    assert [word["said"]["label"] for word in words][:2] == ["5", "2"]


def test_a_person_disputes_from_their_record_and_comes_back_to_it(client, project, ana, rita):
    answer_gold(make_gold(project, overall=1), by=ana, overall=5, at=timezone.now() - (LATER - NOW))
    client.force_login(ana.user)
    url = reverse("annotation:dispute", args=[Assignment.objects.get().pk])
    assert client.post(url, {"text": "It is fine.", "back": "/projects/recipes/annotate/"})["Location"] == ANNOTATE
    opened = GoldDispute.objects.get()
    assert opened.text == "It is fine."
    assert "A reviewer has not answered yet." in section_of(ana, at=timezone.now())
    disputes.uphold(dispute_id=opened.pk, by=rita, reply="Read it once more.", at=timezone.now())
    text = section_of(ana, at=timezone.now())
    assert "A reviewer keeps the answer" in text
    assert "Read it once more." in text


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_nobody_is_sent_elsewhere(client, project, ana, back):
    answer_gold(make_gold(project, overall=1), by=ana, overall=5, at=timezone.now() - (LATER - NOW))
    client.force_login(ana.user)
    url = reverse("annotation:dispute", args=[Assignment.objects.get().pk])
    assert client.post(url, {"text": "x", "back": back})["Location"] == "/"


def test_nobody_disputes_for_somebody_else(client, project, ana, ben):
    answer_gold(make_gold(project, overall=1), by=ana, overall=5, at=timezone.now() - (LATER - NOW))
    client.force_login(ben.user)
    assert (
        client.post(reverse("annotation:dispute", args=[Assignment.objects.get().pk]), {"text": "x"}).status_code == 404
    )
    assert not GoldDispute.objects.exists()


def test_an_annotators_page_is_the_same_for_gold_and_for_work(client, project, ana):
    """Apart from the texts and the numbers of the rows."""
    work, known = make_sample(project, "same-a"), make_gold(project, "same-b", overall=3)
    client.force_login(ana.user)
    pages = []
    for sample, is_gold in [(work, False), (known, True)]:
        Assignment.objects.filter(state="leased").update(state="skipped", skip_reason="broken", lease_place=None)
        assignment = hand_gold(sample, by=ana, at=timezone.now())
        Assignment.objects.filter(pk=assignment.pk).update(is_gold=is_gold)
        if not is_gold:
            Sample.objects.filter(pk=sample.pk).update(leased_count=1)
        pages.append(text_of(client.get(ANNOTATE)))
    first, second = (
        re.sub(
            r"[0-9a-f]{32}|[A-Za-z0-9]{64}|/assignments/\d+/|data-(?:draft|assignment|ask-about)=.\d+|same-[ab]",
            "",
            page,
        )
        for page in pages
    )
    assert first == second
    assert "same-b" in pages[1]
    assert "gold" not in pages[1].lower()
