"""A second look: what is drawn, who looks, what comes back to whom, and what it says of all annotations."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from forms import ANNOTATE
from gold_story import answer_gold, make_gold
from story import (
    MINUTE,
    NOW,
    answer,
    claim,
    correct,
    crowd,
    join,
    make_project,
    make_sample,
    make_samples,
    rate,
    state_of,
)

from annotation.models import Annotation, ProjectEvent, SecondLook
from annotation.services import adjudication, returned, second_look_drawing, second_looks, standing, submission
from annotation.services.people import NotAnAdmin, ReasonMissing
from annotation.services.second_look_drawing import DrawRefused
from annotation.services.second_looks import LookRefused
from annotation.services.submission import NotCorrectable

pytestmark = pytest.mark.django_db
LATER = NOW + 20 * MINUTE
DAY_AFTER = NOW + timedelta(days=1)
NEXT, FOUND = "/projects/recipes/review/second-look/", "/projects/recipes/review/second-look/found/"


def drawing(project, *, share=0.0, first=0):
    project.second_look_share, project.second_look_first = share, first
    project.save(update_fields=["second_look_share", "second_look_first"])
    return project


def draw(at=LATER):
    return second_look_drawing.draw(at=at)


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def drawn(project, sample, ana):
    """One annotation of Ana's before a reviewer."""
    drawing(project, share=1)
    rate(sample, by=ana, overall=2, comment="I like cake.")
    draw()
    return SecondLook.objects.get()


@pytest.fixture
def came_back(drawn, rita):
    second_looks.send_back(look=drawn, by=rita, word="Read the question once more.", at=LATER)
    return drawn


# --- what is drawn ----------------------------------------------------------------------------------------------
def test_nothing_is_drawn_unless_an_admin_wants_it(project, ana):
    rate(make_sample(project), by=ana, overall=4)
    assert draw() == 0


def test_what_can_still_be_corrected_is_not_drawn_and_then_the_revision_is(project, sample, ana):
    drawing(project, share=1)
    first = rate(sample, by=ana, overall=4)
    correct(first, at=NOW + 9 * MINUTE, overall=5)
    assert draw(at=NOW + 9 * MINUTE) == 0
    assert draw(at=NOW + 10 * MINUTE) == 1
    assert SecondLook.objects.get().annotation.revision == 2


def test_twice_is_once_and_what_is_committed_late_is_found(project, ana, ben):
    drawing(project, share=1)
    one, other = make_samples(project, 2)
    rate(one, by=ana, overall=4)
    assert (draw(), draw(at=LATER + MINUTE)) == (1, 0)
    rate(other, by=ben, at=NOW, overall=4)  # by a machine whose clock is behind
    assert draw(at=LATER + 2 * MINUTE) == 1


def test_a_random_share_is_drawn_and_a_larger_share_keeps_what_was_drawn(project):
    people = crowd(project, 3)
    for sample in make_samples(project, 4):
        for person in people:
            rate(sample, by=person, overall=4)
    given = dict(Annotation.objects.values_list("assignment", "pk"))

    def below(share):
        return {given[pk] for pk in given if second_look_drawing.chance_of(pk) < share}

    for share, at in ((0.3, LATER), (0.8, LATER + MINUTE)):
        drawing(project, share=share)
        draw(at=at)
        assert set(SecondLook.objects.values_list("annotation", flat=True)) == below(share)
    assert set(SecondLook.objects.values_list("why", "probability")) <= {("random", 0.3), ("random", 0.8)}


def test_the_chance_is_even_and_needs_the_secret(settings):
    chances = [second_look_drawing.chance_of(pk) for pk in range(2000)]
    assert 0.46 < sum(chance < 0.5 for chance in chances) / 2000 < 0.54  # more than three standard deviations
    assert 0.03 < sum(chance < 0.05 for chance in chances) / 2000 < 0.07
    settings.SECRET_KEY = "another"
    assert [second_look_drawing.chance_of(pk) for pk in range(5)] != chances[:5]


