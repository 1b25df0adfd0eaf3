"""Label Studio under the same crowd, on the same machine, with the same texts: `make bench-label-studio`.

It is installed into a virtual environment of its own, started as its Docker image starts it (uwsgi, two processes a
core, PostgreSQL) on an embedded PostgreSQL with the settings that Concord's has, and listens on this machine alone.
People sign up and log in on its pages, then each asks for the next task and submits an annotation, without a pause.
Run it right before or after `make bench-claims`: figures of two days, or of two machines, say nothing together.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench import crowd, environments, processor
from bench.client import Answer, Client
from bench.crowd import Tally, Turn
from config import embedded
from config.supervisor import Process, Supervisor, require_port

REQUIREMENTS = Path(__file__).with_name("requirements-label-studio.txt")
PASSWORD = "bench-bench-bench"  # noqa: S105  accounts of a database that is thrown away
OWNER = "owner"
TASKS_A_REQUEST = 1_000
READY_SECONDS = 120.0
IMPORT_SECONDS = 300.0
QUIET_SECONDS = 0.05  # of processor in one second

# What tells on speed in the uwsgi.ini of its Docker image. Left out: its log format, its statistics (which listen on
# every address), `cheaper` (which would begin with fewer processes) and the recycling after 5,000 requests.
UWSGI = """\
[uwsgi]
http = 127.0.0.1:{port}
chdir = {package}
virtualenv = {environment}
module = core.wsgi:application
master = true
single-interpreter = true
processes = {processes}
threads = 1
enable-threads = true
lazy-apps = true
thunder-lock = true
need-app = true
die-on-term = true
vacuum = true
buffer-size = 65535
post-buffering = 4096
http-timeout = 300
harakiri = 120
disable-logging = true
ignore-sigpipe = true
ignore-write-errors = true
disable-write-exception = true
"""

FORM = """\
<View>
  <Text name="prompt" value="$prompt"/>
  <Text name="response_a" value="$response_a"/>
  <Text name="response_b" value="$response_b"/>
  <Choices name="preference" toName="prompt" choice="single" required="true">
    <Choice value="A"/><Choice value="tie"/><Choice value="B"/>
  </Choices>
  <Rating name="quality" toName="prompt" maxRating="5"/>
</View>
"""

AFTERWARDS = """
WITH stored AS (
    SELECT task_id, completed_by_id, count(*) FROM task_completion WHERE project_id = %(project)s GROUP BY 1, 2
)
SELECT (SELECT count(*) FROM (SELECT FROM stored GROUP BY task_id HAVING sum(count) > 3) many),
       (SELECT count(*) FROM stored WHERE count > 1),
       (SELECT count(*) FROM unnest(%(acknowledged)s::int[]) said (id) WHERE id NOT IN (SELECT id FROM task_completion))
