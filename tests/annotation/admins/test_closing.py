"""The end of a project: archived, which everything survives, or deleted, which nothing does; each also when it is killed."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.test import Client
from gold_story import answer_gold, make_gold
from races import together
from story import (
    NOW,
    answer,
    claim,
    counters,
    crowd,
    join,
    make_pair,
    make_project,
    make_sample,
    make_samples,
    make_user,
    rate_overall,
    state_of,
)

from annotation import tasks
from annotation.explorer import covering
from annotation.management import progress
from annotation.models import (
    Annotation,
    Assignment,
    DatasetVersion,
    Decision,
    Judge,
    Judgment,
    Notice,
    Project,
    ProjectEvent,
    ProjectFigures,
    ReviewItem,
    Sample,
    User,
)
from annotation.services import (
    claiming,
    closing,
    decisions_made,
    drafts,
    figures,
    judging,
    learning,
    leases,
    merging,
    projects,
    questions,
    routing,
    submission,
    versions,
)
from annotation.services.claiming import NotClaimable
from annotation.services.judging import JudgeIdentity, Verdict
from annotation.statistics import fold
from modelgen.models import RewardHeadPlan
from modelgen.pipeline.recipe import parse_recipe
from modelgen.running import carrying_out, recipes, reward_heads
from tests.modelgen.scripted import ScriptedEngine, at_hand, saying

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def archive(project, **more):
    return closing.archive(project=project, by=None, at=LATER, **more)


def delete(project, **more):
    closing.delete(project=project, by=None, at=LATER, **more)


# --- archive ----------------------------------------------------------------------------------------------------
def test_leases_are_given_back_and_nothing_is_handed_out(project, sample, ana, ben, ada):
    lease = claim(sample, by=ana)
    assert closing.archive(project=project, by=ada, at=LATER, reason="The study is over.") == 1
    lease.refresh_from_db()
    assert (lease.state, counters(sample)) == ("released", (3, 0, 0))
    event = project.events.get(kind="archived")
    assert (event.actor, event.text, event.at) == (ada, "The study is over.", LATER)
    for person in (ana, ben):
        with pytest.raises(NotClaimable, match="archived"):
            claiming.claim_next(annotator=person_anew(person), at=LATER)
        with pytest.raises(NotClaimable, match="archived"):
            claiming.claim_sample(annotator=person_anew(person), sample=sample, at=LATER)


def person_anew(person):
    return type(person).objects.select_related("project").get(pk=person.pk)


def test_twice_is_once(project, sample, ana):
    claim(sample, by=ana)
    assert [archive(project), archive(project)] == [1, 0]
    assert project.events.filter(kind="archived").count() == 1


def test_an_archive_that_was_cut_off_is_finished_by_the_next(project, ana, ben, monkeypatch):
    """The state comes first: whoever is killed in between leaves leases, and hands out nothing."""
    first, second = make_samples(project, 2)
    claim(first, by=ana)
    claim(second, by=ben)
    release = leases.release

    def killed_after_one(**asked):
        release(**asked)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(leases, "release", killed_after_one)
        with pytest.raises(KeyboardInterrupt):
            archive(project)
    assert Project.objects.get().state == "archived"
    assert Assignment.objects.filter(state="leased").count() == 1
    assert archive(project) == 1


def test_what_was_in_hand_may_still_be_submitted(project, sample, ana):
    lease = claim(sample, by=ana)
    archive(project)
    assert submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER).counted
    assert counters(sample) == (3, 0, 1)


def test_somebody_who_submits_meanwhile_loses_nothing(project, sample, ana, monkeypatch):
    lease = claim(sample, by=ana)
    listed = closing._leases

    def and_then_they_submit(of):
        found = listed(of)
        list(found)
        submission.submit(assignment_id=lease.pk, answer=answer(overall=4), at=LATER)
        return found.model.objects.filter(pk=lease.pk)

    monkeypatch.setattr(closing, "_leases", and_then_they_submit)
    assert archive(project) == 0
    lease.refresh_from_db()
    assert lease.state == "submitted"


def test_pages_and_exports_stay_readable(project, ana, ada):
    sample = make_sample(project)
    rate_overall(sample, dict.fromkeys(crowd(project, 3), 4))
    figures.refresh(project=project, at=NOW)
    archive(project)
    client = Client()
    client.force_login(ada)
    for address in (
        "/projects/recipes/",
        "/projects/recipes/review/",
        f"/projects/recipes/review/{sample.pk}/",
        "/api/v1/projects/recipes/labels/",
        "/api/v1/projects/recipes/figures/",
        "/api/v1/projects/recipes/export/?profile=helpsteer2",
        "/api/v1/projects/recipes/statement/?from=2026-03-01&until=2026-04-01",
    ):
        assert client.get(address).status_code == 200, address
    client.force_login(ana.user)
    page = client.get("/projects/recipes/annotate/")
    assert page.status_code == 200
    assert "archived" in page.content.decode()


def test_beat_passes_it_over(project):
    rate_overall(make_sample(project), dict.fromkeys(crowd(project, 3), 4))
    archive(project)
    tasks.merge_labels()
    tasks.refresh_figures()
    assert not ProjectFigures.objects.exists()
    assert project.merge_fits.count() == 0


def test_samples_that_wait_for_people_go_on_waiting(project):
    sample, people = make_sample(project), crowd(project, 3)
    rate_overall(sample, dict(zip(people, (1, 6, 6), strict=True)))
    assert sample_waits(sample)
    archive(project)
    join(project, "newcomer", at=LATER)
    tasks.reconsider_waiting()
    assert sample_waits(sample)
    closing.unarchive(project=project, by=None, at=LATER)
    tasks.reconsider_waiting()
    assert state_of(sample) == "escalated"


def sample_waits(sample):
    return state_of(sample) == "contested" and sample.waits_for_people


def test_an_archived_project_can_be_taken_up_again(project, sample, ana, ada):
    archive(project)
    closing.unarchive(project=project, by=ada, at=LATER, reason="A second study.")
    assert Project.objects.get().state == "paused"
    assert project.events.filter(kind="unarchived", actor=ada).count() == 1
    with pytest.raises(NotClaimable, match="paused"):
        claiming.claim_next(annotator=person_anew(ana), at=LATER)
    Project.objects.update(state="active")
    assert claiming.claim_next(annotator=person_anew(ana), at=LATER).sample_id == sample.pk


def test_what_is_not_archived_cannot_be_taken_up_again(project):
    with pytest.raises(closing.NotArchived, match="not archived"):
        closing.unarchive(project=project, by=None, at=LATER)


def test_the_dry_run_of_archive_changes_nothing(project, ana):
    first, _ = make_samples(project, 2)
    claim(first, by=ana)
    assert closing.archive_outlook(project) == closing.ArchiveOutlook(leases=1, undecided=2)
    assert said("archive_project", "recipes", "--dry-run").count("1 samples back") == 1
    assert Project.objects.get().state == "active"
    assert counters(first) == (3, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_archiving_while_people_submit_and_let_leases_expire_leaves_every_counter_right():
    project = make_project()
    samples, people = make_samples(project, 6), crowd(project, 6)
    held = [claim(sample, by=person) for sample, person in zip(samples, people, strict=True)]
    together(
        [
            lambda: archive(project),
            lambda: archive(project),
            lambda: leases.expire(at=NOW + timedelta(days=1)),
            *[
                lambda pk=lease.pk: submission.submit(assignment_id=pk, answer=answer(overall=4), at=LATER)
                for lease in held[:3]
            ],
        ]
    )
    assert not Assignment.objects.filter(state="leased").exists()
    for sample, submitted in zip(samples, [1, 1, 1, 0, 0, 0], strict=True):
        assert counters(sample) == (3, 0, submitted)


# --- delete -----------------------------------------------------------------------------------------------------
@pytest.fixture
def rich(db):
    """A project with a row in nearly every table."""
    project = make_project("rich", gold_rate=0.1, instructions="Read it twice.")
    people = crowd(project, 5)
    samples = make_samples(project, 3)
    rate_overall(samples[0], dict.fromkeys(people[:3], 4))
    rate_overall(samples[1], dict(zip(people[:3], (1, 6, 6), strict=True)))
    begun = claim(samples[2], by=people[0])
    questions.ask(assignment=begun, text="Why?", at=NOW)
    drafts.keep(assignment=begun, fields={"comment": "It"}, of_revision=1, saves=1, at=NOW)
    answer_gold(make_gold(project, overall=3), by=people[1], overall=3)
    ReviewItem.objects.create(sample=samples[0], kind="judge_disagrees", opened_at=NOW)
    Decision.objects.create(sample=samples[0], action="accept", saw_judges=True, at=NOW)
    decisions_made.open_judges(samples=samples[:1], by=make_user("rita"), at=NOW)
    Notice.objects.create(annotator=people[0], kind="warning", text="Look again.", created_at=NOW)
    join(project, "ada", role="admin")
    join(project, "ana")
    speak(project, "own judge", samples)
    speak(project, "shared judge", samples)
    reward_heads.plan_for(project)
    ask_models(project)
    merging.merge_project(project=project, at=NOW)
    figures.refresh(project=project, at=NOW)
    fold.fold(project=project, at=NOW)
    covering.cover(project=project, through=10**9, at=NOW)
    routing.switch_on(project=project, target=0.9, risk=0.1, by=User.objects.get(username="ada"), at=NOW)
    routing.run(project=project, at=NOW)
    projects.change_policy(project=project, by=None, at=NOW, reason="To learn.", label_rule="posterior")
    learning.learn(project=project, at=NOW)
    publish(project)
    return project


RECIPE = """
name: questions
models: {writer: small-model}
stages:
  - {kind: listed-topics, topics: [Bread, Rivers]}
  - {kind: questions, count: 1}
