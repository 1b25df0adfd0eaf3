"""The crowd counts what it did, and its time is told apart from the server's."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import crowd, processor
from bench.client import Client
from bench.crowd import CrowdError, Turn


class Platform(BaseHTTPRequestHandler):
    """Acknowledges with a number of its own, says "nothing left" every fifth time and refuses every seventh."""

    protocol_version = "HTTP/1.1"
    count = 0
    acknowledged: set[str] = set()
    counting = threading.Lock()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.counting:
            Platform.count += 1
            number = Platform.count
        status = 204 if number % 5 == 0 else 409 if number % 7 == 0 else 201
        body = b"" if status == 204 else str(number).encode()
        if status == 201:
            self.acknowledged.add(str(number))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Somebody:
    def __init__(self, client: Client, name: str) -> None:
        self.client, self.name = client, name

    async def log_in(self) -> None:
        if self.name == "nobody":
            raise CrowdError("nobody could not log in (403).")

    async def turn(self) -> Turn:
        answer = await self.client.request("POST", "/", {})
        if answer.status == 204:
            return Turn(nothing_left=True)
        if not answer.ok:
            return Turn(refused=str(answer.status))
        return Turn({"submit": answer.ms}, acknowledged=answer.text)


@pytest.fixture
def address() -> Iterator[str]:
    Platform.count, Platform.acknowledged = 0, set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Platform) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_every_turn_is_counted_once(address):
    with crowd.gather(Somebody, address, ["ann", "bob", "cyd"]) as people:
        tallies = [people.work(people=size, seconds=0.3, warm_up=0.1) for size in (1, 3)]
    acknowledged = [number for tally in tallies for number in tally.acknowledged]
    assert sorted(acknowledged) == sorted(Platform.acknowledged)
    nothing_left = sum(tally.nothing_left.total() for tally in tallies)
    refused = sum(tally.refused["409"] for tally in tallies)
    assert len(acknowledged) + nothing_left + refused == Platform.count
    assert set(tallies[0].nothing_left) == {"ann"}
    for tally in tallies:
        assert 0 < len(tally.turn_ms) < len(tally.acknowledged)  # the warm-up does not count
        assert len(tally.request_ms["submit"]) == len(tally.turn_ms)


def test_a_number_of_turns_may_end_it_before_the_time(address):
    with crowd.gather(Somebody, address, ["ann", "bob"]) as people:
        tally = people.work(people=2, seconds=60, most_turns=50)
    assert 50 <= len(tally.turn_ms) <= 51
    assert tally.seconds < 30


def test_the_meter_is_read_at_both_edges(address):
    readings = iter([2.0, 5.5])
    with crowd.gather(Somebody, address, ["ann"]) as people:
        assert people.work(people=1, seconds=0.05, meter=lambda: next(readings)).server_seconds == 3.5


def test_who_cannot_log_in_is_named(address):
    with (
        pytest.raises(CrowdError, match=r"nobody could not log in \(403\)"),
        crowd.gather(Somebody, address, ["ann", "nobody"]),
    ):
        pass


def test_a_server_that_is_gone_is_a_refusal():
    with crowd.gather(Somebody, "http://127.0.0.1:1", ["ann"]) as people:
        tally = people.work(people=1, seconds=0.1)
    assert tally.turn_ms == []
    assert any(said.startswith("ConnectionRefusedError") for said in tally.refused)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([7.0], (7, 7, 7)), ([float(n) for n in range(100, 0, -1)], (50, 95, 99)), ([1.0, 2.0], (1, 2, 2))],
)
def test_percentiles_are_nearest_ranks(values, expected):
    assert crowd.percentiles(values) == expected


def test_percentiles_of_nothing_are_not_numbers():
    assert all(value != value for value in crowd.percentiles([]))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_processor_time_of_a_process_that_has_ended_is_in_its_parent():
    """As a PostgreSQL's whose connections come and go."""
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    parent = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {burn!r}]); print('ended', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        used = processor.seconds([process.pid])
        assert processor.seconds([os.getpid()]) >= used  # it is a child of ours
        process.kill()
    assert used >= 0.28