"""


class Annotator:
    """How one person works: next task, annotation."""

    def __init__(self, client: Client, name: str, *, project: int) -> None:
        self._client, self._name, self._project = client, name, project
        self._chance = random.Random(name)  # noqa: S311  opinions, not secrets

    async def log_in(self) -> None:
        fields = {"email": email(self._name), "password": PASSWORD}
        answer = await self._client.submit_form("/user/login/", fields)
        if answer.status != 302:
            raise crowd.CrowdError(f"{self._name} could not log in ({answer.status}).")

    async def turn(self) -> Turn:
        task = await self._client.request("GET", f"/api/projects/{self._project}/next")
        if task.status == 404:
            return Turn(nothing_left=True)
        if not task.ok:
            return Turn(refused=f"next: {task.status} {task.text[:100]}")
        path = f"/api/tasks/{task.json()['id']}/annotations/?project={self._project}"
        receipt = await self._client.request("POST", path, self._annotation())
        if not receipt.ok:
            return Turn(refused=f"submit: {receipt.status} {receipt.text[:100]}")
        return Turn({"claim": task.ms, "submit": receipt.ms}, acknowledged=str(receipt.json()["id"]))

    def _annotation(self) -> dict[str, Any]:
        choice, stars = self._chance.choice(["A", "tie", "B"]), self._chance.randint(1, 5)
        return {
            "lead_time": 30.5,
            "result": [
                {"from_name": "preference", "to_name": "prompt", "type": "choices", "value": {"choices": [choice]}},
                {"from_name": "quality", "to_name": "prompt", "type": "rating", "value": {"rating": stars}},
            ],
        }


def email(name: str) -> str:
    return f"{name}@example.com"


# --- its server -------------------------------------------------------------------------------------------------
def installed(folder: Path) -> Path:
    """Its virtual environment in this folder."""
    return environments.installed(folder / "venv", REQUIREMENTS, "Label Studio", say)


@dataclass(frozen=True)
class Server:
    """A Label Studio that runs: where it is, where its data are, and the processes that it consists of."""

    address: str
    database_url: str
    processes: tuple[int, ...]

    def seconds(self) -> float:
        return processor.seconds(self.processes)


@contextmanager
def serving(environment: Path, folder: Path, port: int) -> Iterator[Server]:
    """Label Studio on an empty PostgreSQL in this folder; both stop with the block.

    Raises: SupervisorError, EmbeddedError.
    """
    require_port("127.0.0.1", port)
    package = next(environment.glob("lib/python*/site-packages/label_studio"))
    instance = embedded.Instance(folder)
    with embedded.running(instance, on_progress=say):
        variables = _variables(instance, folder)
        say("Making its tables.")
        environments.run(
            [str(environment / "bin/python"), "manage.py", "migrate", "--verbosity", "0"], cwd=package, env=variables
        )
        settings = folder / "uwsgi.ini"
        settings.write_text(
            UWSGI.format(port=port, package=package, environment=environment, processes=2 * (os.cpu_count() or 1))
        )
        argv = [str(environment / "bin/uwsgi"), "--ini", str(settings)]
        web = Supervisor([Process("label-studio", argv, variables)], say, log_folder=folder / "log", quiet=True)
        web.start()
        try:
            address = f"http://127.0.0.1:{port}"
            web.wait_ready(partial(_answers, address), READY_SECONDS)
            found = [*web.process_ids().values(), embedded.process_ids(instance)["PostgreSQL"]]
            server = Server(address, instance.database_url, tuple(process for process in found if process))
            _wait_until_quiet(server)  # one process answers while the others still load
            yield server
        finally:
            web.stop()


def _variables(instance: embedded.Instance, folder: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
        "APP_WEBSERVER": "uwsgi",
        "BASE_DATA_DIR": str(folder / "files"),
        "DJANGO_DB": "default",
        "POSTGRE_HOST": str(instance.run),
        "POSTGRE_USER": "concord",
        "POSTGRE_NAME": "concord",
        "POSTGRE_PASSWORD": "",
        # It tells nobody anything, and asks nobody.
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "FEATURE_FLAGS_OFFLINE": "true",
    }


def _answers(address: str) -> bool:
    async def ask() -> Answer:
        async with Client(address, patience=30, keeps=False) as client:
            return await client.request("GET", "/health/")

    try:
        return asyncio.run(ask()).status == 200
    except (ConnectionError, TimeoutError):
        return False


def _wait_until_quiet(server: Server) -> None:
    used = 0.0
    while server.seconds() - used > QUIET_SECONDS:
        used = server.seconds()
        time.sleep(1)


# --- the stage --------------------------------------------------------------------------------------------------
async def sign_up(address: str, names: list[str]) -> None:
    """Accounts, through its own page; the first one owns the organisation."""
    for name in names:
        async with Client(address, keeps=False) as client:
            answer = await client.submit_form("/user/signup/", {"email": email(name), "password": PASSWORD})
            if answer.status != 302:
                raise SystemExit(f"{name} could not sign up ({answer.status}).")


async def project(server: Server, tasks: int) -> int:
    """A project of so many tasks, each wanted three times; its id."""
    async with Client(server.address, patience=IMPORT_SECONDS, keeps=False) as client:
        await Annotator(client, OWNER, project=0).log_in()
        wishes = {"title": f"{tasks} tasks", "label_config": FORM, "maximum_annotations": 3}
        made = await client.request("POST", "/api/projects/", {**wishes, "sampling": "Sequential sampling"})
        number = int(_expect(made, 201).json()["id"])
        for first in range(0, tasks, TASKS_A_REQUEST):
            batch = [{"data": texts()} for _ in range(min(TASKS_A_REQUEST, tasks - first))]
            _expect(await client.request("POST", f"/api/projects/{number}/import?commit_to_project=true", batch), 201)
    with psycopg.connect(server.database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return number


def texts() -> dict[str, str]:
    """As long as those that Concord is measured with: a prompt of 500 characters and two responses of 1,500."""
    return {name: _words(pieces) for name, pieces in (("prompt", 15), ("response_a", 45), ("response_b", 45))}


def _words(pieces: int) -> str:
    return " ".join(os.urandom(16).hex() for _ in range(pieces))


def _expect(answer: Answer, status: int) -> Answer:
    if answer.status != status:
        raise SystemExit(f"Label Studio answered {answer.status}: {answer.text[:500]}")
    return answer


def what_must_never_happen(server: Server, project: int, acknowledged: list[str]) -> dict[str, int]:
    """The counts that have to be nought."""
    with psycopg.connect(server.database_url) as connection:
        found = connection.execute(
            AFTERWARDS, {"project": project, "acknowledged": [int(number) for number in acknowledged]}
        ).fetchone()
    return dict(zip(("over_assigned", "twice_to_one_person", "lost"), found or (), strict=True))


# --- the measurement --------------------------------------------------------------------------------------------
def measure(server: Server, wanted: argparse.Namespace) -> list[dict[str, Any]]:
    """For every number of tasks: crowds of different sizes take turns; then the database is asked."""
    names = [f"person-{number}" for number in range(max(wanted.people))]
    say(f"Signing up {len(names)} people.")
    asyncio.run(sign_up(server.address, [OWNER, *names]))
    return [cell for tasks in wanted.tasks for cell in _measure_project(server, tasks, names, wanted)]


def _measure_project(
    server: Server, tasks: int, names: list[str], wanted: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    say(f"Importing {tasks} tasks.")
    number = asyncio.run(project(server, tasks))
    runs: dict[int, list[Tally]] = {people: [] for people in wanted.people}
    with crowd.gather(partial(Annotator, project=number), server.address, names, keeps=False) as everybody:
        for _ in range(wanted.runs):
            for people, tallies in runs.items():
                tally = everybody.work(
                    people=people, seconds=wanted.seconds, warm_up=wanted.warm_up, meter=server.seconds
                )
                say(f"{tasks} tasks, {people} people: {tally.turns_a_second:.1f} loops/s")
                tallies.append(tally)
    acknowledged = [one for tallies in runs.values() for tally in tallies for one in tally.acknowledged]
    counts = what_must_never_happen(server, number, acknowledged)
    say(f"Of {len(acknowledged)} acknowledged: {counts}")
    for tallies in runs.values():
        yield {"platform": "Label Studio", "tasks": tasks, "runs": [one.figures() for one in tallies], "never": counts}


def table(cells: list[dict[str, Any]]) -> str:
    """Medians over the runs of each cell, with the lowest and highest rate."""
    head = "| tasks | people | runs | loops/s (min-max) | next p50/p95/p99 ms | submit p50/p95/p99 ms | loop p50/p95/p99 ms | processor ms a loop | refused | nothing left |"
    return "\n".join([head, "|" + "---|" * 10, *map(_row, cells)])


def _row(cell: dict[str, Any]) -> str:
    runs: list[dict[str, Any]] = cell["runs"]
    rates = [run["turns_a_second"] for run in runs]
    times = [_medians([run["request_ms"].get(name, {}) for run in runs]) for name in ("claim", "submit")]
    columns = [
        cell["tasks"],
        runs[0]["people"],
        len(runs),
        f"{statistics.median(rates):.1f} ({min(rates):.1f}-{max(rates):.1f})",
        *times,
        _medians([run["turn_ms"] for run in runs]),
        f"{statistics.median(run['server_ms_a_turn'] for run in runs):.0f}",
        sum(sum(run["refused"].values()) for run in runs),
        sum(run["nothing_left"] for run in runs),
    ]
    return f"| {' | '.join(map(str, columns))} |"


def _medians(times: list[dict[str, float]]) -> str:
    return "/".join(
        f"{statistics.median(one.get(share, float('nan')) for one in times):.0f}" for share in ("p50", "p95", "p99")
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000])
    parser.add_argument("--people", type=int, nargs="+", default=[32])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--warm-up", type=float, default=5.0)
    parser.add_argument("--folder", type=Path, required=True, help="of the installation, which stays, and of the data")
    parser.add_argument("--port", type=int, default=8910)
    parser.add_argument("--json", type=Path, help="a file for every figure of every run")
    return parser.parse_args()


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def main() -> None:
    wanted = arguments()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # also then its servers are stopped
    folder: Path = wanted.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    environment = installed(folder)
    with (
        tempfile.TemporaryDirectory(prefix="run-", dir=folder) as data,
        serving(environment, Path(data), wanted.port) as server,
    ):
        cells = measure(server, wanted)
    if wanted.json:
        wanted.json.write_text(json.dumps(cells, indent=1))
    print(table(cells))


if __name__ == "__main__":
    main()
