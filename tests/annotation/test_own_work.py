"""My work: one's own answers and skips, newest first, in the words and letters that were on the screen, and nothing else."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from gold_story import answer_gold, make_gold
from story import (
    MINUTE,
    OVERALL,
    answer,
    claim,
    correct,
    crowd,
    join,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    rate,
    rate_overall,
    scale,
    skip,
    state_of,
)

from annotation.models import Assignment
from annotation.services import leases, own_work, submission

WORDED = [
    {"value": -1, "label": "the first is better"},
    {"value": 0, "label": "about the same"},
    {"value": 1, "label": "the second is better"},
]
PREFERRED = {**scale("preference", -1, 0, 1, scope="comparison"), "values": WORDED}


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def page(client, ana):
    client.force_login(ana.user)

    def get(**asked):
        return client.get(reverse("annotation:own-work", args=[ana.project.slug]), asked)

    return get


def rows(response):
    assert response.status_code == 200
    return response.context["rows"]


def names(response):
    return [row["beginning"].removeprefix("Prompt of ") for row in rows(response)]


def one(client, lease):
    return client.get(reverse("annotation:own-work-one", args=[lease.annotator.project.slug, lease.pk]))


# --- the list ---------------------------------------------------------------------------------------------------
def test_before_the_first_answer_the_page_says_so(page, sample, ana, now):
    claim(sample, by=ana, at=now)
    assert rows(page()) == []
    assert b"Nothing here yet" in page().content


def test_the_newest_stands_first_with_what_was_said(page, project, ana, now):
    early, late = make_samples(project, 2)
    rate(early, by=ana, at=now - 60 * MINUTE, overall=2)
    lease = claim(late, by=ana, at=now)
    said = answer(overall=5, comment="Cites a book that does not exist.", active_seconds=44)
    submission.submit(assignment_id=lease.pk, answer=said, at=now)
    assert names(page()) == [late.external_id, early.external_id]
    text = page().content.decode()
    assert "Cites a book that does not exist." in text
    assert "44 seconds" in text
    assert [row["groups"][0]["said"][0]["label"] for row in rows(page())] == ["5", "2"]


def test_what_is_in_hand_or_was_given_back_is_nobodys_work(page, project, ana, now):
    one, two, three = make_samples(project, 3)
    leases.release(assignment=claim(one, by=ana, at=now), at=now)
    claim(two, by=ana, at=now - 90 * MINUTE)
    leases.expire(at=now)
    claim(three, by=ana, at=now)
    assert rows(page()) == []


def test_each_kind_can_be_seen_alone(page, project, ana, now):
    answered, skipped, late, aside = make_samples(project, 4)
    rate(answered, by=ana, at=now, overall=3)
    skip(skipped, by=ana, reason="needs_expertise", at=now)
    lease = claim(late, by=ana, at=now)
    leases.release(assignment=lease, at=now)
    rate_overall(late, dict.fromkeys(crowd(project, 3), 4), at=now)
    rate(late, by=ana, at=now, overall=3)
    rate(aside, by=ana, at=now, overall=3)
    Assignment.objects.filter(sample=aside, annotator=ana).update(state="withdrawn")
    assert len(rows(page())) == 4
    shown = {kind: names(page(show=kind)) for kind in ("submitted", "skipped", "late", "set_aside")}
    assert list(shown.values()) == [[sample.external_id] for sample in (answered, skipped, late, aside)]
    assert b"Needs knowledge I do not have" in page(show="skipped").content
    assert len(rows(page(show="nonsense"))) == 4


def test_pages_follow_each_other_without_a_gap_also_where_times_are_the_same(page, project, ana, now):
    samples = make_samples(project, 2 * own_work.PAGE + 3)
    for at, sample in enumerate(samples):
        rate(sample, by=ana, at=now - timedelta(minutes=at // 10), overall=3)
    Assignment.objects.update(finished_at=now)
    first = page()
    seen = names(first)
    while older := first.context["older_url"]:
        first = page(**dict([older.removeprefix("?").split("=")]))
        seen += names(first)
    assert len(seen) == len(set(seen)) == len(samples)
    assert b"That was all" in first.content


@pytest.mark.parametrize("after", ["", "x", "1", "1-x", "99999999999999999-1", "1-999999999999999999", "-1-1"])
def test_a_place_that_is_none_does_no_harm(page, sample, ana, now, after):
    rate(sample, by=ana, at=now, overall=3)
    assert page(after=after).status_code == 200


def test_words_of_ones_own_comments_are_found(page, project, ana, now):
    for sample, comment in zip(make_samples(project, 2), ("A recipe without salt", "too long"), strict=True):
        lease = claim(sample, by=ana, at=now)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=3, comment=comment), at=now)
    assert names(page(words="SALT")) == ["s0"]
    assert b"None of your comments" in page(words="pepper\x00").content


def test_a_long_history_takes_as_many_queries_as_a_short_one(page, project, ana, now):
    for sample in make_samples(project, 2):
        rate(sample, by=ana, at=now - 30 * MINUTE, overall=3)
    page()
    with CaptureQueriesContext(connection) as few:
        page()
    for number in range(12):
        rate(make_sample(project, f"more-{number}"), by=ana, at=now - 20 * MINUTE, overall=3)
    with CaptureQueriesContext(connection) as many:
        page()
    assert len(many) == len(few)


# --- in the words and letters of the screen ---------------------------------------------------------------------
@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_answers_stand_under_the_letters_that_were_shown(client, db, now, order):
    project = make_project("pairs", attributes=[scale("helpful", 0, 1, 2), PREFERRED])
    ana = join(project, "ana")
    lease = claim(make_pair(project), by=ana, at=now)
    Assignment.objects.update(shown_order=order)
    rate(lease.sample, by=ana, at=now, helpful=(0, 2), preference=1)
    client.force_login(ana.user)
    [row] = rows(client.get(reverse("annotation:own-work", args=["pairs"])))
    of_first, of_second, of_all = row["groups"]
    letters = {0: "AB"[order.index(0)], 1: "AB"[order.index(1)]}
    labels = {group["letter"]: group["said"][0]["label"] for group in (of_first, of_second)}
    assert labels == {letters[0]: "0", letters[1]: "2"}
    assert of_all["said"][0]["favours"] == letters[1]
    whole = one(client, lease)
    texts = [response["turns"][0]["content"] for response in whole.context["responses"]]
    assert texts == [["The first.", "The second."][place] for place in order]


def test_neither_valid_and_a_skip_are_said_in_words(client, db, now):
    project = make_project("pairs", attributes=[PREFERRED])
    ana = join(project, "ana")
    rate(make_pair(project, "one"), by=ana, at=now, neither_valid=True)
    skip(make_pair(project, "two"), by=ana, at=now)
    client.force_login(ana.user)
    text = client.get(reverse("annotation:own-work", args=["pairs"])).content.decode()
    assert "Neither response is valid" in text
    assert "Broken or unreadable" in text


# --- what can still be corrected --------------------------------------------------------------------------------
def test_what_can_be_corrected_has_the_way_there_and_the_minutes_left(page, client, project, ana, now):
    recent, old = make_samples(project, 2)
    rate(recent, by=ana, at=now - 3 * MINUTE, overall=3)
    rate(old, by=ana, at=now - 11 * MINUTE, overall=3)
    first, second = rows(page())
    assert first["minutes_left"] == 7
    assert second["correct_url"] == ""
    assert client.get(first["correct_url"]).status_code == 200
    assert b"7 minutes left" in page().content


def test_a_correction_is_what_stands_there(page, sample, ana, now):
    receipt = rate(sample, by=ana, at=now, overall=3)
    correct(receipt, at=now, overall=6)
    [row] = rows(page())
    assert (row["is_corrected"], row["groups"][0]["said"][0]["label"]) == (True, "6")


# --- blind ------------------------------------------------------------------------------------------------------
def test_agreement_disagreement_and_gold_look_the_same(client, db, now):
    """Three people's pages, byte for byte: one agreed with the others, one did not, one answered gold."""
    project = make_project("blind", attributes=[OVERALL])
    agreed, disputed, lonely = (make_sample(project, name) for name in ("x1", "x2", "x3"))
    golden = make_gold(project, "x4", overall=6)
    others = crowd(project, 2)
    for sample, value in ((agreed, 3), (disputed, 6)):
        rate_overall(sample, dict.fromkeys(others, value), at=now - 40 * MINUTE)
    seen = []
    for name, sample in (("ana", agreed), ("ben", disputed), ("cleo", lonely), ("dan", golden)):
        person = join(project, name)
        at = now - 30 * MINUTE
        answer_gold(sample, by=person, at=at, overall=3) if name == "dan" else rate(sample, by=person, at=at, overall=3)
        client.force_login(person.user)
        lease = person.assignments.get()
        listed = client.get(reverse("annotation:own-work", args=["blind"])).content.decode()
        seen.append(as_anybodys(listed + one(client, lease).content.decode(), lease, name, sample))
    assert [state_of(sample) for sample in (agreed, disputed, lonely)] == ["resolved", "escalated", "open"]
    assert seen[0] == seen[1] == seen[2] == seen[3]


