"""The figures of a project: what they are measured on, who is missing, and that looking for news costs next to nothing."""

import json
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from gold_story import LATER, answer_gold, make_gold, make_slice
from races import start
from story import (
    NOW,
    claim,
    correct,
    crowd,
    decided_long_ago,
    join,
    make_project,
    make_sample,
    make_samples,
    make_user,
    rate,
    rate_overall,
    settle,
    skip,
)

from annotation import tasks
from annotation.models import Annotator, ProjectFigures, Requirement, Sample
from annotation.review.overview import page as overview
from annotation.services import adjudication, evidence, figures, gold, judging, leases, merging, shortage, versions
from annotation.services.changes import Mark
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.statistics import fold
from annotation.web import waiting
from consensus import reliability
from modelgen.running import reward_heads
from modelgen.running.reward_heads import fitting

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def computed(project):
    return figures.compute(type(project).objects.get(pk=project.pk))


def wanted(project):
    return shortage.people_wanted(type(project).objects.get(pk=project.pk))


# --- the random slice -------------------------------------------------------------------------------------------
@pytest.fixture
def sliced(project):
    """Four people on the slice's samples, three on the others; of the others one was escalated to five."""
    people = crowd(project, 5)
    for number, values in enumerate([(1, 2, 1, 2), (5, 5, 4, 5), (3, 3, 3, 6), (6, 6, 6, 6)]):
        make_slice(project, values, people[:4], f"slice-{number}")
    rate_overall(make_sample(project, "plain"), dict(zip(people, (2, 3, 2), strict=False)))
    rate_overall(make_sample(project, "escalated"), dict(zip(people, (1, 6, 6, 6, 6), strict=True)))
    return project


def test_without_a_slice_first_rounds_are_the_figures(project):
    rate_overall(make_sample(project), dict.fromkeys(crowd(project, 3), 4))
    found = computed(project)
    assert found["measured_on"] == "first_rounds"
    assert found["beside"] == []
    assert {row["measured_on"] for row in found["reliability"] + found["people"]} == {"first_rounds"}


def test_with_a_slice_reliability_is_that_of_all_its_annotations(sliced):
    found = computed(sliced)
    assert found["measured_on"] == "random_slice"
    [row] = evidence.random_slice(sliced)
    assert row.ratings.tolist() == [[1, 2, 1, 2], [5, 5, 4, 5], [3, 3, 3, 6], [6, 6, 6, 6]]
    alpha = reliability.bootstrap_alpha(row.ratings, row.scale, row.prompts, np.random.default_rng(figures.SEED))
    [headline] = found["reliability"]
    assert headline["measured_on"] == "random_slice"
    assert headline["alpha"]["value"] == alpha.value
    assert headline["alpha"]["count"] == 4
    assert found["people"][0]["measured_on"] == "random_slice"


def test_first_rounds_stand_beside_and_say_what_they_are(sliced):
    found = computed(sliced)
    [beside] = found["beside"]
    assert [row["measured_on"] for row in beside["reliability"]] == ["first_rounds"]
    assert beside["reliability"][0]["alpha"]["count"] == 6
    [first] = evidence.first_rounds(sliced)
    assert sorted(map(len, ([v for v in row if not np.isnan(v)] for row in first.ratings))) == [3, 3, 4, 4, 4, 4]


def test_beside_alpha_stand_the_other_figures_of_the_same_ratings(sliced):
    [row] = computed(sliced)["reliability"]
    [of] = evidence.random_slice(sliced)
    assert {"quadratic_kappa", "linear_kappa", "ac1", "ac2", "percent_agreement", "weighted_agreement"} < row.keys()
    assert row["linear_kappa"]["value"] == reliability.weighted_kappa(of.ratings, of.scale, "linear").value
    assert row["ac2"]["value"] == reliability.gwet_coefficient(of.ratings, of.scale, "quadratic").value
    assert all(row[name]["count"] == 4 for name in row.keys() - {"attribute", "measured_on"})


