"""A web process is killed (SIGKILL) in the midst of a transaction, or its answer never arrives: nothing is half written.

The test holds the sample's row, so that the request waits inside its transaction; then the process is killed, and only
then the row is let go.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from annotation.datasets.bad_row import Place
from annotation.datasets.samples import parse_sample
from annotation.models import Annotation, Annotator, Assignment, ConsensusLabel, Project, Sample, SampleEvent, User
from annotation.services import claiming, importing, leases, people, projects, submission

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
OVERALL = {
    "name": "overall",
    "title": "Overall",
    "scope": "response",
    "level": "interval",
    "values": [{"value": value, "label": str(value)} for value in range(1, 7)],
}
CLAIMS = "/api/v1/projects/recipes/claims/"


class Web:
    """The platform's web server on the database of the test."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        server, _, _ = (settings.DATABASE_URL or settings.EMBEDDED.database_url).rpartition("/")
        named = {
            "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
            "REDIS_URL": settings.REDIS_URL or settings.EMBEDDED.redis_url,
        }
        argv = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--no-ws", "--log-level", "error"),
            *("--workers", "1", "--blocking-threads", "4"),
        ]
        # A session of its own, so that the server and its worker are killed as one.
        self.process = subprocess.Popen(argv, cwd=ROOT, env=os.environ | named, start_new_session=True)
        wait_until(self.answers)

    def answers(self) -> bool:
        with contextlib.suppress(OSError, urllib.error.URLError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=2).status == 200)
        return False

    def kill(self) -> None:
        """As `kill -9`: no handler runs, nothing is rolled back by the process itself."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)

    def post(self, path: str, key: str, body: dict | None = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        data = json.dumps(body or {}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def post_and_hang_up(self, path: str, key: str, body: dict) -> socket.socket:
        """Send the request, and read nothing."""
        data = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        )
        line = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        line.sendall(head.encode() + data)
        return line


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    server.start()
    yield server
    server.kill()
    wait_until(nobody_else_is_connected)


@pytest.fixture
def project() -> Project:
    made = projects.create(slug="recipes", title="Recipes", attributes=[OVERALL], allows_directed_claims=True)
    row = {"sample_id": "s1", "messages": [{"role": "user", "content": "A prompt."}], "responses": ["A text."]}
    importing.add_samples(project=made, samples=[parse_sample(row, Place("samples.jsonl"))])
    return made


@pytest.fixture
def ana(project: Project) -> str:
    """Ana's key."""
    user = User.objects.create(username="ana")
    people.join(project=project, user=user, role="annotator", at=timezone.now())
    return people.issue_token(user=user, name="t", scopes=["read", "work"])


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def somebody_waits() -> bool:
    return asked("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")


def nobody_else_is_connected() -> bool:
    return asked(
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid())"
    )