def as_anybodys(text, lease, name, sample):
    for mine in (f"work-{lease.pk}", f"work/{lease.pk}/", f"Prompt of {sample.external_id}"):
        assert mine in text
        text = text.replace(mine, "")
    text = re.sub(r'csrfmiddlewaretoken" value="[^"]+"|"X-CSRFToken": "[^"]+"', "", text)
    return re.sub(rf"\b{name}\b", "", text)


def test_somebody_elses_work_is_not_there(client, sample, ana, ben, now):
    rate(sample, by=ana, at=now, overall=3)
    client.force_login(ben.user)
    assert one(client, ana.assignments.get()).status_code == 404
    assert rows(client.get(reverse("annotation:own-work", args=["recipes"]))) == []


def test_what_is_in_hand_is_not_shown_as_work(client, sample, ana, now):
    client.force_login(ana.user)
    assert one(client, claim(sample, by=ana, at=now)).status_code == 404


def test_a_stranger_and_a_reviewer_who_does_not_annotate_have_no_work_here(client, sample, rita):
    client.force_login(rita)
    assert client.get(reverse("annotation:own-work", args=["recipes"])).status_code == 404
    client.logout()
    assert client.get(reverse("annotation:own-work", args=["recipes"])).status_code == 302


def test_hostile_texts_are_shown_as_texts(page, client, project, ana, now):
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    sample = make_sample(project, "h", messages=[{"role": "user", "content": attack}], responses=[attack])
    lease = claim(sample, by=ana, at=now)
    submission.submit(assignment_id=lease.pk, answer=answer(overall=3, comment=attack), at=now)
    for text in (page().content.decode(), one(client, lease).content.decode()):
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_the_texts_of_a_sensitive_sample_are_not_in_the_list_and_covered_on_its_page(page, client, project, ana, now):
    sample = make_sample(project, "quiet")
    rate(sample, by=ana, at=now, overall=3)
    type(sample.content).objects.update(sensitive="violence")
    text = page().content.decode()
    assert "Prompt of quiet" not in text
    assert "Sensitive: violence" in text
    assert b"data-cover" in one(client, ana.assignments.get()).content