def test_what_labels_rest_on_has_figures_of_its_own_that_say_so(sliced):
    [row] = computed(sliced)["after_selection"]
    assert row["measured_on"] == "after_selection"
    [of] = evidence.after_selection(sliced)
    chosen = [sorted(value for value in ratings if not np.isnan(value)) for ratings in of.ratings]
    assert [6, 6, 6] in chosen  # of 1, 6, 6, 6, 6: those who agree
    assert all(len(ratings) == 3 for ratings in chosen)
    assert row["alpha"]["value"] > computed(sliced)["reliability"][0]["alpha"]["value"]


def test_judges_are_compared_with_people_on_the_same_samples(sliced):
    judge = judging.enable(project=sliced, identity=JudgeIdentity("external", "robo"))
    verdicts = [Verdict(sample.pk, [4]) for sample in sliced.samples.all()]
    judging.post(project=sliced, judge=judge, verdicts=verdicts)
    found = computed(sliced)
    [on_slice], [on_first] = found["judges"], found["beside"][0]["judges"]
    assert (on_slice["measured_on"], on_slice["equal_share"]["count"]) == ("random_slice", 4)
    assert (on_first["measured_on"], on_first["equal_share"]["count"]) == ("first_rounds", 6)


def test_merging_stays_on_first_rounds_of_all_samples(sliced):
    merging.merge_project(project=sliced, at=NOW)
    assert len(evidence.first_rounds(sliced)[0].keys) == 6


def test_a_version_names_what_its_reliability_is_measured_on(sliced, rita):
    version = versions.request(project=sliced, by=None, at=NOW)
    with transaction.atomic():
        rows = figures.compute_reliability(sliced)
    assert [row["measured_on"] for row in rows] == ["random_slice", "first_rounds"]
    type(version).objects.filter(pk=version.pk).update(reliability=json.loads(json.dumps(rows)), state="ready")
    client = Client()
    client.force_login(rita)
    page = " ".join(client.get("/projects/recipes/versions/1/").content.decode().split())
    assert "on the random slice" in page
    assert "on first rounds" in page


def test_a_slice_that_nobody_has_judged_is_undefined_in_words(project):
    sample = make_sample(project)
    Sample.objects.filter(pk=sample.pk).update(is_fixed_overlap=True)
    alpha = computed(project)["reliability"][0]["alpha"]
    assert (alpha["value"], bool(alpha["undefined"])) == (None, True)


def test_the_slice_cannot_escalate_and_is_left_out_of_what_did(sliced):
    samples = computed(sliced)["samples"]
    assert (samples["decided"], samples["could_escalate"]) == (6, 2)
    assert (samples["disagreed"], samples["escalated_ever"]) == (1, 1)


# --- gold and training never enter ------------------------------------------------------------------------------
def test_gold_is_no_progress_and_its_answers_are_no_evidence(project, ana):
    rate_overall(make_sample(project), dict.fromkeys(crowd(project, 3), 4))
    before = computed(project)
    answer_gold(make_gold(project, overall=3), by=ana, overall=1)
    training = make_sample(project, "training")
    Sample.objects.filter(pk=training.pk).update(purpose="training", target=0)
    assert computed(project) == before


def test_an_answer_to_a_slice_sample_that_was_promoted_measures_the_person_only(project, eve):
    """The sample stays work; who is given it as gold counts nowhere."""
    people = crowd(project, 4)
    sample = make_slice(project, (4, 4, 4, 4), people)
    before = computed(project)
    assert gold.promote_unanimous(project=project, at=LATER) == 1
    answer_gold(sample, by=eve, overall=1)
    after = computed(project)
    assert after["samples"] == before["samples"]
    assert after["reliability"] == before["reliability"]
    assert evidence.random_slice(project)[0].ratings.tolist() == [[4, 4, 4, 4]]


# --- who is missing ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("there", "missing"), [(0, 3), (1, 2), (2, 1), (3, 0), (4, 0)])
def test_too_few_people_for_a_first_round(project, there, missing):
    make_sample(project)
    crowd(project, there)
    assert wanted(project).for_first_round == missing