def test_of_a_new_person_the_first_ones_are_drawn_and_of_an_old_hand_none(project, ana, ben):
    samples = make_samples(project, 4)
    rate(samples[0], by=ben, overall=4)
    rate(samples[1], by=ben, at=NOW + timedelta(seconds=1), overall=4)
    drawing(project, first=2)
    tomorrow = DAY_AFTER
    for number, sample in enumerate(samples):
        rate(sample, by=ana, at=tomorrow + number * MINUTE, overall=4)
    rate(samples[2], by=ben, at=tomorrow, overall=4)
    draw(at=tomorrow + 20 * MINUTE)
    looks = SecondLook.objects.order_by("pk").values_list("annotator", "why", "probability")
    assert list(looks) == [(ana.pk, "first_ones", 1.0)] * 2


def test_answers_to_gold_are_never_drawn_and_the_database_says_so_too(project, ana):
    drawing(project, share=1, first=10)
    receipt = answer_gold(make_gold(project, overall=4), by=ana, overall=4)
    assert draw() == 0
    with pytest.raises(IntegrityError, match="to gold"), transaction.atomic():
        _insert(project, ana, receipt.annotation)


def _insert(project, person, annotation, **about):
    SecondLook.objects.create(
        project=project, annotator=person, annotation=annotation, why="random", probability=0.5, drawn_at=NOW, **about
    )


def test_who_switches_it_on_again_begins_with_what_is_fresh(project, ana, ben):
    one, other = make_samples(project, 2)
    drawing(project, share=1)
    draw(at=NOW)
    drawing(project)
    rate(one, by=ana, overall=4)
    draw(at=LATER)
    drawing(project, share=1)
    rate(other, by=ben, at=DAY_AFTER, overall=4)
    draw(at=DAY_AFTER + 15 * MINUTE)
    assert [look.annotator for look in SecondLook.objects.all()] == [ben]


def test_only_an_admin_sets_how_many_and_it_stands_on_the_trail(project, ada, rita):
    with pytest.raises(NotAnAdmin):
        second_look_drawing.set_draw(project=project, share=0.1, first=5, by=rita, at=NOW)
    with pytest.raises(DrawRefused, match="0 to 100 %"):
        second_look_drawing.set_draw(project=project, share=1.1, first=5, by=ada, at=NOW)
    for _ in range(2):
        second_look_drawing.set_draw(project=project, share=0.1, first=5, by=ada, at=NOW)
    event = ProjectEvent.objects.get(kind="second_looks_changed")
    assert (event.actor, event.text) == (ada, "Second looks: 0 %, first 0, is now 10 %, first 5.")


# --- who looks --------------------------------------------------------------------------------------------------
def test_nobody_looks_at_their_own(project, drawn, ana, rita):
    join(project, "ana", role="reviewer")
    assert second_looks.next_for(project, ana.user) is None
    assert second_looks.next_for(project, rita) == drawn
    with pytest.raises(LookRefused, match="your own"):
        second_looks.accept(look=drawn, by=ana.user, at=LATER)
    about = {"state": "accepted", "reviewer": ana.user, "reviewer_name": "ana", "decided_at": LATER}
    with pytest.raises(IntegrityError, match="own annotation"), transaction.atomic():
        SecondLook.objects.update(**about)


def test_one_that_was_accepted_waits_no_more_and_its_reviewer_may_think_again(project, drawn, rita, ada):
    second_looks.accept(look=drawn, by=rita, at=LATER)
    assert second_looks.next_for(project, ada) is None
    with pytest.raises(LookRefused, match="rita has looked at it already"):
        second_looks.send_back(look=drawn, by=ada, word="No.", at=LATER)
    second_looks.send_back(look=drawn, by=rita, word="I think again: no.", at=LATER)
    drawn.refresh_from_db()
    assert (drawn.state, drawn.word, drawn.reviewer_name) == ("returned", "I think again: no.", "rita")