"""


def ask_models(project):
    """A recipe under way: its first stage made something, in its second a model said nothing of use."""
    recipes.start(recipe=parse_recipe(RECIPE), project=project, by=None, at=NOW)
    carrying_out.look(at=NOW)
    mumbling = at_hand(ScriptedEngine(lambda call: saying("Hm.")), "small-model")
    assert carrying_out.do_next(mumbling, now=lambda: NOW)


@pytest.fixture
def neighbour(db):
    """Another project that shares a judge and an account."""
    project = make_project("neighbour")
    samples = make_samples(project, 2)
    rate_overall(samples[0], dict.fromkeys(crowd(project, 3), 4))
    join(project, "ana")
    speak(project, "shared judge", samples)
    merging.merge_project(project=project, at=NOW)
    figures.refresh(project=project, at=NOW)
    publish(project)
    return project


def publish(project):
    """A version with two files, as a worker leaves it."""
    folder = f"versions/{project.slug}/v1-beef"
    written = [{"path": f"helpsteer2/{name}.jsonl", "bytes": 3, "rows": 1} for name in ("ratings", "preference")]
    for file in written:
        put(f"{folder}/{file['path']}", "{}\n")
    return DatasetVersion.objects.create(
        project=project,
        number=1,
        state="ready",
        folder=folder,
        files=written,
        policy=project.policy,
        rubric=project.rubric,
        requested_at=NOW,
    )


def put(path, text="x"):
    return default_storage.save(path, ContentFile(text))


def speak(project, name, samples):
    judge = judging.enable(project=project, identity=JudgeIdentity("external", name))
    judging.post(project=project, judge=judge, verdicts=[Verdict(sample.pk, [4]) for sample in samples])


def everything():
    """Every row of every table, by table."""
    return {
        model._meta.db_table: sorted(map(repr, model._base_manager.values_list()))
        for model in (*closing._tables(), Judge, User)
    }


def files():
    return sorted(path for folder in default_storage.listdir("")[0] for path in closing._files_in(folder))


def test_everything_of_it_goes_and_nothing_else_changes(neighbour, request):
    before, files_before = everything(), files()
    rich = request.getfixturevalue("rich")
    assert set(files()) > set(files_before)
    delete(rich)
    after = everything()
    assert [
        user for user in after.pop("annotation_user") if "'ada'" not in user and "'rita'" not in user
    ] == before.pop("annotation_user")
    assert after == before
    assert files() == files_before


def test_nearly_every_table_had_a_row(rich):
    """Or the test above says little."""
    found = set(closing.delete_outlook(rich).rows)
    assert {model._meta.db_table for model in closing._tables()} - found <= {
        "annotation_golddispute",
        "annotation_qualityrule",
        "annotation_requirement",
        "modelgen_hiddenstate",
        "modelgen_runfile",
        "annotation_silence",
        "annotation_annotatorfigures",
        "annotation_pricechange",
        "annotation_projectevent",
        "annotation_invitation",
        "annotation_sampleoffer",
        "annotation_sampleorder",
        "annotation_savedfilter",
        "annotation_secondlook",
        "annotation_secondlookmark",
        "annotation_whatif",
    }


def test_every_table_that_hangs_on_a_project_is_known():
    """A table that is added is deleted with its project, and counted, without anybody thinking of it."""
    tables = closing._tables()
    models = {model for name in ("annotation", "modelgen") for model in apps.get_app_config(name).get_models()}
    of_nobody = {
        "SearchMark",
        "StatisticsChange",
    }  # one row for all projects; and rows without keys, which go by themselves
    assert {model.__name__ for model in models - set(tables)} == {"User", "ApiToken", "Judge", "RewardHead", *of_nobody}
    assert tables[Annotation] == "assignment__sample__project"
    assert RewardHeadPlan in tables


def test_accounts_stay(rich):
    delete(rich)
    assert {"ada", "ana"} <= set(User.objects.values_list("username", flat=True))


def test_a_judge_that_another_project_uses_stays_with_its_word_there(rich, neighbour):
    delete(rich)
    assert list(Judge.objects.values_list("name", flat=True)) == ["shared judge"]
    assert Judgment.objects.filter(sample__project=neighbour).count() == 2


def test_the_dry_run_says_what_goes_and_changes_nothing(rich, neighbour):
    before, files_before = everything(), files()
    found = closing.delete_outlook(rich)
    assert (found.rows["annotation_sample"], found.rows["annotation_annotator"]) == (4, 6)
    assert found.rows["modelgen_rewardheadplan"] == 1
    assert (found.judges, found.judges_that_stay) == (["own judge"], ["shared judge"])
    version = rich.versions.get()
    assert (found.files, found.bytes) == (len(version.files), sum(file["bytes"] for file in version.files))
    assert (everything(), files()) == (before, files_before)


def test_the_files_may_be_kept(rich):
    before = files()
    delete(rich, keep_files=True)
    assert files() == before
    assert not DatasetVersion.objects.exists()


# --- killed -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", ["_remove_folder", "_delete_batch", "_delete_the_rest"])
def test_a_deletion_that_was_cut_off_is_finished_by_the_next(rich, neighbour, monkeypatch, step):
    monkeypatch.setattr(closing, "BATCH", 2)
    whole = getattr(closing, step)

    def killed_after(*given):
        whole(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(closing, step, killed_after)
        with pytest.raises(KeyboardInterrupt):
            delete(rich)
    if left := Project.objects.filter(slug="rich").first():
        assert left.state == "archived"
        assert left.events.filter(kind="deletion_began").count() == 1
        with pytest.raises(closing.BeingDeleted, match="can only be finished"):
            closing.unarchive(project=left, by=None, at=LATER)
        delete(left)
    assert not Project.objects.filter(slug="rich").exists()
    assert {path.split("/")[1] for path in files()} == {"neighbour"}
    assert list(Judge.objects.values_list("name", flat=True)) == ["shared judge"]


def test_a_deletion_that_began_by_keeping_the_files_keeps_them(rich, monkeypatch):
    before = files()

    def killed(project):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(closing, "_delete_the_rest", killed)
        with pytest.raises(KeyboardInterrupt):
            delete(rich, keep_files=True)
    assert closing.delete_outlook(rich).keeps_files
    delete(rich)
    assert files() == before


def test_no_transaction_holds_more_than_a_batch(rich, monkeypatch):
    monkeypatch.setattr(closing, "BATCH", 2)
    seen = []
    delete(rich, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 4), (4, 4)]


# --- files of others --------------------------------------------------------------------------------------------
def test_what_failed_attempts_left_goes_too(rich):
    put("versions/rich/v9-dead/helpsteer2/ratings.jsonl")
    assert closing.delete_outlook(rich).files == len(rich.versions.get().files) + 1
    delete(rich)
    assert files() == []


def test_the_files_of_a_project_that_had_this_short_name_before_stay(rich, neighbour):
    """A short name may be changed and given to another project: folders belong to the rows that name them."""
    Project.objects.filter(pk=rich.pk).update(slug="renamed")
    Project.objects.filter(pk=neighbour.pk).update(slug="rich")
    theirs = [path for path in files() if path.startswith("versions/rich/")]
    neighbour.refresh_from_db()
    delete(neighbour)
    assert files() == theirs
    rich.refresh_from_db()
    delete(rich)
    assert files() == []


def test_files_that_are_gone_already_stop_nobody(rich):
    for path in files():
        default_storage.delete(path)
    delete(rich)
    assert not Project.objects.exists()


def test_a_version_that_is_being_built_leaves_nothing(rich):
    waiting = versions.request(project=rich, by=None, at=NOW)
    delete(rich)
    assert versions.take_waiting(at=LATER) is None
    assert not versions.build(version=waiting, at=LATER)
    assert files() == []


# --- while people work ------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_deleting_while_people_submit_ends_with_nothing():
    project = make_project("busy")
    samples, people = make_samples(project, 8), crowd(project, 8)
    held = [claim(sample, by=person) for sample, person in zip(samples, people, strict=True)]

    def submit(pk):
        try:
            submission.submit(assignment_id=pk, answer=answer(overall=4), at=LATER)
        except Assignment.DoesNotExist:
            return "gone"
        return "stored"

    def try_to_delete():
        delete(project)
        return "deleted"

    said_to_each = together([try_to_delete, *[lambda pk=lease.pk: submit(pk) for lease in held]])
    assert said_to_each[0] == "deleted"
    assert set(said_to_each[1:]) <= {"stored", "gone"}
    assert not Sample.objects.exists()
    assert not Project.objects.exists()


def test_samples_that_are_imported_meanwhile_go_too(rich, monkeypatch):
    whole = closing._delete_batch
    late = iter(["late-1", "late-2"])

    def import_another_first(project):
        for name in late:
            make_sample(project, name)
            break
        return whole(project)

    monkeypatch.setattr(closing, "_delete_batch", import_another_first)
    delete(rich)
    assert not Project.objects.exists()


# --- the commands -----------------------------------------------------------------------------------------------
def said(*words):
    out = StringIO()
    call_command(*words, stdout=out, no_color=True)
    return out.getvalue()


def test_archiving_by_command(project, sample, ana, ada):
    claim(sample, by=ana)
    assert "1 samples were given back" in said("archive_project", "recipes", "--by", "ada", "--reason", "Over.")
    assert project.events.get(kind="archived").actor == ada
    assert "is paused" in said("archive_project", "recipes", "--undo")
    assert Project.objects.get().state == "paused"
    with pytest.raises(CommandError, match="not archived"):
        said("archive_project", "recipes", "--undo")


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (["archive_project", "nowhere"], "There are: recipes"),
        (["archive_project", "recipes", "--by", "nobody"], "No account 'nobody'"),
        (["delete_project", "nowhere"], "There are: recipes"),
        (["delete_project", "recipes", "--yes-delete", "recipe"], "Nothing was deleted"),
        (["delete_project", "recipes", "--yes-delete", ""], "Nothing was deleted"),
    ],
)
def test_commands_say_what_is_wrong_and_do_nothing(project, words, because):
    with pytest.raises(CommandError, match=because):
        said(*words)
    assert Project.objects.get().state == "active"


@pytest.mark.parametrize("words", [[], ["--dry-run"], ["--dry-run", "--yes-delete", "rich"]])
def test_without_the_short_name_typed_nothing_is_deleted(rich, words):
    before = everything()
    told = said("delete_project", "rich", *words)
    assert "Nothing was deleted" in told
    assert "PUBLISHED VERSIONS ARE DELETED" in told
    assert "--keep-files" in told
    assert f"{rich.versions.get().folder}" in told
    assert everything() == before


def test_deleting_by_command(rich, neighbour):
    told = said("delete_project", "rich", "--yes-delete", "rich")
    assert "rich is deleted." in told
    assert "judge shared judge, which another project uses" in told
    assert [project.slug for project in Project.objects.all()] == ["neighbour"]


def test_deleting_by_command_may_keep_the_files(rich):
    folder = rich.versions.get().folder
    told = said("delete_project", "rich", "--yes-delete", "rich", "--keep-files")
    assert "PUBLISHED VERSIONS ARE DELETED" not in told
    assert folder in told
    assert default_storage.listdir(folder) != ([], [])


def test_progress_is_said_only_of_what_takes_long(monkeypatch):
    now = iter([0.0, 1.0, 2.1, 2.1, 3.0, 4.5, 4.5])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    lines = []
    step = progress.every_two_seconds(lines.append, "samples")
    for done in (1, 2, 3, 4):
        step(done, 4)
    assert lines == ["2 of 4 samples", "4 of 4 samples"]


# --- what other parts see ---------------------------------------------------------------------------------------
def test_the_name_is_free_again(rich):
    delete(rich)
    again = make_project("rich")
    assert state_of(make_sample(again)) == "open"
    assert not ProjectEvent.objects.exists()


def test_pairs_and_their_texts_go_too(db):
    project = make_project("pairs")
    make_pair(project)
    delete(project)
    assert not Sample.objects.exists()


def test_the_interface_finds_nothing_any_more(rich):
    client = Client()
    client.force_login(User.objects.get(username="ada"))
    assert client.get("/api/v1/projects/rich/figures/").status_code == 200
    delete(rich)
    answered = client.get("/api/v1/projects/rich/figures/")
    assert answered.status_code == 404
    assert json.loads(answered.content)["title"] == "Not found"