def test_only_people_who_may_work_are_counted(project):
    make_sample(project)
    paused, unqualified, capped, _ = crowd(project, 4)
    Annotator.objects.filter(pk=paused.pk).update(state="paused")
    Annotator.objects.filter(pk=unqualified.pk).update(is_qualified=False)
    Annotator.objects.filter(pk=capped.pk).update(cap=0)
    assert (wanted(project).may_work, wanted(project).for_first_round) == (1, 2)


def test_a_project_in_which_nothing_is_open_misses_nobody(project):
    assert wanted(project).for_first_round == 0
    rate_overall(make_sample(project), dict.fromkeys(crowd(project, 3), 4))
    Annotator.objects.update(state="paused")
    found = wanted(project)
    assert (found.for_first_round, found.samples) == (0, 0)


def test_a_sample_that_everybody_has_had_needs_somebody_else(project):
    sample, people = make_sample(project), crowd(project, 3)
    rate(sample, by=people[0], overall=4)
    assert wanted(project).samples == 0
    skip(sample, by=people[1])
    found = wanted(project)
    assert (found.for_first_round, found.samples, found.most) == (0, 1, 1)


def test_who_holds_a_sample_fills_a_slot_and_who_gave_it_back_may_have_it_again(project):
    sample, people = make_sample(project), crowd(project, 3)
    lease = claim(sample, by=people[0])
    assert wanted(project).samples == 0
    leases.release(assignment=lease, at=NOW)
    assert wanted(project).samples == 0


def ask_for(project, sample, *skills):
    requirement = Requirement.objects.get_or_create(project=project, skills=sorted(skills))[0]
    Sample.objects.filter(pk=sample.pk).update(requirement=requirement)


def test_a_sample_whose_skills_too_few_have_needs_them(project):
    korean, both, plain = make_samples(project, 3)
    ask_for(project, korean, "ko")
    ask_for(project, both, "ko", "law")
    people = crowd(project, 5)
    for person, skills in zip(people, (["ko", "law"], ["ko"], ["ko"], ["law"], []), strict=True):
        Annotator.objects.filter(pk=person.pk).update(skills=skills)
    found = wanted(project)
    assert (found.for_first_round, found.samples, found.most) == (0, 1, 2)
    assert plain.requirement is None


def test_somebody_without_the_skill_who_had_it_does_not_count_twice(project):
    """They are not among those who may fill a slot, so having had it takes nobody away."""
    sample, people = make_sample(project), crowd(project, 4)
    skip(sample, by=people[3])
    ask_for(project, sample, "ko")
    for person in people[:3]:
        Annotator.objects.filter(pk=person.pk).update(skills=["ko"])
    assert wanted(project).samples == 0


def test_the_slice_asks_for_more_people_than_a_first_round(project):
    sample = make_sample(project)
    Sample.objects.filter(pk=sample.pk).update(is_fixed_overlap=True, target=5)
    crowd(project, 4)
    found = wanted(project)
    assert (found.for_first_round, found.samples, found.most) == (0, 1, 1)


def test_the_count_agrees_with_a_slow_one(project):
    """Against a count in Python, over chance."""
    rng = np.random.default_rng(3)
    people = crowd(project, 5)
    for person in people:
        Annotator.objects.filter(pk=person.pk).update(skills=sorted(rng.choice(["ko", "law", "de"], 2, replace=False)))
    for number, sample in enumerate(make_samples(project, 25)):
        for person in rng.permutation(len(people))[: rng.integers(0, 4)]:
            somebody = people[person]
            if rng.random() < 0.4:
                leases.release(assignment=claim(sample, by=somebody), at=NOW)
            elif rng.random() < 0.4:
                reason = ["broken", "wrong_language", "personal_data", "asks_identity"][person % 4]
                skip(sample, by=somebody, reason=reason)
            else:
                rate(sample, by=somebody, overall=4)
        if number % 3:
            ask_for(project, sample, *rng.choice(["ko", "law"], rng.integers(1, 3), replace=False))
    slowly = []
    for sample in Sample.objects.filter(state__in=["open", "escalated"], open_slots__gt=0):
        skills = set(sample.requirement.skills) if sample.requirement else set()
        had = set(sample.assignments.exclude(state__in=["expired", "released"]).values_list("annotator_id", flat=True))
        left = [p for p in Annotator.objects.all() if skills <= set(p.skills) and p.pk not in had]
        slowly.append(max(sample.open_slots - len(left), 0))
    found = wanted(project)
    assert (found.samples, found.most) == (sum(missing > 0 for missing in slowly), max(slowly))
    assert found.samples > 2