def asked(question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return bool(cursor.fetchone()[0])


def killed_in_the_midst_of(web: Web, path: str, key: str, body: dict | None = None) -> None:
    """Post, wait until the request waits inside its transaction, kill the server, and let the row go."""
    outcomes: list[object] = []

    def send() -> None:
        try:
            outcomes.append(web.post(path, key, body))
        except OSError as cut:
            outcomes.append(cut)

    sender = threading.Thread(target=send)
    with transaction.atomic():
        Sample.objects.select_for_update().get()
        sender.start()
        wait_until(somebody_waits)
        web.kill()
    sender.join(timeout=PATIENCE_SECONDS)
    [outcome] = outcomes
    assert isinstance(outcome, OSError), f"it was answered: {outcome}"
    wait_until(nobody_else_is_connected)
    web.start()


def said(value: int = 4, key: str = "k") -> dict:
    return {"ratings": [{"attribute": "overall", "value": value}], "client_key": key}


def counters() -> tuple[str, int, int]:
    return Sample.objects.values_list("state", "leased_count", "counted_count").get()


def others_say(project: Project, *values: int) -> None:
    """So many other people have judged the sample already."""
    names = [f"other-{number}" for number in range(len(values))]
    people.add_outside_people(project=project, external_ids=names, at=timezone.now())
    sample = Sample.objects.get()
    for name, value in zip(names, values, strict=True):
        person = Annotator.objects.select_related("project").get(external_id=name)
        lease = claiming.claim_sample(annotator=person, sample=sample, at=timezone.now())
        answer = submission.Answer(given=[{"attribute": "overall", "value": value}], client_key="k")
        submission.submit(assignment_id=lease.pk, answer=answer, at=timezone.now())


def claim(web: Web, key: str) -> int:
    status, body = web.post(CLAIMS, key)
    assert status == 201
    return int(json.loads(body)["assignment"])


# --- killed in the midst ----------------------------------------------------------------------------------------
def test_a_claim_leaves_nothing_and_the_next_one_gets_the_sample(web, project, ana):
    killed_in_the_midst_of(web, CLAIMS, ana)
    assert counters() == ("open", 0, 0)
    assert not Assignment.objects.exists()
    assert Annotator.objects.get().given_count == 0
    claim(web, ana)
    assert counters() == ("open", 1, 0)
    assert Annotator.objects.get().given_count == 1


@pytest.mark.parametrize("before", [(), (4, 4), (1, 1)], ids=["first", "resolves", "escalates"])
def test_a_submission_leaves_the_lease_and_the_retry_is_the_first(web, project, ana, before):
    """Also when it is the one that decides: no state, no label and no event without the annotation."""
    others_say(project, *before)
    people.add_outside_people(project=project, external_ids=["askable-1", "askable-2"], at=timezone.now())
    pk = claim(web, ana)
    path = f"/api/v1/assignments/{pk}/submission/"

    killed_in_the_midst_of(web, path, ana, said())
    assert counters() == ("open", 1, len(before))
    assert Assignment.objects.get(pk=pk).state == "leased"
    assert not Annotation.objects.filter(assignment=pk).exists()
    assert not SampleEvent.objects.exists()
    assert not ConsensusLabel.objects.exists()

    first, again = web.post(path, ana, said()), web.post(path, ana, said(1))
    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
    assert json.loads(first[1])["counted"] is True
    assert Annotation.objects.get(assignment=pk).ratings == [4]
    decided = {(): "open", (4, 4): "resolved", (1, 1): "escalated"}[before]
    assert counters() == (decided, 0, len(before) + 1)
    assert SampleEvent.objects.count() == (decided != "open")


def test_a_submission_whose_lease_was_given_back_meanwhile_still_counts_once(web, project, ana):
    """Killed, then the reaper comes before the retry does."""
    pk = claim(web, ana)
    path = f"/api/v1/assignments/{pk}/submission/"
    killed_in_the_midst_of(web, path, ana, said())
    leases.release(assignment=Assignment.objects.get(pk=pk), at=timezone.now())
    assert counters() == ("open", 0, 0)
    assert json.loads(web.post(path, ana, said())[1])["counted"] is True
    assert counters() == ("open", 0, 1)
    assert Annotator.objects.get().given_count == 1


def test_a_correction_leaves_what_was_said_and_the_retry_corrects_once(web, project, ana):
    pk = claim(web, ana)
    web.post(f"/api/v1/assignments/{pk}/submission/", ana, said())
    path = f"/api/v1/assignments/{pk}/correction/"
    killed_in_the_midst_of(web, path, ana, said(5, key="k2"))
    assert list(Annotation.objects.values_list("revision", "is_current")) == [(1, True)]
    assert [web.post(path, ana, said(5, key="k2"))[0] for _ in range(2)] == [201, 200]
    assert list(Annotation.objects.order_by("revision").values_list("ratings", "is_current")) == [
        ([4], False),
        ([5], True),
    ]


@pytest.mark.parametrize(("what", "state"), [("skip", "skipped"), ("release", "released")])
def test_a_skip_or_a_release_leaves_the_lease_and_the_next_one_ends_it(web, project, ana, what, state):
    pk = claim(web, ana)
    path = f"/api/v1/assignments/{pk}/{what}/"
    killed_in_the_midst_of(web, path, ana, {"reason": "broken"})
    assert counters() == ("open", 1, 0)
    assert Assignment.objects.get(pk=pk).state == "leased"
    assert web.post(path, ana, {"reason": "broken"})[0] == 204
    assert (counters(), Assignment.objects.get(pk=pk).state) == (("open", 0, 0), state)


# --- committed, and never answered ------------------------------------------------------------------------------
def test_an_answer_that_never_arrived_is_given_again_and_stored_once(web, project, ana):
    others_say(project, 4, 4)
    pk = claim(web, ana)
    path = f"/api/v1/assignments/{pk}/submission/"
    line = web.post_and_hang_up(path, ana, said())
    wait_until(lambda: Annotation.objects.filter(assignment=pk).exists())
    line.close()
    stored = Annotation.objects.get(assignment=pk)
    web.kill()
    web.start()
    answers = [web.post(path, ana, said()) for _ in range(2)]
    assert [status for status, _ in answers] == [200, 200]
    assert answers[0][1] == answers[1][1]
    assert json.loads(answers[0][1]) == {"annotation": stored.pk, "revision": 1, "counted": True}
    assert counters() == ("resolved", 0, 3)


def test_a_claim_that_was_never_answered_is_resumed(web, project, ana):
    line = web.post_and_hang_up(CLAIMS, ana, {})
    wait_until(lambda: Assignment.objects.exists())
    line.close()
    lease = Assignment.objects.get()
    web.kill()
    web.start()
    assert claim(web, ana) == lease.pk
    assert counters() == ("open", 1, 0)
