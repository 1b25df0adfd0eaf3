"""Pay and time: what is credited, what it took, what is due, and that a statement of the past stays as it is."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from gold_story import answer_gold, make_gold
from past_the_services import change, refused, sql
from story import NOW, claim, correct, join, make_project, make_sample, make_samples, rate, skip

from annotation.datasets import safe_csv
from annotation.models import Annotation, Annotator, Assignment, Membership, PriceChange, Project, Sample, User
from annotation.services import adjudication, closing, leases, pay, people, projects, set_aside, standing
from annotation.services.pay import Period
from annotation.web import pay as section

pytestmark = pytest.mark.django_db
MARCH = Period.parse("2026-03-01", "2026-04-01")
LATER = NOW + timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def project(db: None) -> Project:
    return make_project(price_per_annotation=Decimal("0.1250"))


def statement(project, period=MARCH, person=None, at=LATER):
    return pay.statement(project=project, period=period, person=person, at=at)


def line_of(project, person="ana", **asked):
    [line] = [line for line in statement(project, **asked) if line.person == person]
    return line


def items(project, **asked):
    return list(pay.items(project=project, **{"period": MARCH, "at": LATER, **asked}))


def as_csv(project, period=MARCH, at=LATER, by_item=False):
    return "".join(safe_csv.lines(*pay.table(by_item=by_item, project=project, period=period, at=at)))


def work(sample, by, *, took=60, active=None, at=NOW, **values):
    """Claim at `at`, submit `took` seconds later."""
    claim(sample, by=by, at=at)
    return rate(sample, by=by, at=at + took * SECOND, active_seconds=active, **(values or {"overall": 4}))


# --- what is credited -------------------------------------------------------------------------------------------
def test_counted_work_is_due_at_the_price(project, ana):
    for sample in make_samples(project, 3):
        work(sample, ana)
    line = line_of(project)
    assert (line.counted, line.late, line.gold, line.set_aside, line.given_back) == (3, 0, 0, 0, 0)
    assert (line.price, line.due) == (Decimal("0.1250"), Decimal("0.3750"))


def test_money_is_exact():
    """A tenth of a cent three times is not what floats make of it."""
    project = make_project("tenths", price_per_annotation=Decimal("0.1001"))
    ana = join(project, "ana")
    for sample in make_samples(project, 3):
        work(sample, ana)
    assert line_of(project).due == Decimal("0.3003")
    assert "0.1001,0.3003\r\n" in as_csv(project)


def test_a_large_statement_keeps_every_digit():
    line = pay.Line("p", "a", 9_999_999, 0, 0, 0, 0, 0, 0, 0, Decimal("9999.9999"))
    assert line.due == Decimal("99999989000.0001")


def test_late_work_is_credited(project, sample, ana, ben, cleo, dan):
    lease = claim(sample, by=ana)
    for person in (ben, cleo):
        rate(sample, by=person, overall=4)
    leases.expire(at=NOW + timedelta(hours=2))
    rate(sample, by=dan, overall=4, at=NOW + timedelta(hours=2))
    rate(sample, by=ana, overall=4, at=NOW + timedelta(hours=3))
    lease.refresh_from_db()
    assert lease.state == "late"
    line = line_of(project, at=NOW + timedelta(days=1))
    assert (line.counted, line.late, line.due) == (0, 1, Decimal("0.1250"))


def test_gold_is_paid_like_any_other_and_is_not_told_while_it_can_be_corrected(project, ana):
    answer_gold(make_gold(project, overall=3), by=ana, overall=3)
    soon, told = NOW + timedelta(minutes=5), NOW + timedelta(minutes=11)
    assert [(line_of(project, at=at).counted, line_of(project, at=at).gold) for at in (soon, told)] == [(1, 0), (0, 1)]
    assert line_of(project, at=soon).due == line_of(project, at=told).due == Decimal("0.1250")
    assert [items(project, at=at)[0].kind for at in (soon, told)] == ["counted", "gold"]


def test_what_is_given_back_or_skipped_is_not_paid(project, ana):
    given_back, expired, skipped = make_samples(project, 3)
    leases.release(assignment=claim(given_back, by=ana), at=NOW)
    skip(skipped, by=ana)
    claim(expired, by=ana)
    leases.expire(at=NOW + timedelta(hours=2))
    line = line_of(project, at=NOW + timedelta(hours=3))
    assert (line.credited, line.given_back, line.due) == (0, 3, Decimal(0))
    assert (line.active_seconds, line.wall_seconds) == (0, 0)
    assert items(project) == []


def test_what_is_in_somebodys_hands_is_in_no_statement(project, sample, ana):
    claim(sample, by=ana)
    assert statement(project) == []


def test_a_sample_that_was_leased_again_is_one_piece_of_work_from_its_last_lease(project, sample, ana):
    claim(sample, by=ana)
    leases.expire(at=NOW + timedelta(hours=2))
    again = NOW + timedelta(hours=5)
    work(sample, ana, took=90, at=again)
    line = line_of(project, at=again + timedelta(hours=1))
    assert (line.counted, line.given_back, line.wall_seconds) == (1, 0, 90)


def test_work_that_is_set_aside_stays_credited(project, ana, ada):
    for sample in make_samples(project, 2):
        work(sample, ana, active=30)
    before = line_of(project)
    Assignment.objects.filter(annotator=ana).update(state="withdrawn")
    after = line_of(project)
    assert (before.counted, after.counted, after.set_aside) == (2, 0, 2)
    assert (before.credited, before.due, before.active_seconds, before.wall_seconds) == (
        after.credited,
        after.due,
        after.active_seconds,
        after.wall_seconds,
    )


def test_a_project_without_a_price_has_a_statement_without_money():
    project = make_project("free")
    work(make_sample(project), join(project, "ana"))
    line = line_of(project)
    assert (line.counted, line.price, line.due) == (1, None, None)
    assert as_csv(project).splitlines()[1] == "free,ana,1,0,0,0,0,0,60,0,,"


def test_one_price_of_nought_is_a_price():
    project = make_project("volunteers", price_per_annotation=Decimal(0))
    work(make_sample(project), join(project, "ana"))
    assert line_of(project).due == 0


# --- the period -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("moment", "is_in"),
    [
        (datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC), False),
        (datetime(2026, 3, 1, tzinfo=UTC), True),
        (datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC), True),
        (datetime(2026, 4, 1, tzinfo=UTC), False),
    ],
)
def test_a_period_has_its_first_moment_and_not_its_last(project, sample, ana, moment, is_in):
    claim(sample, by=ana, at=moment)
    rate(sample, by=ana, at=moment, overall=4)
    assert bool(statement(project, at=moment + timedelta(days=9))) is is_in


def test_work_belongs_to_the_period_in_which_it_was_finished(project, sample, ana):
    work(sample, ana, at=datetime(2026, 2, 28, 23, 59, 30, tzinfo=UTC), took=60)
    assert line_of(project).counted == 1


def test_two_halves_make_a_whole(project, ana):
    for number, sample in enumerate(make_samples(project, 6)):
        work(sample, ana, at=datetime(2026, 3, 4 * number + 1, 12, tzinfo=UTC), active=20)
    halves = [Period.parse("2026-03-01", "2026-03-10"), Period.parse("2026-03-10", "2026-04-01")]
    first, second = (line_of(project, period=half, at=NOW + timedelta(days=60)) for half in halves)
    whole = line_of(project, at=NOW + timedelta(days=60))
    assert (first.counted, second.counted) == (3, 3)
    assert first.due + second.due == whole.due
    assert first.active_seconds + second.active_seconds == whole.active_seconds == 120


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-02", "2026-03-01"),
        ("2026-02-30", "2026-03-01"),
        ("yesterday", "2026-03-01"),
        ("", ""),
        ("2026-03-01", "2026-03-01T12:00"),
        ("2026-03-01\x00", "2026-03-02"),
    ],
)
def test_a_period_that_is_none_is_refused_in_a_sentence(since, until):
    with pytest.raises(pay.PeriodRefused, match=r"\.$"):
        Period.parse(since, until)


def test_months_run_from_first_to_first_also_at_the_end_of_a_year():
    december = pay.this_month(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert (december.since.isoformat()[:10], december.until.isoformat()[:10]) == ("2026-12-01", "2027-01-01")
    november = pay.month_before(december)
    assert (november.since.isoformat()[:10], november.until) == ("2026-11-01", december.since)
    january = pay.this_month(datetime(2027, 1, 1, tzinfo=UTC))
    assert pay.month_before(january) == december


# --- time -------------------------------------------------------------------------------------------------------
def test_active_and_wall_seconds_are_summed(project, ana):
    first, second = make_samples(project, 2)
    work(first, ana, took=100, active=70)
    work(second, ana, took=50, active=40)
    line = line_of(project)
    assert (line.active_seconds, line.wall_seconds, line.capped) == (110, 150, 0)


def test_more_active_time_than_there_was_is_cut_and_said(project, ana):
    """A form that was tampered with, or a draft of an earlier lease."""
    honest, other = make_samples(project, 2)
    work(honest, ana, took=100, active=70)
    work(other, ana, took=50, active=86_399)
    line = line_of(project)
    assert (line.active_seconds, line.wall_seconds, line.capped) == (120, 150, 1)
    assert [item.capped for item in items(project)] == [True, False]  # the shorter one was finished first


def test_a_second_that_is_not_over_is_no_reason_to_suspect_anybody(project, sample, ana):
    claim(sample, by=ana)
    rate(sample, by=ana, at=NOW + timedelta(seconds=30, milliseconds=200), active_seconds=31, overall=4)
    line = line_of(project)
    assert (line.active_seconds, line.wall_seconds, line.capped) == (31, 31, 0)


def test_clocks_that_jump_back_make_no_negative_time(project, sample, ana):
    claim(sample, by=ana)
    rate(sample, by=ana, at=NOW - timedelta(hours=1), active_seconds=30, overall=4)
    line = line_of(project)
    assert (line.active_seconds, line.wall_seconds, line.counted) == (0, 0, 1)
    assert line.due == Decimal("0.1250")


def test_time_that_was_not_measured_counts_as_none(project, sample, ana):
    work(sample, ana, took=100, active=None)
    assert (line_of(project).active_seconds, line_of(project).wall_seconds) == (0, 100)


def test_a_correction_adds_its_own_active_time_and_no_pay(project, sample, ana):
    receipt = work(sample, ana, took=100, active=70)
    correct(receipt, at=NOW + timedelta(seconds=300), overall=5, active_seconds=20)
    line = line_of(project)
    assert (line.counted, line.active_seconds, line.wall_seconds, line.due) == (1, 90, 120, Decimal("0.1250"))


def test_the_active_time_of_a_correction_is_believed_no_further_than_the_time_since(project, sample, ana):
    receipt = work(sample, ana, took=100, active=70)
    correct(receipt, at=NOW + timedelta(seconds=130), overall=5, active_seconds=5000)
    line = line_of(project)
    assert (line.active_seconds, line.wall_seconds, line.capped) == (100, 130, 1)


# --- the price changes ------------------------------------------------------------------------------------------
def set_price(project, price, since=None):
    """As an admin does; or as of a moment that the test chooses."""
    if since is None:
        Project.objects.filter(pk=project.pk).update(price_per_annotation=price)
    else:
        PriceChange.objects.create(project=project, price=price, since=since)


def test_work_is_paid_at_the_price_at_which_it_was_handed_out(project, ana):
    """A price is a promise: who holds a sample when it falls is paid what was promised."""
    before, across, after = make_samples(project, 3)
    set_price(project, Decimal("0.0500"), since=NOW + timedelta(minutes=10))
    work(before, ana)
    work(across, ana, at=NOW + timedelta(minutes=9), took=300)
    work(after, ana, at=NOW + timedelta(minutes=10))
    lines = statement(project)
    assert [(line.price, line.counted, line.due) for line in lines] == [
        (Decimal("0.0500"), 1, Decimal("0.0500")),
        (Decimal("0.1250"), 2, Decimal("0.2500")),
    ]


def test_a_statement_of_the_past_does_not_change_with_the_price(project, ana):
    for sample in make_samples(project, 2):
        work(sample, ana)
    before = as_csv(project), as_csv(project, by_item=True)
    for price in (Decimal("9.99"), None, Decimal("0.01")):
        set_price(project, price)
        assert (as_csv(project), as_csv(project, by_item=True)) == before


def test_every_way_of_setting_a_price_is_kept(project):
    set_price(project, Decimal("0.2"))
    project.refresh_from_db()
    project.price_per_annotation = Decimal("0.3")
    project.save()
    project.save()  # nothing new
    sql("UPDATE annotation_project SET price_per_annotation = NULL")
    kept = list(project.price_changes.order_by("pk").values_list("price", flat=True))
    assert kept == [Decimal("0.1250"), Decimal("0.2"), Decimal("0.3"), None]
    since = list(project.price_changes.order_by("pk").values_list("since", flat=True))
    assert since[0] is None
    assert since[1:] == sorted(since[1:])


def test_the_first_price_holds_from_the_beginning():
    project = make_project("unpriced")
    work(make_sample(project), join(project, "ana"))
    assert line_of(project).due is None
    set_price(project, Decimal("0.5"))
    assert line_of(project).due == Decimal("0.5")


def test_after_a_price_was_taken_away_work_has_none(project, ana):
    set_price(project, None, since=NOW)
    work(make_sample(project), ana)
    assert line_of(project).due is None


def test_prices_are_frozen_and_never_negative(project):
    with refused("frozen"):
        change(project.price_changes.get(), price=Decimal(7))
    with refused("price_not_negative"):
        sql("UPDATE annotation_project SET price_per_annotation = -1")


def test_a_negative_price_is_refused_kindly():
    with pytest.raises(projects.ProjectRefused, match="greater than or equal to 0"):
        make_project("debts", price_per_annotation=Decimal("-1"))


def test_another_projects_price_is_another_projects(project, ana):
    other = make_project("dear", price_per_annotation=Decimal("99"))
    set_price(other, Decimal("100"), since=NOW - timedelta(days=1))
    work(make_sample(project), ana)
    assert line_of(project).due == Decimal("0.1250")
    assert statement(other) == []


# --- stable -----------------------------------------------------------------------------------------------------
@pytest.fixture
def month_of_work(project, ana, ben):
    for number, sample in enumerate(make_samples(project, 4)):
        work(sample, ana, took=60 + number, active=30)
        work(sample, ben, took=90 + number, active=45, overall=5)
    return project


def test_the_same_period_run_twice_gives_the_same_bytes(month_of_work):
    for by_item in (False, True):
        assert as_csv(month_of_work, by_item=by_item) == as_csv(month_of_work, by_item=by_item)


def test_later_work_does_not_show_in_an_earlier_statement(month_of_work, ana):
    before = as_csv(month_of_work)
    work(make_sample(month_of_work, "april"), ana, at=datetime(2026, 4, 3, tzinfo=UTC))
    assert as_csv(month_of_work) == before


def test_who_left_is_still_in_the_statement(month_of_work, ana, ben):
    before = as_csv(month_of_work), as_csv(month_of_work, by_item=True)
    Annotator.objects.filter(pk=ana.pk).update(state="withdrawn")
    User.objects.filter(username="ana").delete()  # the account is erased; the project knows the person by their id
    Membership.objects.filter(user__username="ben").delete()
    closing.archive(project=month_of_work, by=None, at=LATER)
    assert (as_csv(month_of_work), as_csv(month_of_work, by_item=True)) == before


def test_setting_work_aside_changes_the_columns_and_nothing_that_is_due(month_of_work, ana, ada):
    def sums():
        lines = statement(month_of_work)
        return [(line.person, line.credited, line.due, line.active_seconds, line.wall_seconds) for line in lines]

    before = sums()
    standing.withdraw(annotator=ana, by=ada, reason="They asked for it.", keep_work=False, at=LATER)
    for notice in set_aside.under_way():
        set_aside.go_on(notice=notice, at=LATER)
    assert line_of(month_of_work).set_aside == 4
    assert sums() == before


def test_adjudication_changes_no_statement(month_of_work, ada):
    before = as_csv(month_of_work)
    sample = Sample.objects.first()
    adjudication.exclude(sample_id=sample.pk, by=ada, note="", cause="", at=LATER)
    assert as_csv(month_of_work) == before


# --- as a table -------------------------------------------------------------------------------------------------
def test_the_table_has_a_line_a_person_by_name(month_of_work):
    rows = list(csv.DictReader(StringIO(as_csv(month_of_work))))
    assert [row["person"] for row in rows] == ["ana", "ben"]
    assert rows[0] == {
        "project": "recipes",
        "person": "ana",
        "counted": "4",
        "late": "0",
        "gold": "0",
        "set_aside": "0",
        "given_back": "0",
        "active_seconds": "120",
        "wall_seconds": "246",
        "capped": "0",
        "price": "0.1250",
        "due": "0.5000",
    }


def test_items_add_up_to_the_statement(month_of_work, ana):
    rows = list(csv.DictReader(StringIO(as_csv(month_of_work, by_item=True))))
    assert [row["sample"] for row in rows if row["person"] == "ana"] == ["s0", "s1", "s2", "s3"]
    for line in statement(month_of_work):
        mine = [row for row in rows if row["person"] == line.person]
        assert len(mine) == line.credited
        assert sum(int(row["active_seconds"]) for row in mine) == line.active_seconds
        assert sum(int(row["wall_seconds"]) for row in mine) == line.wall_seconds
        assert sum(Decimal(row["due"]) for row in mine) == line.due


EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "\r=1", "\uff1d1", "'=1", "'quoted"]


@pytest.mark.parametrize("name", EVIL)
def test_no_name_is_a_formula(project, name):
    people.add_outside_people(project=project, external_ids=[name], at=NOW)
    sample = make_sample(project, "=HYPERLINK(1)")
    work(sample, project.annotators.get(external_id=name))
    for by_item in (False, True):
        [row] = csv.DictReader(StringIO(as_csv(project, by_item=by_item), newline=""))
        assert row["person"] == f"'{name}"
        assert not any(str(cell).lstrip()[:1] in "=+-@\uff1d" for cell in row.values() if cell)


def test_marking_can_be_undone_and_leaves_the_rest_alone():
    plain = ["ana", "a=b", "ana-2", "", "0.5", "Ä"]
    assert [safe_csv.as_text(text) for text in plain] == plain
    marked = {safe_csv.as_text(text) for text in EVIL}
    assert {text[1:] for text in marked} == set(EVIL)
    assert [safe_csv.as_text(number) for number in (-5, None, Decimal(-1))] == [-5, None, Decimal(-1)]


def test_names_with_commas_quotes_and_line_ends_stay_one_cell(project):
    name = 'Ana, "the first"\nof two'
    people.add_outside_people(project=project, external_ids=[name], at=NOW)
    work(make_sample(project), project.annotators.get(external_id=name))
    [row] = csv.DictReader(StringIO(as_csv(project), newline=""))
    assert row["person"] == name


# --- the command ------------------------------------------------------------------------------------------------
def printed(*words, **options):
    out = StringIO()
    call_command("statement", *words, stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_the_statement(month_of_work):
    asked = ["recipes", "--from", "2026-03-01", "--until", "2026-04-01"]
    assert printed(*asked) == as_csv(month_of_work)
    assert printed(*asked, "--items") == as_csv(month_of_work, by_item=True)
    assert printed(*asked, "--person", "ben").splitlines()[1:] == as_csv(month_of_work).splitlines()[2:]


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (["nowhere", "--from", "2026-03-01", "--until", "2026-04-01"], "There are: recipes"),
        (["recipes", "--from", "2026-03-01", "--until", "2026-03-01"], "not after"),
        (["recipes", "--from", "2026-03-01", "--until", "2026-04-01", "--person", "eve"], "No annotator 'eve'"),
    ],
)
def test_the_command_says_what_is_wrong(project, words, because):
    with pytest.raises(CommandError, match=because):
        printed(*words)


# --- the interface ----------------------------------------------------------------------------------------------
ADDRESS = "/api/v1/projects/recipes/statement/"
ASKED = {"from": "2026-03-01", "until": "2026-04-01"}


def as_user(name):
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def body(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def test_an_admin_reads_everybodys_statement_streamed(month_of_work, ada):
    answer = as_user("ada").get(ADDRESS, ASKED)
    assert answer.streaming
    assert answer["Content-Type"].startswith("text/csv")
    assert 'filename="recipes-2026-03-01-2026-04-01.csv"' in answer["Content-Disposition"]
    assert body(answer) == as_csv(month_of_work)
    assert body(as_user("ada").get(ADDRESS, {**ASKED, "items": "1"})) == as_csv(month_of_work, by_item=True)
    assert "ana" not in body(as_user("ada").get(ADDRESS, {**ASKED, "person": "ben"}))


@pytest.mark.parametrize("more", [{}, {"person": "ana"}])
def test_an_annotator_reads_their_own(month_of_work, more):
    read = body(as_user("ana").get(ADDRESS, {**ASKED, **more}))
    assert [row["person"] for row in csv.DictReader(StringIO(read))] == ["ana"]
    items_read = body(as_user("ana").get(ADDRESS, {**ASKED, "items": "true"}))
    assert {row["person"] for row in csv.DictReader(StringIO(items_read))} == {"ana"}


def test_nobody_else_reads_anybodys(month_of_work, rita):
    assert as_user("ana").get(ADDRESS, {**ASKED, "person": "ben"}).status_code == 403
    assert as_user("ana").get(ADDRESS, {**ASKED, "person": ""}).status_code == 403
    assert as_user("rita").get(ADDRESS, ASKED).status_code == 403
    join(make_project("elsewhere"), "stranger")
    assert as_user("stranger").get(ADDRESS, ASKED).status_code == 404
    assert Client().get(ADDRESS, ASKED).status_code == 401


def test_an_admin_of_another_project_is_a_stranger_here(month_of_work):
    elsewhere = make_project("elsewhere")
    join(elsewhere, "boss", role="admin")
    assert as_user("boss").get(ADDRESS, ASKED).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": ""},
        {"until": "2026-03-01"},
        {"from": "1.3.2026"},
        {"person": "nobody"},
        {"items": "perhaps"},
        {"from": "2026-03-01' OR 1=1"},
    ],
)
def test_what_cannot_be_read_is_refused_before_the_first_byte(month_of_work, ada, wrong):
    answer = as_user("ada").get(ADDRESS, {**ASKED, **wrong})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")


def test_a_key_needs_the_scope_to_read(month_of_work, ana):
    keys = {scope: people.issue_token(user=ana.user, name=scope, scopes=[scope]) for scope in ("read", "work")}
    answers = {
        scope: Client().get(ADDRESS, ASKED, headers={"authorization": f"Bearer {key}"}).status_code
        for scope, key in keys.items()
    }
    assert answers == {"read": 200, "work": 403}


# --- on the pages -----------------------------------------------------------------------------------------------
def test_the_record_shows_the_month_so_far(month_of_work, ana):
    shown = section.section(ana, at=LATER)
    assert (shown["credited"], shown["due"]) == (4, Decimal("0.5000"))
    assert (shown["active_text"], shown["wall_text"]) == ("0:02", "0:04")
    assert section.section(ana, at=datetime(2026, 4, 1, tzinfo=UTC))["credited"] == 0


def test_the_record_adds_up_over_prices(project, ana):
    set_price(project, Decimal("1"), since=NOW + timedelta(minutes=10))
    first, second = make_samples(project, 2)
    work(first, ana)
    work(second, ana, at=NOW + timedelta(minutes=20))
    assert section.section(ana, at=LATER)["due"] == Decimal("1.1250")


def test_the_links_lead_to_the_statements(month_of_work, ana):
    for url in section.statement_urls(month_of_work, LATER).values():
        assert as_user("ana").get(url).status_code == 200
    assert "from=2026-03-01&until=2026-04-01" in section.statement_urls(month_of_work, LATER)["this_month"]


def test_the_overview_links_to_statements_for_admins_only(month_of_work, ada, rita):
    pages = {name: as_user(name).get("/projects/recipes/").content.decode() for name in ("ada", "rita")}
    assert "/statement/?" in pages["ada"]
    assert "/statement/?" not in pages["rita"]


def test_thousands_of_pieces_of_work_are_read_a_few_at_a_time(project, ana, monkeypatch):
    monkeypatch.setattr(pay, "ROWS_AT_ONCE", 3)
    for sample in make_samples(project, 8):
        work(sample, ana)
    assert len(items(project)) == 8


def test_annotations_are_never_changed_by_a_statement(month_of_work):
    before = list(Annotation.objects.order_by("pk").values())
    as_csv(month_of_work)
    as_csv(month_of_work, by_item=True)
    assert list(Annotation.objects.order_by("pk").values()) == before