def test_returning_takes_a_word_and_the_database_says_so_too(drawn, rita):
    with pytest.raises(ReasonMissing):
        second_looks.send_back(look=drawn, by=rita, word="  ", at=LATER)
    for wrong in (
        {"state": "returned", "reviewer_name": "rita", "decided_at": LATER},
        {"state": "accepted", "decided_at": LATER},
        {"state": "accepted", "reviewer_name": "rita"},
        {"state": "revised", "reviewer_name": "rita", "decided_at": LATER, "word": "No."},
        {"word": "Waits with a word."},
        {"probability": 0},
        {"why": "again"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            SecondLook.objects.filter(pk=drawn.pk).update(**wrong)


def test_what_was_set_aside_meanwhile_is_looked_at_no_more(project, drawn, ana, ada, rita):
    standing.set_work_aside(annotator=ana, by=ada, reason="A machine wrote it.", at=LATER)
    assert second_looks.next_for(project, rita) is None
    drawn.refresh_from_db()
    with pytest.raises(LookRefused, match="set aside"):
        second_looks.accept(look=SecondLook.objects.get(pk=drawn.pk), by=rita, at=LATER)


# --- what comes back --------------------------------------------------------------------------------------------
def test_a_returned_one_counts_until_it_is_revised_whenever_that_is(project, sample, came_back, ana):
    assert Annotation.objects.get(is_current=True).ratings == [2]
    sample.refresh_from_db()
    assert sample.counted_count == 1
    receipt = correct(_receipt(came_back), at=DAY_AFTER, overall=5)
    came_back.refresh_from_db()
    assert (came_back.state, came_back.revised_at) == ("revised", DAY_AFTER)
    again = SecondLook.objects.get(state="waiting")
    assert (again.why, again.annotation, again.annotator) == ("again", receipt.annotation, ana)
    assert (receipt.counted, receipt.annotation.ratings) == (True, [5])


def test_a_revised_one_is_revised_once_unless_it_comes_back_again(came_back, rita):
    correct(_receipt(came_back), at=DAY_AFTER, overall=5)
    with pytest.raises(NotCorrectable, match="10 minutes"):
        correct(_receipt(came_back), at=DAY_AFTER, overall=6)
    with pytest.raises(LookRefused, match="revised it already"):
        second_looks.accept(look=came_back, by=rita, at=DAY_AFTER)
    again = SecondLook.objects.get(state="waiting")
    second_looks.send_back(look=again, by=rita, word="Once more, please.", at=DAY_AFTER)
    assert correct(_receipt(came_back), at=DAY_AFTER, overall=6).annotation.revision == 3


def test_a_revision_decides_the_sample_anew(project, sample, rita):
    drawing(project, share=1)
    receipts = [rate(sample, by=person, overall=4) for person in crowd(project, 5)[:3]]
    draw()
    assert state_of(sample) == "resolved"
    look = SecondLook.objects.get(annotation=receipts[0].annotation)
    second_looks.send_back(look=look, by=rita, word="Is it?", at=LATER)
    correct(receipts[0], at=DAY_AFTER, overall=1)
    assert state_of(sample) == "escalated"


def test_what_a_reviewer_has_settled_stands_and_the_person_reads_why(client, project, sample, came_back, ana, rita):
    given = [{"attribute": "overall", "response": "0", "value": 3}]
    adjudication.set_label(sample_id=sample.pk, given=given, by=rita, note="", cause="error", at=LATER)
    with pytest.raises(NotCorrectable, match="closed"):
        correct(_receipt(came_back), at=DAY_AFTER, overall=5)
    client.force_login(ana.user)
    page = text_of(client.get("/projects/recipes/record/"))
    assert "Read the question once more." in page
    assert "This sample is closed, so its answers stand." in page
    assert "settled" not in page  # it would say that others differed
    assert reverse("annotation:correct", args=[came_back.annotation.assignment_id]) not in page


def _receipt(look):
    return submission.Receipt(look.annotation, counted=True)


# --- what the person sees ---------------------------------------------------------------------------------------
def test_a_drawn_annotation_and_an_accepted_one_look_like_every_other(client, project, drawn, ana, rita):
    client.force_login(ana.user)
    pages = ["/projects/recipes/work/", "/projects/recipes/record/", "/projects/recipes/data/download/", "/"]
    assert not any("econd look" in text_of(client.get(page)) for page in pages[:2])

    def shown():
        body = [re.sub(r"csrf\w*\" value=\"\w+|\"made_at\": .*", "", _body(client.get(page))) for page in pages]
        return [re.sub(r"nonce-\w+", "", text) for text in body]

    before = shown()
    second_looks.accept(look=drawn, by=rita, at=LATER)
    assert shown() == before
    assert not returned.has_unread(ana)


def _body(response):
    whole = b"".join(response.streaming_content) if response.streaming else response.content
    return whole.decode()


def test_the_word_reaches_the_person_once_as_news_and_until_it_is_revised(client, project, came_back, ana):
    client.force_login(ana.user)
    assert "There is a note for you" in text_of(client.get("/"))
    assert "There is a note for you" in text_of(client.get(ANNOTATE))
    revise = reverse("annotation:correct", args=[came_back.annotation.assignment_id])
    for page in ("/projects/recipes/record/", "/projects/recipes/work/", f"/projects/recipes/work/{_pk(came_back)}/"):
        text = text_of(client.get(page))
        assert "Read the question once more." in text, page
        assert revise in text, page
    assert "There is a note for you" not in text_of(client.get("/"))
    assert "rita asks you to look at it again:" in text_of(client.get(revise))
    assert "Read the question once more." in _body(client.get("/projects/recipes/data/download/"))


def _pk(look):
    return look.annotation.assignment_id


# --- the reviewer's page ----------------------------------------------------------------------------------------
@pytest.fixture
def reviewing(client, rita):
    client.force_login(rita)
    return client


def test_the_page_shows_what_one_person_said_and_neither_who_nor_what_others_say(
    reviewing, project, sample, drawn, ben
):
    rate(sample, by=ben, overall=6, comment="Ben disagrees.")
    page = text_of(reviewing.get(NEXT))
    for words in ("Prompt of s1", "A text.", "I like cake.", "1 waits"):
        assert words in page, words
    for words in ("Ben disagrees.", ">ana<", "judge-", "Drawn at random"):
        assert words not in page, words


def test_accepted_and_on_to_the_next_with_a_way_back(reviewing, project, drawn, ben):
    rate(make_sample(project, "s2"), by=ben, overall=3, comment="Ben says so.")
    draw(at=LATER + MINUTE)
    first = second_looks.next_for(project, reviewing.get(NEXT).wsgi_request.user)
    page = text_of(reviewing.post(_page(first), {"action": "accept"}, follow=True))
    assert "You accepted it." in page
    assert _page(first) in page
    last = SecondLook.objects.get(state="waiting")
    page = text_of(reviewing.post(_page(last), {"action": "return", "word": "Why?"}, follow=True))
    assert "Nothing waits for a second look" in page
    assert "You may think again" in text_of(reviewing.get(_page(last)))


def _page(look):
    return reverse("annotation:second-look-one", args=["recipes", look.pk])


def test_a_return_without_a_word_is_refused_on_the_page(reviewing, drawn):
    refused = reviewing.post(_page(drawn), {"action": "return", "word": " "})
    assert refused.status_code == 422
    assert "Write what is to be looked at again" in text_of(refused)
    assert reviewing.post(_page(drawn), {"action": "burn"}).status_code == 422


def test_annotators_and_strangers_see_no_second_looks(client, project, drawn, ana, ben):
    for user, code in ((ana.user, 403), (join(make_project("elsewhere"), "zoe", role="reviewer"), 404)):
        client.force_login(user)
        assert [client.get(page).status_code for page in (NEXT, FOUND, _page(drawn))] == [code] * 3
    client.force_login(join(project, "ana", role="reviewer"))
    assert client.get(_page(drawn)).status_code == 404


def test_an_admin_sets_how_many_on_the_page(client, project, ada, rita):
    client.force_login(ada)
    assert client.post("/projects/recipes/review/second-look/draw/", {"share": "5", "first": "20"}).status_code == 302
    project.refresh_from_db()
    assert (project.second_look_share, project.second_look_first) == (0.05, 20)
    assert client.post("/projects/recipes/review/second-look/draw/", {"share": "x", "first": "1"}).status_code == 422
    client.force_login(rita)
    assert "Draw so many" not in text_of(client.get(FOUND))
    assert client.post("/projects/recipes/review/second-look/draw/", {"share": "9", "first": "1"}).status_code == 422


# --- what was found ---------------------------------------------------------------------------------------------
def test_the_error_rate_is_of_all_annotations_by_person_too(client, project, ana, ben, rita):
    """Ana is new and all of hers are drawn: every other one comes back. Of Ben's, one in ten is drawn, and none does."""
    samples = make_samples(project, 4)
    for person, share, returns in ((ana, 1.0, (0, 1)), (ben, 0.1, ())):
        for number, sample in enumerate(samples):
            said = rate(sample, by=person, overall=4).annotation
            look = SecondLook.objects.create(
                project=project,
                annotator=person,
                annotation=said,
                why="first_ones" if share == 1 else "random",
                probability=share,
                drawn_at=NOW,
            )
            if number in returns:
                second_looks.send_back(look=look, by=rita, word="No.", at=LATER)
            else:
                second_looks.accept(look=look, by=rita, at=LATER)
    everybody, of_ana = second_looks.error_rate(project), second_looks.error_rate(project, ana)
    assert everybody.value == pytest.approx(2 / 44)  # of 4 + 40 annotations
    assert (of_ana.value, of_ana.count) == (0.5, 4)
    assert of_ana.low < 0.5 < of_ana.high
    assert second_looks.error_rate(project, ben).value == 0
    client.force_login(rita)
    page = text_of(client.get(reverse("annotation:person", args=[project.slug, ana.pk])))
    assert "Returned by a second look" in page
    found = second_looks.found(project)
    assert {why: (of.drawn, of.looked, of.returned) for why, of in found.by_why.items()} == {
        "random": (4, 4, 0),
        "first_ones": (4, 4, 2),
    }


def test_before_the_first_look_there_is_no_rate_but_a_sentence(client, project, ada, drawn):
    rate_of_all = second_looks.error_rate(project)
    assert (rate_of_all.value, rate_of_all.undefined) == (None, "Nothing has been looked at yet.")
    client.force_login(ada)
    assert "Nothing has been looked at yet." in text_of(client.get(FOUND))


def test_what_was_revised_counts_as_returned_and_its_second_reading_is_not_counted(client, project, came_back, rita):
    correct(_receipt(came_back), at=DAY_AFTER, overall=5)
    second_looks.accept(look=SecondLook.objects.get(state="waiting"), by=rita, at=DAY_AFTER)
    assert (second_looks.error_rate(project).value, second_looks.found(project).looked) == (1.0, 1)
    client.force_login(rita)
    assert "ana (1/1)" in text_of(client.get(FOUND))


def test_submitting_neither_reads_nor_writes_second_looks(project, ana):
    """Drawing is done elsewhere and later, whatever share is drawn: nothing for a clock to tell."""
    drawing(project, share=1, first=10)
    held = claim(make_sample(project), by=ana)
    before = _touched()
    submission.submit(assignment_id=held.pk, answer=answer(overall=4), at=NOW)
    assert _touched() == before
    draw()
    assert _touched() != before


def _touched():
    """How often this transaction has looked into the tables of second looks, and what it wrote there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, seq_scan, idx_scan, n_tup_ins FROM pg_stat_xact_user_tables WHERE relname LIKE '%secondlook%'"
        )
        return sorted(cursor.fetchall())
