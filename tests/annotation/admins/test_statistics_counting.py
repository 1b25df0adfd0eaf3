"""What is counted of a project's samples: each figure against a plain computation from the rows, and against other packages."""

from collections import Counter
from datetime import timedelta
from itertools import permutations

import krippendorff
import numpy as np
import pytest
from story import NOW, crowd, make_pair, make_project, make_sample, rate, scale

from annotation.models import Annotation, Assignment, SampleEvent
from annotation.services import evidence, figures, guidelines, judging
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.statistics import fold, names, reading
from consensus import reliability

pytestmark = pytest.mark.django_db
PREFERRED = scale("preferred", -1, 0, 1, scope="comparison", trigger=True)


def counted(project, slice_name=""):
    fold.fold(project=project, at=NOW)
    return reading.of(project, slice_name)


@pytest.fixture
def judged(project):
    """Fifteen samples in two domains, judged over weeks by six people who often disagree, and by a judge."""
    people, rng = crowd(project, 6), np.random.default_rng(5)
    for number in range(15):
        sample = make_sample(project, f"s{number}", metadata={"domain": ("law", "cooking", "law")[number % 3]})
        for person in rng.permutation(6)[:5]:
            sample.refresh_from_db()
            if sample.is_claimable:
                at, value = NOW + number * timedelta(hours=19), int(np.clip(rng.integers(1, 7) // 2 + 2, 1, 6))
                rate(sample, by=people[person], overall=value, at=at, active_seconds=int(rng.integers(1, 200)))
        verdict = Verdict(sample.pk, [int(rng.integers(1, 7))])
        judging.post_as(project=project, identity=JudgeIdentity("external", "outside"), verdicts=[verdict])
    return project


def ratings(project, **filters):
    """Sample -> [(person, value)] of what counts, from the rows."""
    of: dict[int, list[tuple[int, int]]] = {}
    rows = Annotation.objects.filter(is_current=True, assignment__state="submitted", **filters)
    for row in rows.select_related("assignment"):
        of.setdefault(row.assignment.sample_id, []).append((row.assignment.annotator_id, row.ratings[0]))
    return of


def test_nothing_is_there_before_the_first_count(project):
    statistics = reading.of(project)
    assert not statistics.is_there
    assert statistics.as_of is None
    assert statistics.total == 0
    assert statistics.days() == []
    assert reading.slices(project) == {}


def test_samples_are_counted_as_a_scan_counts_them(judged):
    kept, scanned = counted(judged), figures.compute(judged)["samples"]
    assert kept.samples == scanned.pop("states")
    assert {name: getattr(kept, name) for name in scanned} == scanned
    parts = [reading.of(judged, f"domain={value}") for value, _ in reading.slices(judged)["domain"]]
    assert sum(part.annotations for part in parts) == kept.annotations == Assignment.objects.count()


def test_days_are_those_of_the_rows(judged):
    kept = {day.date: day for day in counted(judged).days()}
    given = Annotation.objects.values_list("submitted_at", "active_seconds")
    by_day = Counter(at.date() for at, _ in given)
    assert {day: of.annotations for day, of in kept.items() if of.annotations} == by_day
    assert sum(of.active_seconds for of in kept.values()) == sum(seconds for _, seconds in given)
    moves = Counter((event.at.date(), event.target) for event in SampleEvent.objects.all())
    for state in ("resolved", "escalated", "contested", "excluded"):
        assert {day: getattr(of, state) for day, of in kept.items() if getattr(of, state)} == {
            day: many for (day, target), many in moves.items() if target == state
        }


def test_alpha_is_that_of_the_package_and_of_a_full_computation(judged):
    [of] = evidence.first_rounds(judged)
    kept, counts = counted(judged).reliability_figures("overall"), of.scale.tally(of.ratings)
    whole = reliability.measure(counts, of.scale, of.prompts, np.random.default_rng(1))
    alone = krippendorff.alpha(value_counts=counts, value_domain=of.scale.values, level_of_measurement="interval")
    assert kept.alpha.value == pytest.approx(alone, abs=1e-12)
    for name in ("alpha", "quadratic_kappa", "linear_kappa", "ac1", "ac2", "percent_agreement", "weighted_agreement"):
        one, other = getattr(kept, name), getattr(whole, name)
        assert one.value == pytest.approx(other.value, abs=1e-12), name
        assert one.count == other.count
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.1), name
    [selected] = evidence.after_selection(judged)
    after = reliability.krippendorff_alpha(selected.ratings, selected.scale)
    assert reading.of(judged).reliability("overall", reading.AFTER_SELECTION).value == pytest.approx(after.value)


def test_people_stand_beside_the_others_and_never_beside_themselves(judged):
    kept, first = counted(judged), ratings(judged, round=1)
    pairs = [(one, other) for said in first.values() for one, other in permutations(said, 2)]
    confusion = np.zeros((6, 6), dtype=int)
    beside = {person: np.zeros((6, 6), dtype=int) for (person, _), _ in pairs}
    for (person, own), (_, other) in pairs:
        confusion[own - 1, other - 1] += 1
        beside[person][own - 1, other - 1] += 1
    assert kept.confusion("overall").tolist() == confusion.tolist()
    assert {person: table.tolist() for person, table in kept.people("overall").items()} == {
        person: table.tolist() for person, table in beside.items()
    }
    for person, table in beside.items():
        weeks = kept.weeks_of(person, "overall")
        assert sum(week.pairs for week in weeks) == table.sum()
        assert sum(week.equal for week in weeks) == np.trace(table)


def test_levels_spread_and_judges_are_those_of_the_rows(judged):
    kept, first = counted(judged), ratings(judged, round=1)
    levels = Counter(value for said in first.values() for _, value in said)
    assert kept.levels("overall") == {level: levels[level] for level in range(1, 7)}
    by_week = kept.levels_by_week("overall")
    assert len(by_week) > 1
    assert sum(sum(week.values()) for week in by_week.values()) == sum(levels.values())
    ranges = Counter(max(v for _, v in said) - min(v for _, v in said) for said in first.values() if len(said) > 1)
    assert kept.spread("overall") == ranges
    [judge] = kept.judges()
    words = dict(judging.Judgment.objects.values_list("sample_id", "ratings"))
    table = np.zeros((6, 6), dtype=int)
    for sample, said in first.items():
        for _, value in said:
            table[words[sample][0] - 1, value - 1] += 1
    assert kept.judge(judge, "overall").tolist() == table.tolist()
    assert kept.judges()[judge].judgments == 15


def test_work_is_told_by_what_was_chosen_as_it_was_shown_and_by_the_time(db):
    project = make_project(attributes=[PREFERRED])
    [ana] = crowd(project, 1)
    for number, (order, value) in enumerate([([0, 1], -1), ([1, 0], -1), ([1, 0], 1), ([0, 1], 0)]):
        sample = make_pair(project, f"s{number}")
        rate(sample, by=ana, preferred=value, active_seconds=40)
        Assignment.objects.filter(sample=sample).update(shown_order=order)
    work = counted(project).work_of(ana.pk)
    assert work.picks == {"preferred": (1, 2, 1)}
    assert work.levels["preferred"].tolist() == [2, 1, 1]
    [(bin_number, many)] = work.seconds.items()
    low, high = names.seconds_of(bin_number)
    assert (low <= 40 < high, many, work.active_seconds) == (True, 4, 160)


def test_straight_lining_needs_three_values_on_one_scale(db):
    three = [scale(name, 0, 1, 2, scope="sample", trigger=name == "a") for name in ("a", "b", "c")]
    project = make_project(attributes=three)
    [ana] = crowd(project, 1)
    rate(make_sample(project, "s1"), by=ana, a=1, b=1, c=1)
    rate(make_sample(project, "s2"), by=ana, a=1, b=2, c=1)
    assert counted(project).work_of(ana.pk).straight == (2, 1)


def test_each_version_of_the_guideline_has_its_own_reliability(project, ada):
    people = crowd(project, 3)

    def say(name, values, at):
        sample = make_sample(project, name)
        for person, value in zip(people, values, strict=True):
            rate(sample, by=person, overall=value, at=at)

    say("early", (1, 2, 3), NOW)
    say("early too", (4, 3, 4), NOW)
    guidelines.write(project=project, text="Look twice.", what_changed="", by=ada, at=NOW + timedelta(days=1))
    say("later", (1, 1, 1), NOW + timedelta(days=2))
    say("later too", (4, 4, 4), NOW + timedelta(days=2))
    by_version = counted(project).reliability_by_guideline("overall")
    assert list(by_version) == [0, 1]
    assert by_version[0].value < by_version[1].value == 1
