"""Data set versions: requested in a row, built by whoever takes it, published once and never changed."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from pilots import RUBRIC, plain
from story import NOW, crowd, make_project, make_sample, rate

from annotation import tasks
from annotation.models import DatasetVersion, Sample
from annotation.services import projects, versions

pytestmark = pytest.mark.django_db(transaction=True)
FILES = {
    "helpsteer2/ratings.jsonl": 2,
    "helpsteer2/disagreements.jsonl": 2,
    "helpsteer2/preference.jsonl": 1,
    "trl/preference.jsonl": 1,
    "trl/preference-full.jsonl": 1,
}


@pytest.fixture
def helpful():
    """One resolved sample with ratings and a preference, and one that is still open."""
    attributes = [{**a, "values": [{"value": v} for v in a["values"]]} for a in RUBRIC["attributes"]]
    project = make_project("helpful", attributes=attributes)
    add_resolved(project, "done")
    make_sample(project, "open", responses=["a", "b"])
    return project


def add_resolved(project, name):
    sample = make_sample(project, name, **{k: v for k, v in plain(name).items() if k != "sample_id"})
    for person in crowd(project, 3):
        rate(sample, by=person, helpfulness=(3, 1), preference=-1, comment="Clear. The other is wrong.")
    return sample


def build(project, at=NOW):
    version = versions.request(project=project, by=None, at=at)
    versions.build(version=version, at=at)
    version.refresh_from_db()
    return version


def content(version, path):
    with default_storage.open(f"{version.folder}/{path}") as file:
        return file.read()


def rows(version, path):
    return [json.loads(line) for line in content(version, path).splitlines()]


def digests(version):
    return {file["path"]: hashlib.sha256(content(version, file["path"])).hexdigest() for file in version.files}


def test_a_request_is_a_row_that_waits(helpful):
    version = versions.request(project=helpful, by=None, at=NOW)
    assert (version.number, version.state, version.files) == (1, "building", [])
    assert versions.request(project=helpful, by=None, at=NOW).number == 2


def test_a_version_names_its_files_with_size_rows_and_the_right_digest(helpful):
    version = build(helpful)
    assert (version.state, version.finished_at) == ("ready", NOW)
    assert {file["path"]: file["rows"] for file in version.files} == FILES
    assert digests(version) == {file["path"]: file["sha256"] for file in version.files}
    assert all(len(content(version, file["path"])) == file["bytes"] for file in version.files)


def test_a_version_names_policy_rubric_counts_and_reliability(helpful):
    version = build(helpful)
    assert (version.policy, version.rubric) == (helpful.policy, helpful.rubric)
    assert version.counts == {"samples": 1, "left_out_of_preference": {}}
    assert {row["attribute"] for row in version.reliability} == {"helpfulness", "preference"}


def test_only_resolved_samples_leave(helpful):
    assert {row["sample_id"] for row in rows(build(helpful), "trl/preference-full.jsonl")} == {"done"}


def test_helpsteer2_rows_have_their_shape(helpful):
    version = build(helpful)
    first, second = rows(version, "helpsteer2/ratings.jsonl")
    assert first == {"prompt": "Prompt of done", "response": "First of done.", "helpfulness": 3}
    assert second["helpfulness"] == 1
    assert rows(version, "helpsteer2/disagreements.jsonl")[0]["helpfulness"] == [3, 3, 3]
    [pair] = rows(version, "helpsteer2/preference.jsonl")
    assert (pair["preference_strength"], pair["preference_statement"]) == (-1, "Clear.")
    assert len(pair["all_preferences_unprocessed"]) == len(pair["three_most_similar_preferences"]) == 3


def test_trl_rows_have_their_shape(helpful):
    version = build(helpful)
    [row] = rows(version, "trl/preference.jsonl")
    assert row == {
        "prompt": [{"role": "user", "content": "Prompt of done"}],
        "chosen": [{"role": "assistant", "content": "First of done."}],
        "rejected": [{"role": "assistant", "content": "Second of done."}],
    }
    [full] = rows(version, "trl/preference-full.jsonl")
    assert (full["votes_chosen"], full["votes_rejected"], full["votes_tied"], full["strength"]) == (3, 0, 0, 1)


def test_a_project_without_a_comparison_has_no_preference_files():
    project = make_project()
    people, sample = crowd(project, 3), make_sample(project)
    for person in people:
        rate(sample, by=person, overall=4)
    assert {file["path"] for file in build(project).files} == {
        "helpsteer2/ratings.jsonl",
        "helpsteer2/disagreements.jsonl",
    }


def test_an_empty_project_has_a_version_without_files():
    version = build(make_project())
    assert (version.state, version.files, version.counts["samples"]) == ("ready", [], 0)


def test_two_builds_of_the_same_rows_are_the_same_bytes(helpful):
    assert digests(build(helpful)) == digests(build(helpful))


# --- never changed ----------------------------------------------------------------------------------------------
def test_a_later_label_goes_into_a_later_version_and_not_into_an_earlier_one(helpful):
    first = build(helpful)
    before = digests(first)
    add_resolved(helpful, "later")
    second = build(helpful, at=NOW + timedelta(hours=1))
    assert digests(first) == before
    assert {file["path"]: file["rows"] for file in second.files}["trl/preference.jsonl"] == 2


def test_building_a_version_that_is_ready_again_changes_no_file(helpful):
    """A worker that was slow, or a message that came twice."""
    version = build(helpful)
    add_resolved(helpful, "later")
    versions.build(version=version, at=NOW + timedelta(hours=1))
    version.refresh_from_db()
    assert digests(version) == {file["path"]: file["sha256"] for file in version.files}


def test_a_worker_that_lost_its_lease_changes_nothing_that_another_has_published(helpful):
    versions.request(project=helpful, by=None, at=NOW)
    slow = versions.take_waiting(at=NOW)
    quick = versions.take_waiting(at=NOW + versions.LEASE + timedelta(seconds=1))
    versions.build(version=quick, at=NOW)
    add_resolved(helpful, "later")
    versions.build(version=slow, at=NOW)
    quick.refresh_from_db()
    assert digests(quick) == {file["path"]: file["sha256"] for file in quick.files}


def test_a_version_is_of_the_rubric_that_it_names(helpful):
    """Between the request and the build the project has a new rubric."""
    version = versions.request(project=helpful, by=None, at=NOW)
    projects.write_rubric(project=helpful, attributes=[helpful.rubric.attributes[1]])
    versions.build(version=version, at=NOW)
    version.refresh_from_db()
    assert {file["path"]: file["rows"] for file in version.files} == FILES


# --- taken, failed, taken again ---------------------------------------------------------------------------------
def test_a_version_is_taken_by_one_worker(helpful):
    version = versions.request(project=helpful, by=None, at=NOW)
    assert versions.take_waiting(at=NOW) == version
    assert versions.take_waiting(at=NOW + timedelta(minutes=1)) is None


def test_a_version_left_by_a_dead_worker_is_taken_again_after_its_lease(helpful):
    version = versions.request(project=helpful, by=None, at=NOW)
    versions.take_waiting(at=NOW)
    after = NOW + versions.LEASE + timedelta(seconds=1)
    assert versions.take_waiting(at=after) == version
    versions.build(version=version, at=after)
    assert DatasetVersion.objects.get().state == "ready"


def test_the_worker_builds_all_that_wait(helpful):
    for _ in range(3):
        versions.request(project=helpful, by=None, at=NOW)
    tasks.build_versions()
    assert set(DatasetVersion.objects.values_list("state", flat=True)) == {"ready"}


def test_a_failure_is_recorded_with_its_reason():
    """HelpSteer2 has a column of this name."""
    attribute = {"name": "prompt", "scope": "response", "level": "ordinal", "values": [{"value": 0}, {"value": 1}]}
    project = make_project(attributes=[attribute])
    people, sample = crowd(project, 3), make_sample(project)
    for person in people:
        rate(sample, by=person, prompt=1)
    version = versions.request(project=project, by=None, at=NOW)
    with pytest.raises(versions.VersionFailed, match="Rename it"):
        versions.build(version=version, at=NOW)
    version.refresh_from_db()
    assert (version.state, version.finished_at) == ("failed", NOW)
    assert "Rename it" in version.problem


def test_an_unwritable_folder_fails_the_version(helpful, settings, tmp_path):
    blocker = tmp_path / "a-file"
    blocker.write_text("")
    settings.MEDIA_ROOT = blocker
    version = versions.request(project=helpful, by=None, at=NOW)
    with pytest.raises(versions.VersionFailed):
        versions.build(version=version, at=NOW)
    version.refresh_from_db()
    assert (version.state, bool(version.problem)) == ("failed", True)


def test_a_version_that_failed_is_not_taken_again(helpful):
    version = versions.request(project=helpful, by=None, at=NOW)
    DatasetVersion.objects.filter(pk=version.pk).update(state="failed")
    assert versions.take_waiting(at=NOW + timedelta(days=1)) is None


def test_one_version_that_fails_does_not_hold_up_the_others(helpful):
    attribute = {"name": "prompt", "scope": "response", "level": "ordinal", "values": [{"value": 0}, {"value": 1}]}
    broken = make_project("broken", attributes=[attribute])
    people, sample = crowd(broken, 3), make_sample(broken)
    for person in people:
        rate(sample, by=person, prompt=1)
    versions.request(project=broken, by=None, at=NOW)
    versions.request(project=helpful, by=None, at=NOW)
    for _ in range(2):  # beat comes again
        try:
            tasks.build_versions()
        except versions.VersionFailed:
            continue
    assert dict(DatasetVersion.objects.values_list("project__slug", "state")) == {
        "broken": "failed",
        "helpful": "ready",
    }


def test_building_changes_no_sample(helpful):
    before = list(Sample.objects.order_by("pk").values())
    build(helpful)
    assert list(Sample.objects.order_by("pk").values()) == before