def attention(project):
    figures.refresh(project=project, at=NOW)
    shown = overview.page(project, for_admin=True, at=NOW)
    return [f"{thing.text}: {thing.why}" for thing in shown["urgent"] + shown["calm"]]


def test_the_overview_says_how_many_more_people_it_needs(project):
    make_sample(project)
    crowd(project, 1)
    assert attention(project) == ["Find 2 more people: a first round asks 3, and 1 may work here"]


def test_the_overview_says_how_many_samples_lack_people(project):
    sample, people = make_sample(project), crowd(project, 3)
    skip(sample, by=people[0])
    assert attention(project) == ["Find 1 more person for 1 sample: everybody else has had them or lacks their skills"]


def test_the_overview_shows_both_figures(sliced, rita):
    judging.post_as(
        project=sliced,
        identity=JudgeIdentity("external", "robo"),
        verdicts=[Verdict(sample.pk, [4]) for sample in sliced.samples.all()],
    )
    figures.refresh(project=sliced, at=NOW)
    fold.fold(project=sliced, at=NOW)
    client = Client()
    client.force_login(rita)
    page = " ".join(client.get("/projects/recipes/").content.decode().split())
    assert "measured on the random slice" in page
    assert "first rounds of all 6 samples" in page
    assert page.count("the same on first rounds") == 2  # people, and the judge


def test_figures_that_an_older_release_kept_are_still_shown(project, rita):
    kept = computed(project)
    for new in ("people_wanted", "measured_on", "beside"):
        del kept[new]
    del kept["samples"]["could_escalate"]
    ProjectFigures.objects.create(project=project, figures=kept, basis="1.1:0.0", computed_at=NOW)
    client = Client()
    client.force_login(rita)
    assert client.get("/projects/recipes/").status_code == 200


# --- what an annotator is told ----------------------------------------------------------------------------------
def home_line(project, person):
    figures.refresh(project=project, at=NOW, at_once=True)
    membership = project.memberships.get(user=person.user)
    return waiting.text_for(membership, ProjectFigures.objects.get(project=project))


@pytest.mark.django_db(transaction=True)
def test_the_line_at_home_is_the_same_whether_others_agreed_or_not():
    told = []
    for slug, values in (("agreeing", (4, 4, 4)), ("differing", (1, 6, 6))):
        project = make_project(slug)
        ana = join(project, "ana")
        people = [ana, *crowd(project, 4)]
        sample, _ = make_samples(project, 2)
        before = home_line(project, ana)
        rate_overall(sample, dict(zip(people, values, strict=False)))
        told.append((before, home_line(project, ana)))
    assert told[0] == told[1] == ("2 samples open", "1 sample open")


def test_the_line_at_home_never_says_that_nothing_will_come(project, ana):
    assert "comes back" in home_line(project, ana)


# --- looking for news -------------------------------------------------------------------------------------------
@pytest.fixture
def looked(transactional_db):
    """A project whose figures are computed and whose labels are merged, seen by committed transactions as in production."""
    project = make_project()
    decided_long_ago(project, [(4, 4, 5), (2, 2, 2)])
    crowd(project, 6)
    make_samples(project, 3)
    merging.merge_project(project=project, at=NOW)
    figures.refresh(project=project, at=NOW)
    settle(project)
    return project


def anew(project):
    return type(project).objects.get(pk=project.pk)


def person(project, number):
    return Annotator.objects.select_related("project").get(project=project, external_id=f"person-{number:02}")


def submits(project):
    rate(project.samples.get(external_id="s0"), by=person(project, 3), overall=4)


