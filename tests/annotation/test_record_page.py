"""A person's own pages: how far they have come, what waits for them, and where in the menu they are."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from gold_story import answer_gold, make_gold
from story import NOW, claim, join, make_project, make_sample, rate, skip

from annotation.models import Annotator, Membership, Notice, Project, User
from annotation.services import person_figures, questions, standing
from annotation.web import progress
from annotation.web.pay import money

RECORD = "/projects/recipes/record/"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def text_of(response):
    return " ".join(response.content.decode().split())


@pytest.fixture
def ana_at_home(client, ana):
    client.force_login(ana.user)
    return client


def work(person, *, back, name, seconds=60, at=NOW):
    rate(make_sample(person.project, name), by=person, at=at - back, overall=3, active_seconds=seconds)


# --- the picture of the last days ---------------------------------------------------------------------------------
def test_the_days_show_what_was_done_on_each(ana):
    for number, back in enumerate((0, 0, 1, 13, 14)):
        work(ana, back=back * DAY, name=f"s{number}")
    seen = progress.section(ana, NOW + MINUTE)
    assert [day["count"] for day in seen["days"]] == [1, *[0] * 11, 1, 2]
    assert [seen["days"][at]["height"] for at in (0, 1, -1)] == [50, 0, 100]
    assert seen["today"]["count"] == 2


def test_a_week_begins_on_monday(ana):
    wednesday = datetime(2026, 3, 4, 12, tzinfo=UTC)
    for number, back in enumerate((0, 1, 2, 3)):
        work(ana, back=back * DAY, name=f"s{number}", at=wednesday)
    assert progress.section(ana, wednesday + MINUTE)["week"]["count"] == 3  # Sunday belongs to the week before


def test_a_day_is_one_where_the_person_is(ana):
    late_evening = datetime(2026, 3, 2, 20, tzinfo=UTC)
    work(ana, back=timedelta(hours=6), name="s1", at=late_evening)  # still the second of March in Seoul
    work(ana, back=timedelta(hours=0), name="s2", at=late_evening)  # the third there
    with timezone.override("Asia/Seoul"):
        assert [day["count"] for day in progress.section(ana, late_evening + MINUTE)["days"]][-2:] == [1, 1]
        assert progress.progress(ana, late_evening + MINUTE)["today"] == 1
    assert progress.section(ana, late_evening + MINUTE)["today"]["count"] == 2
    assert progress.progress(ana, late_evening + MINUTE)["today"] == 2


def test_time_is_believed_as_the_statement_believes_it(ana):
    held = claim(make_sample(ana.project), by=ana)
    rate(held.sample, by=ana, at=NOW + MINUTE, overall=3, active_seconds=86_000)
    assert progress.section(ana, NOW + 2 * MINUTE)["today"]["active"] == "0:01"


def test_a_skip_is_no_work_and_gold_is_like_any_other(ana):
    skip(make_sample(ana.project, "s1"), by=ana)
    answer_gold(make_gold(ana.project, "g1", overall=4), by=ana, overall=1)
    assert progress.section(ana, NOW + MINUTE)["today"]["count"] == 1


def test_the_record_shows_numbers_beside_the_bars_and_a_table_behind_them(ana_at_home, ana):
    Project.objects.update(price_per_annotation="0.1250")
    now = timezone.now()
    for number in range(3):
        work(ana, back=MINUTE, name=f"s{number}", at=now)
    page = text_of(ana_at_home.get(RECORD))
    assert '<span class="day-count number">3</span>' in page
    assert '<rect x="0" width="10" height="100" y="0"/>' in page
    assert '<td class="is-number">3</td>' in page
    assert '<b class="number">0.375</b>' in page
    assert " style=" not in page  # the content security policy lets none through


def test_a_record_without_work_says_so(ana_at_home):
    page = text_of(ana_at_home.get(RECORD))
    assert "Nothing in the last two weeks" in page
    assert "day-bar" not in page


def test_gold_accuracy_stands_there_when_the_project_shows_it(ana_at_home, ana):
    answer_gold(make_gold(ana.project, "g1", overall=4), by=ana, overall=4)
    person_figures.refresh(project=ana.project, at=timezone.now())
    assert "Right where the answer is known" in text_of(ana_at_home.get(RECORD))
    Project.objects.update(shows_gold_accuracy=False)
    assert "Right where the answer is known" not in text_of(ana_at_home.get(RECORD))


def test_the_record_looks_no_further_back_than_it_shows(ana_at_home, ana):
    """As many queries after a year as after a day."""
    work(ana, back=DAY, name="s0", at=timezone.now())
    ana_at_home.get(RECORD)
    with CaptureQueriesContext(
        connection,
    ) as after_a_day:
        ana_at_home.get(RECORD)
    for number in range(1, 6):
        work(ana, back=30 * number * DAY, name=f"s{number}", at=timezone.now())
    with CaptureQueriesContext(connection) as after_a_year:
        ana_at_home.get(RECORD)
    assert len(after_a_year) == len(after_a_day)


@pytest.mark.parametrize(
    ("amount", "said"), [("0.8400", "0.84"), ("0.8450", "0.845"), ("12", "12.00"), ("1200.0000", "1200.00")]
)
def test_money_is_exact_and_has_two_digits_at_least(amount, said):
    assert money(Decimal(amount)) == said
    assert money(None) == ""


# --- the list of projects -----------------------------------------------------------------------------------------
def home(client):
    return text_of(client.get("/"))


def test_the_list_says_what_is_in_hand_and_what_was_done_today(ana_at_home, ana, sample):
    assert "A sample is in your hands" not in home(ana_at_home)
    claim(sample, by=ana, at=timezone.now())
    page = home(ana_at_home)
    assert "A sample is in your hands" in page
    assert "Go on" in page
    work(ana, back=MINUTE, name="s2", at=timezone.now())
    assert "1 today" in home(ana_at_home)


def test_the_list_tells_of_a_note_until_it_was_read(ana_at_home, ana, ada, sample):
    assert "There is a note for you" not in home(ana_at_home)
    Notice.objects.create(annotator=ana, kind="proposal", text="ana: too quick", created_at=NOW)
    assert "There is a note for you" not in home(ana_at_home)
    asked = questions.ask(assignment=claim(sample, by=ana), text="Is it?", at=NOW)
    questions.reply(question=asked, by=ada, text="Yes.", at=NOW)
    assert "There is a note for you" in home(ana_at_home)
    ana_at_home.get(RECORD)
    assert "There is a note for you" not in home(ana_at_home)


def test_the_list_offers_no_work_to_whoever_may_have_none(ana_at_home, ana, ada):
    Annotator.objects.filter(pk=ana.pk).update(held_until=timezone.now() + 30 * MINUTE)
    assert "Nothing new for you until" in home(ana_at_home)
    standing.pause(annotator=ana, by=ada, reason="A look at your work.", at=NOW)
    page = home(ana_at_home)
    assert "You are paused here" in page
    assert "/projects/recipes/annotate/" not in page.split("<main")[1]


def test_a_project_with_a_test_says_that_it_begins_with_one(client, db):
    newcomer = join(make_project(test_size=2, pass_mark=0.5), "nia")
    client.force_login(newcomer.user)
    assert "It begins with a test." in home(client)


# --- the menu -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("place", "here"),
    [
        ("annotate", "Annotate"),
        ("work", "My work"),
        ("guideline", "Guideline"),
        ("record", "My record"),
        ("data", "My record"),
    ],
)
def test_the_menu_says_where_one_is_also_where_it_is_folded(ana_at_home, place, here):
    page = text_of(ana_at_home.get(f"/projects/recipes/{place}/"))
    assert f'aria-current="page">{here}</a>' in page
    assert f'<summary class="button button--quiet is-here"><span>{here}</span>' in page


def test_everybody_finds_settings_and_the_way_out(ana_at_home):
    page = home(ana_at_home)
    assert 'href="/settings/"' in page
    assert "Log out" in page


def test_whoever_does_everything_has_what_is_opened_seldom_behind_more(client, ana):
    everything = User.objects.get(pk=ana.user_id)
    User.objects.filter(pk=everything.pk).update(is_staff=True)
    Membership.objects.create(user=everything, project=ana.project, role="admin")
    client.force_login(everything)
    row, _, further = text_of(client.get(RECORD)).partition(
        '<summary class="button button--quiet is-here"><span>My record'
    )
    assert ">Annotate</a>" in row
    assert ">Overview</a>" in row
    assert ">Routing</a>" in further
    assert further.count(">Guideline</a>") == 2  # behind "More", and in the menu of narrow screens
