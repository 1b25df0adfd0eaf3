"""The front page of a project: its figures against the raw rows, what needs somebody, slices, money."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import krippendorff
import numpy as np
import pytest
from django.test import Client
from story import NOW, OVERALL, claim, crowd, decided_long_ago, join, make_project, make_sample, make_samples, rate

from annotation.models import Annotation, Notice, Project, ProjectFigures, Sample
from annotation.review import slicing
from annotation.review.overview import cost, ending
from annotation.review.overview import page as overview
from annotation.review.overview.trust import Measured
from annotation.services import figures, hourly_pay, pay, questions, spending
from annotation.services.pay import Line, Period
from annotation.statistics import fold, reading
from consensus.forecast import Range

pytestmark = pytest.mark.django_db
FRONT = "/projects/recipes/"
LATER = NOW + timedelta(days=40)
# What people say of each sample, and its domain, a day each; those further apart than two points ask two more.
SAID = [
    ("law", (2, 2, 3)), ("law", (5, 5, 5)), ("law", (1, 5, 5, 5, 5)), ("cooking", (4, 4, 3)), ("cooking", (6, 6, 5)),
    ("cooking", (1, 6, 1, 6, 3)), ("cooking", (2, 1, 2)),
]  # fmt: skip


@pytest.fixture
def week():
    """Seven samples on seven days, one of them contested; two more are open, one with a first annotation."""
    project = make_project(price_per_annotation=Decimal("0.50"), hourly_floor=Decimal(20))
    people = crowd(project, 5)
    for day, (domain, values) in enumerate(SAID):
        sample = make_sample(project, f"s{day}", metadata={"domain": domain})
        for place, (person, value) in enumerate(zip(people, values, strict=False)):
            at = NOW + timedelta(days=day, minutes=place)
            claim(sample, by=person, at=at - timedelta(seconds=90))
            rate(sample, by=person, at=at, overall=value, active_seconds=60)
    begun, _ = (make_sample(project, name, metadata={"domain": "law"}) for name in ("begun", "fresh"))
    rate(begun, by=people[0], at=NOW + timedelta(days=7), overall=4)
    counted(project)
    return project


def counted(project, at=LATER):
    fold.fold(project=project, at=at)
    figures.refresh(project=Project.objects.get(pk=project.pk), at=at, at_once=True)


def page(project, wanted="", *, for_admin=True, at=LATER):
    return overview.page(Project.objects.get(pk=project.pk), for_admin=for_admin, at=at, wanted=wanted)


def needed(shown):
    return shown["urgent"] + shown["calm"]


def things(project, **about):
    return [thing.text for thing in needed(page(project, **about))]


def as_user(user):
    client = Client()
    client.force_login(user)
    return client


def value(facts, label):
    return next(fact["value"] for fact in facts if fact["label"] == label)


# --- against the raw rows -------------------------------------------------------------------------------------------
def first_rounds(samples):
    """Ratings of the first round by sample, from the rows themselves."""
    said = defaultdict(list)
    rows = Annotation.objects.filter(is_current=True, round=1, assignment__sample__in=samples)
    for sample, [rating] in rows.values_list("assignment__sample", "ratings"):
        said[sample].append(rating)
    return [ratings for ratings in said.values() if len(ratings) >= 2]


def test_every_figure_equals_that_of_the_raw_rows(week, django_assert_max_num_queries):
    for domain in ("", "law", "cooking"):
        with django_assert_max_num_queries(40):
            shown = page(week, f"domain={domain}" if domain else "")
        samples_are_told_as_they_are(week, domain, shown)


def samples_are_told_as_they_are(week, domain, shown):
    samples = Sample.objects.filter(project=week)
    if domain:
        samples = samples.filter(content__metadata__domain=domain)
    states = Counter(samples.values_list("state", flat=True))
    assert {row["state"]: row["count"] for row in shown["funnel"] if row["count"]} == states

    decided = samples.exclude(state="open")
    of_decided = Annotation.objects.filter(is_current=True, assignment__sample__in=decided).count()
    assert value(shown["facts"], "Annotations a sample") == f"{of_decided / decided.count():.2f}"
    apart = [max(ratings) - min(ratings) for ratings in first_rounds(samples)]
    disagreed = sum(spread > 2 for spread in apart)
    assert value(shown["facts"], "First round disagreed") == f"{100 * disagreed / decided.count():.1f} %"

    tally = np.array([[ratings.count(level) for level in range(1, 7)] for ratings in first_rounds(samples)])
    alpha = krippendorff.alpha(value_counts=tally, value_domain=range(1, 7), level_of_measurement="interval")
    [row] = shown["reliability"]
    assert row["value"] == pytest.approx(alpha, abs=1e-9)
    assert (row["count"], row["word"]) == (len(tally), "rough: few samples")

    histogram = next(chart for chart in shown["charts"] if "apart" in chart.title)
    assert {int(label): count for label, count in histogram.rows} == Counter(apart)


def test_the_course_by_day_is_that_of_the_rows(week):
    throughput = next(
        chart for chart in page(week, at=NOW + timedelta(days=8))["charts"] if "Annotations" in chart.title
    )
    days = Counter(at.date() for at in Annotation.objects.values_list("submitted_at", flat=True))
    assert {day: count for day, count in throughput.rows if count} == days
    assert throughput.rows[0][0] == date(2026, 3, 2)


def test_days_without_work_between_days_with_it_are_counted_as_nothing():
    class On:
        def __init__(self, day, annotations):
            self.date, self.annotations = date(2026, 3, day), annotations

    assert ending.whole_days([On(1, 0), On(2, 5), On(5, 7), On(6, 9)], today=date(2026, 3, 6)) == [5, 0, 0, 7]


# --- slices ---------------------------------------------------------------------------------------------------------
def test_a_slice_stays_in_the_address_and_says_that_it_is_small(week):
    chosen = slicing.of(week, "domain=law")
    assert (chosen.samples, chosen.is_small, chosen.query) == (5, True, "?slice=domain%3Dlaw")
    ada = join(week, "ada", role="admin")
    shown = as_user(ada).get(FRONT, {"slice": "domain=law"}).content.decode()
    assert "Small: 5 samples. Intervals are wide." in shown
    assert f'data-live-from="{FRONT}now/?slice=domain%3Dlaw"' in shown

    unknown = slicing.of(week, "domain=<b>poetry")
    assert (unknown.key, unknown.query) == ("", "")
    shown = as_user(ada).get(FRONT, {"slice": "domain=<b>poetry"}).content.decode()
    assert "No sample has domain=&lt;b&gt;poetry" in shown


# --- money ----------------------------------------------------------------------------------------------------------
def test_what_was_spent_is_what_the_statements_say(week):
    everything = pay.statement(project=week, period=Period(NOW - timedelta(days=400), LATER), at=LATER)
    due = sum(line.due for line in everything)
    assert due == Decimal("0.5") * Annotation.objects.count()
    kept = ProjectFigures.objects.get(project=week).figures["spent"]
    assert spending.total(kept) == due
    assert value(page(week)["cost"], "Spent") == cost.money_text(due)

    of_law = Annotation.objects.filter(assignment__sample__content__metadata__domain="law").count()
    assert value(page(week, "domain=law")["cost"], "Spent") == cost.money_text(Decimal("0.5") * of_law)

    told = {"2026-01": "7.25", "2026-02": "1"}  # months that are over are not computed again
    assert spending.by_month(week, kept=told, at=LATER)["2026-01"] == "7.25"
    assert "2026-01" not in spending.by_month(week, kept={}, at=LATER)


def test_what_is_to_come_is_paid_at_the_price_with_the_gold_between():
    project = Project(price_per_annotation=Decimal("0.5"), gold_rate=0.2)
    assert cost.to_come(project, Range(80, 100, 120)) == "50.00 to 75.00"


def line(person, seconds, count=10, price="1.00"):
    counts = {"late": 0, "gold": 0, "set_aside": 0, "given_back": 0}
    return Line("p", person, count, **counts, active_seconds=seconds, wall_seconds=seconds, capped=0,
                price=Decimal(price) if price else None)  # fmt: skip


def test_the_hourly_pay_is_over_people_with_an_active_hour():
    lines = [
        line("ana", 3600),
        line("ben", 7200),
        line("ben", 0, price="0.50"),
        line("cleo", 3599),
        line("dan", 9999, price=""),
    ]
    found = hourly_pay.of(lines, floor=Decimal("9"))
    assert (found.people, found.too_short, found.below_floor) == (2, 1, 1)
    assert found.median == pytest.approx((10 + 7.5) / 2)
    assert found.lowest_tenth == pytest.approx(7.5 + 0.1 * 2.5)


def test_without_a_price_there_is_no_hourly_pay():
    assert hourly_pay.of([line("ana", 3600, price="")], floor=None) is None


def test_pay_under_the_floor_needs_an_admin_and_is_not_shown_to_a_reviewer(project):
    Project.objects.update(hourly_floor=20)
    make_sample(project)
    counted(project)
    row = ProjectFigures.objects.get(project=project)
    kept = {"median": 25.0, "lowest_tenth": 12.5, "people": 9, "too_short": 0, "below_floor": 2}
    ProjectFigures.objects.filter(pk=row.pk).update(figures={**row.figures, "pay": kept})
    assert "Raise the price, or find out who is slow and why" in things(project)
    assert value(page(project)["cost"], "Lowest tenth") == "12.50"
    shown = page(project, for_admin=False)
    assert shown["cost"] == []
    assert not any("price" in thing.text for thing in needed(shown))


# --- what needs somebody --------------------------------------------------------------------------------------------
def test_what_stops_the_work_comes_first_and_single_samples_last(week):
    person = week.annotators.first()
    Notice.objects.create(annotator=person, kind="proposal", text="Too quick.", created_at=NOW)
    week.annotators.exclude(pk=person.pk).update(state="paused")
    questions.ask(assignment=person.assignments.latest("pk"), text="What is meant?", at=NOW + timedelta(days=7))
    counted(week)
    assert things(week) == [
        "Find 2 more people", "Decide about 1 person", "Answer 1 question", "Settle 1 contested sample",
    ]  # fmt: skip
    assert all(thing.why and thing.url for thing in needed(page(week)))


def test_people_who_answer_by_chance_make_the_guideline_the_thing_to_do(project):
    """Of fewer samples it would not be said."""
    rng = np.random.default_rng(1)
    decided_long_ago(project, rng.choice([3, 4, 5], (60, 3)).tolist())
    counted(project)
    [thing] = [thing for thing in needed(page(project)) if "guideline" in thing.text]
    assert thing.text == "Make the guideline clearer on Overall"
    assert "in any case below 0.67" in thing.why


def test_several_weak_attributes_are_one_thing_to_do():
    rng = np.random.default_rng(1)
    project = make_project(attributes=[OVERALL, {**OVERALL, "name": "style", "title": "Style"}])
    persons = crowd(project, 3)
    for sample in make_samples(project, 50):
        for person in persons:
            rate(sample, by=person, overall=int(rng.integers(3, 6)), style=int(rng.integers(3, 6)))
    counted(project)
    [thing] = [thing for thing in needed(page(project)) if "guideline" in thing.text]
    assert thing.text == "Make the guideline clearer on 2 questions"
    headline = Measured(reading.of(project)).headline
    weakest = min(headline, key=lambda name: headline[name].high)
    assert f"least on {weakest.title()}: " in thing.why


def test_when_all_is_decided_it_is_time_to_publish_and_nothing_is_wrong(project):
    sample = make_sample(project)
    for person in crowd(project, 3):
        rate(sample, by=person, overall=4)
    counted(project)
    shown = page(project)
    assert ([thing.text for thing in shown["calm"]], shown["urgent"]) == (["Publish the labels"], [])


def test_nothing_that_needs_somebody_is_said_so(project, ada):
    assert "Nothing needs you right now." in as_user(ada).get(FRONT).content.decode()


# --- the part that is refreshed -------------------------------------------------------------------------------------
def test_the_part_that_is_refreshed_is_the_part_of_the_page(project, ada):
    make_sample(project)
    counted(project)
    whole, part = as_user(ada).get(FRONT).content.decode(), as_user(ada).get(f"{FRONT}now/").content.decode()
    assert 'id="overview-now"' in whole
    assert part.lstrip().startswith('<div id="overview-now"')
    assert "<html" not in part


def test_an_annotator_sees_nothing_of_it(ana):
    assert [as_user(ana.user).get(url).status_code for url in (FRONT, f"{FRONT}now/")] == [403, 403]


def test_an_admin_publishes_from_the_page_and_a_reviewer_does_not(client, db):
    project = make_project()
    client.force_login(join(project, "rita", role="reviewer"))
    assert client.post("/projects/recipes/versions/").status_code == 403
    assert "Publish what is resolved" not in client.get("/projects/recipes/").content.decode()
    client.force_login(join(project, "ada", role="admin"))
    assert "Publish what is resolved" in client.get("/projects/recipes/").content.decode()
    assert client.post("/projects/recipes/versions/").status_code == 302
    assert project.versions.get().requested_by.username == "ada"