def corrects(project):
    receipt = rate(project.samples.get(external_id="s0"), by=person(project, 3), overall=4)
    settle(project)
    correct(receipt, overall=5)


def is_set_right(project):
    sample = project.samples.get(external_id="old-0")
    adjudication.exclude(sample_id=sample.pk, by=make_user("rita"), note="", cause="", at=NOW)


def is_judged(project):
    judging.post_as(
        project=project,
        identity=JudgeIdentity("external", "robo"),
        verdicts=[Verdict(project.samples.get(external_id="s0").pk, [4])],
    )


def is_imported(project):
    make_sample(project, "another")


def is_skipped(project):
    skip(project.samples.get(external_id="s0"), by=person(project, 4))


def joins(project):
    join(project, "zoe")


def is_paused(project):
    Annotator.objects.filter(pk=person(project, 5).pk).update(state="paused")


def reaches_the_cap(project):
    Annotator.objects.filter(pk=person(project, 5).pk).update(cap=0)


FOR_FIGURES = [submits, corrects, is_set_right, is_judged, is_imported, is_skipped, joins, is_paused, reaches_the_cap]


@pytest.mark.parametrize("happens", FOR_FIGURES)
def test_figures_notice_what_happens(looked, happens):
    happens(looked)
    assert not figures.is_up_to_date(anew(looked))
    assert figures.refresh(project=anew(looked), at=NOW + timedelta(hours=1))


@pytest.mark.parametrize("happens", [submits, corrects, is_set_right, is_judged])
def test_a_merge_notices_what_happens(looked, happens):
    happens(looked)
    assert not merging.is_up_to_date(anew(looked))


@pytest.mark.parametrize("happens", FOR_FIGURES)
def test_what_happens_elsewhere_is_no_news_here(looked, happens):
    other = make_project("other")
    decided_long_ago(other, [(4, 4, 5)])
    crowd(other, 6)
    make_samples(other, 2)
    happens(other)
    assert figures.is_up_to_date(anew(looked))
    assert merging.is_up_to_date(anew(looked))


def test_a_merge_is_not_its_own_news(looked):
    submits(looked)
    rate_overall(looked.samples.get(external_id="s1"), {person(looked, n): 4 for n in (3, 4, 5)})
    assert merging.merge_project(project=anew(looked), at=NOW + timedelta(hours=1)) >= 1
    settle(looked)
    assert merging.merge_project(project=anew(looked), at=NOW + timedelta(hours=2)) == 0


def test_a_row_that_appears_below_later_ones_is_noticed(looked):
    """A slow transaction took the lower id and is committed after a quicker one was seen."""
    slow, quick = looked.samples.get(external_id="s0"), looked.samples.get(external_id="s1")
    other = make_project("other")
    elsewhere = make_sample(other, "quick")

    def rate_slowly():
        with transaction.atomic():
            rate(slow, by=person(looked, 3), overall=4)
            start(lambda: rate(elsewhere, by=crowd(other, 1)[0], overall=4)).result(timeout=20)
            # Now the figures are looked at, while this transaction is open: nothing of it can be seen yet.
            start(lambda: figures.refresh(project=anew(looked), at=NOW + timedelta(hours=1))).result(timeout=20)
            start(lambda: figures.refresh(project=anew(looked), at=NOW + timedelta(hours=2))).result(timeout=20)

    rate_slowly()
    assert not figures.is_up_to_date(anew(looked))
    figures.refresh(project=anew(looked), at=NOW + timedelta(hours=3))
    assert ProjectFigures.objects.get(project=looked).figures["samples"]["annotations"] == 7
    assert quick.counted_count == 0


def test_looking_when_nothing_happened_reads_no_table_whole(looked):
    """No count over samples or annotations; the queries are as many for a large project as for a small one."""
    with CaptureQueriesContext(connection) as seen:
        assert not figures.refresh(project=anew(looked), at=NOW + timedelta(hours=1))
        assert merging.merge_project(project=anew(looked), at=NOW + timedelta(hours=1)) == 0
    statements = [query["sql"] for query in seen]
    assert len(statements) < 45
    # What somebody under a cap gave back is counted, by an index of its own.
    assert not [sql for sql in statements if "COUNT(" in sql.upper() and "'expired', 'released'" not in sql]


