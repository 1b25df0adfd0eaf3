"""Workers are killed, the broker is wiped, the model's server goes and comes back: nothing is lost, nothing is twice."""

import time
from datetime import UTC, datetime

import pytest
from django.db.models import Sum

from annotation.models import Judgment
from modelgen.models import Chunk
from modelgen.running import judging
from modelgen.running.judging import JudgeWanted
from tests.annotation.story import PREFERENCE, make_project, make_samples
from tests.chaos.conftest import MODEL, Platform, eventually

pytestmark = pytest.mark.slow
SAMPLES, CHUNK_ROWS = 160, 8
CALLS_A_SAMPLE = 2  # both orders


@pytest.fixture
def judged(platform: Platform):
    """A project whose samples a judge is to judge."""
    project = make_project("pairs", attributes=[PREFERENCE])
    make_samples(project, SAMPLES, responses=["The first.", "The second."])
    wanted = JudgeWanted(kind="llm-comparison", model=MODEL)
    judging.put_to_work(project=project, wanted=wanted, by=None, at=datetime.now(UTC), chunk_rows=CHUNK_ROWS)
    return project


def some_are_judged(least: int) -> bool:
    return Judgment.objects.count() >= least


def wait_until_all_are_judged(platform: Platform) -> None:
    eventually(lambda: some_are_judged(SAMPLES), within=180, say=lambda: _so_far(platform))
    eventually(lambda: not Chunk.objects.filter(is_done=False).exists(), within=20, say=lambda: _so_far(platform))


def _so_far(platform: Platform) -> str:
    return f"{Judgment.objects.count()} of {SAMPLES} are judged.\n{platform.logs()}"


def each_is_judged_once(platform: Platform, *, calls_wasted: int) -> None:
    """One judgment a sample, every row counted once, and no more calls than those that were lost on the way."""
    assert Judgment.objects.count() == SAMPLES
    assert Judgment.objects.values("sample").distinct().count() == SAMPLES
    assert Chunk.objects.aggregate(rows=Sum("answered_count"))["rows"] == SAMPLES
    assert platform.server.call_count <= SAMPLES * CALLS_A_SAMPLE + calls_wasted


def test_a_worker_that_is_killed_loses_nothing(platform, judged):
    platform.start_beat()
    worker = platform.start_worker()
    eventually(lambda: some_are_judged(SAMPLES // 4), within=60, say=lambda: _so_far(platform))
    platform.kill(worker)
    assert not some_are_judged(SAMPLES)
    platform.start_worker()
    wait_until_all_are_judged(platform)
    each_is_judged_once(platform, calls_wasted=2 * CHUNK_ROWS * CALLS_A_SAMPLE)


def test_a_broker_that_is_wiped_loses_nothing(platform, judged):
    platform.start_beat()
    platform.start_worker()
    eventually(lambda: some_are_judged(SAMPLES // 4), within=60, say=lambda: _so_far(platform))
    for _ in range(3):
        platform.wipe_broker()
        time.sleep(1)
    wait_until_all_are_judged(platform)
    each_is_judged_once(platform, calls_wasted=0)


def test_a_model_server_that_goes_and_comes_back_loses_nothing(platform, judged):
    platform.start_beat()
    platform.start_worker()
    eventually(lambda: some_are_judged(SAMPLES // 4), within=60, say=lambda: _so_far(platform))
    platform.server.kill()
    time.sleep(8)  # longer than a call waits for somebody who refuses connections
    assert not some_are_judged(SAMPLES)
    platform.server.start()
    wait_until_all_are_judged(platform)
    each_is_judged_once(platform, calls_wasted=4 * CHUNK_ROWS * CALLS_A_SAMPLE)


def test_all_of_it_at_once_loses_nothing(platform, judged):
    beat, worker = platform.start_beat(), platform.start_worker()
    eventually(lambda: some_are_judged(SAMPLES // 4), within=60, say=lambda: _so_far(platform))
    platform.kill(worker)
    platform.kill(beat)
    platform.wipe_broker()
    platform.server.kill()
    platform.server.start()
    platform.start_beat()
    platform.start_worker()
    wait_until_all_are_judged(platform)
    each_is_judged_once(platform, calls_wasted=2 * CHUNK_ROWS * CALLS_A_SAMPLE)