def test_the_mark_survives_being_written_down():
    mark = Mark((1, 22, 333), (4, 5, 10**18), 7, 8, "abc", 1_700_000_000.0, 12.34)
    assert Mark.parse(str(mark)) == mark
    assert len(str(mark)) <= 200
    for nonsense in ("", "1.1:0.0", "a/b/c/d/e/f/g", "30000.30000:10000.10000:0.0"):
        assert Mark.parse(nonsense) is None


def test_a_mark_is_never_longer_than_its_column():
    huge = 10**12
    mark = Mark((huge,) * 4, (huge,) * 4, 10**15, 10**15, "0123456789abcdef", 4e9, 3600.0)
    assert len(str(mark)) <= 200


# --- rest -------------------------------------------------------------------------------------------------------
def test_what_takes_long_rests_ten_times_as_long():
    mark = Mark((), (), 0, 0, "", NOW.timestamp(), seconds=6.0)
    assert mark.rests(NOW)
    assert mark.rests(NOW + 59 * SECOND)
    assert not mark.rests(NOW + 60 * SECOND)
    assert not mark.rests(NOW - SECOND)  # a clock that was put back
    assert not Mark((), (), 0, 0, "", NOW.timestamp(), seconds=0.9).rests(NOW)


def make_slow(project):
    """As if the last computation had taken six seconds."""
    kept = ProjectFigures.objects.get(project=project)
    mark = Mark.parse(kept.basis).after_computing(at=NOW, seconds=6.0)
    ProjectFigures.objects.filter(project=project).update(basis=str(mark))
    project.merge_fits.filter(is_current=True).update(basis=str(mark_of_merge(project)))


def mark_of_merge(project):
    fit = project.merge_fits.filter(is_current=True).first()
    return Mark.parse(fit.basis).after_computing(at=NOW, seconds=6.0)


def test_figures_and_merges_rest_after_a_long_computation(looked):
    make_slow(looked)
    rate_overall(looked.samples.get(external_id="s1"), {person(looked, n): 4 for n in (3, 4, 5)})
    soon, later = NOW + 30 * SECOND, NOW + 61 * SECOND
    assert not figures.refresh(project=anew(looked), at=soon)
    assert not merging.merge_project(project=anew(looked), at=soon)
    assert figures.refresh(project=anew(looked), at=later)
    assert merging.merge_project(project=anew(looked), at=later) >= 1


def test_who_cannot_wait_may_ask_at_once(looked):
    make_slow(looked)
    submits(looked)
    tasks.merge_labels(at_once=True)
    tasks.refresh_figures(at_once=True)
    assert ProjectFigures.objects.get(project=looked).figures["samples"]["annotations"] == 7


# --- modelgen's look --------------------------------------------------------------------------------------------
def test_a_reward_head_looks_at_nothing_when_nothing_happened(looked, monkeypatch):
    plan = reward_heads.plan_for(looked)
    for _ in range(3):
        reward_heads.judge_all_projects()
    monkeypatch.setattr(evidence, "first_rounds", lambda project: pytest.fail("read all annotations"))
    monkeypatch.setattr(judging, "samples_lacking", lambda *asked: pytest.fail("looked through all samples"))
    assert reward_heads.judge_all_projects() == 0
    plan.refresh_from_db()
    assert Mark.parse(plan.basis)


def test_a_reward_head_is_due_by_a_count_and_not_by_reading(looked, monkeypatch):
    plan = reward_heads.plan_for(looked)
    monkeypatch.setattr(evidence, "first_rounds", lambda project: pytest.fail("read all annotations"))
    assert not fitting.is_due(plan)
    assert evidence.first_round_sample_count(looked) == 2


def test_an_answer_counts_once_in_the_count_of_samples(looked):
    submits(looked)
    rate(looked.samples.get(external_id="s0"), by=person(looked, 4), overall=4)
    assert evidence.first_round_sample_count(looked) == 3
