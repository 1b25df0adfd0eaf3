"""`python -m bench.judging`: what judging costs above the engine that judges. `make bench-judging`.

**Replayed.** A comparison judge's replies are recorded once, from an engine that answers by itself, and then replayed
through the whole of Concord: the judge is put to work, a Celery worker takes chunks from the database, asks, reads the
replies and posts the judgments. What is left is Concord's own: rows a second, and processor time a judgment of worker and
database together. Then the judge is put to work a second time, and what it asks is counted.

**Over HTTP.** The same once more through a server that answers at once (`bench/instant.py`): what asking costs, the server's
own time left out.

**Beside the bare engine** (`--server`, with a model's name as `--model`): the same prompts once through Concord and once
straight to the engine by the client that Concord uses, without a database, in turns. The share of the bare engine's
throughput that is left is told.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

REPLAYED, INSTANT = "replayed-model", "instant-model"
OWN_MILLISECONDS, ROWS_A_SECOND, SHARE_OF_BARE = 5.0, 2000.0, 0.9


@dataclass(frozen=True)
class Judged:
    """One going of a judge through a project."""

    rows: int
    seconds: float
    processor_seconds: float

    @property
    def rows_a_second(self) -> float:
        return self.rows / self.seconds

    @property
    def own_milliseconds(self) -> float:
        """Processor time a judgment: of the worker, of the database and of the broker."""
        return 1000 * self.processor_seconds / self.rows


def main() -> None:
    wanted = arguments()
    with tempfile.TemporaryDirectory(prefix="concord-bench-", dir=os.environ.get("BENCH_FOLDER") or None) as folder:
        recording = Path(folder) / "replies.jsonl"
        recording.touch()
        port = free_port()
        servers = [f"{REPLAYED}=file://{recording}?kind=recorded", f"{INSTANT}=http://127.0.0.1:{port}?kind=openai"]
        if wanted.server:
            servers.append(f"{wanted.model}={wanted.server}?at_once={wanted.at_once}")
        os.environ |= {"CONCORD_VAR": folder, "MODEL_SERVERS": " ".join(servers)}
        import django

        django.setup()
        from config import platform

        with platform.servers(say):
            platform.prepare(say)
            figures = measure(wanted, recording, Path(folder), port)
    print(report(figures))
    if wanted.json:
        wanted.json.write_text(json.dumps(figures, indent=2) + "\n")
    sys.exit(not all(figures["promises"].values()))


def measure(wanted: argparse.Namespace, recording: Path, folder: Path, port: int) -> dict[str, Any]:
    """Everything that is asked for, as JSON."""
    from bench import stage

    of = stage.project("judged", wanted.samples, [])
    say(f"Recording what a judge asks of {wanted.samples} samples.")
    record(of, REPLAYED, recording)
    replayed = [replay(of, REPLAYED, folder, wanted) for _ in range(wanted.runs)]
    with instant_server(port):
        over_http = [replay(of, INSTANT, folder, wanted) for _ in range(wanted.runs)]
    asked_again = asked_a_second_time(of, folder, wanted)
    own = statistics.median(run.own_milliseconds for run in replayed)
    own_over_http = statistics.median(run.own_milliseconds for run in over_http)
    speed = statistics.median(run.rows_a_second for run in replayed)
    figures: dict[str, Any] = {
        "samples": wanted.samples,
        "replayed": [asdict(run) for run in replayed],
        "over_http": [asdict(run) for run in over_http],
        "rows_a_second": speed,
        "own_milliseconds": own,
        "own_milliseconds_over_http": own_over_http,
        "chunks_a_second_time": asked_again,
        "promises": {
            f"own time under {OWN_MILLISECONDS:g} ms a judgment, HTTP included": own_over_http < OWN_MILLISECONDS,
            f"{ROWS_A_SECOND:,.0f} rows a second replayed": speed >= ROWS_A_SECOND,
            "a second time computes nothing": asked_again == 0,
        },
    }
    if wanted.server:
        share, pairs = beside_the_bare_engine(folder, wanted)
        figures["beside_bare"] = pairs
        figures["share_of_bare"] = share
        figures["promises"][f"{SHARE_OF_BARE:.0%} of the bare engine's throughput"] = share >= SHARE_OF_BARE
    return figures


# --- replayed -------------------------------------------------------------------------------------------------------
def record(of: Any, model: str, recording: Path) -> None:
    """Every reply that the judge will ask for, from an engine that finds the first response better, more or less."""
    from modelgen.engines.protocol import Reply, Usage
    from modelgen.engines.recorded import RecordingEngine

    class Opinionated:
        async def reply(self, call: Any) -> Reply:
            leaning = (hash(str(call.prompt)[-64:]) % 100) / 50 - 1
            return Reply(labels={"A": -0.7 + leaning / 4, "B": -0.7 - leaning / 4}, usage=Usage(900, 1))

        async def aclose(self) -> None:
            pass

    engine = RecordingEngine(Opinionated(), recording)  # type: ignore[arg-type]
    asyncio.run(_answer_all(askings(of, model), engine))


def askings(of: Any, model: str) -> list[Any]:
    """What the judge asks of every sample of a project, chunk after chunk, as its worker would."""
    from modelgen.models import Chunk
    from modelgen.running.judging import Judging

    run = judge_at_work(of, model)
    every = Chunk(rows=list(of.samples.values_list("pk", flat=True)))
    asked = [row.asking for row in Judging(run).asked(every)]
    forget(of)
    return asked


async def _answer_all(asked: Sequence[Any], engine: Any) -> None:
    from modelgen.asking import ask, together

    await together(ask(asking, {"judge": engine}) for asking in asked)


def judge_at_work(of: Any, model: str, chunk_rows: int = 250) -> Any:
    from django.utils import timezone

    from modelgen.running import judging

    wanted = judging.JudgeWanted(kind="llm-comparison", model=model)
    return judging.put_to_work(project=of, wanted=wanted, by=None, at=timezone.now(), chunk_rows=chunk_rows)


def forget(of: Any) -> None:
    """As if it had never been judged."""
    from annotation.models import Judgment, ProjectJudge
    from bench import stage
    from modelgen.models import Run, Stage

    Judgment.objects.filter(sample__project=of).delete()
    Run.objects.filter(project=of).delete()
    Stage.objects.filter(project=of).delete()
    ProjectJudge.objects.filter(project=of).delete()
    stage.settle_down()


def replay(of: Any, model: str, folder: Path, wanted: argparse.Namespace) -> Judged:
    """From the moment when the judge is put to work to the last judgment, a worker being there already."""
    with worker(folder, wanted.chunks) as roots:
        judged = _going(of, model, wanted.chunk_rows, roots)
    say(f"{model}, {judged.rows} rows: {judged.rows_a_second:,.0f} a second, {judged.own_milliseconds:.2f} ms a row.")
    forget(of)
    return judged


def _going(of: Any, model: str, chunk_rows: int, roots: Sequence[int]) -> Judged:
    from bench import processor
    from modelgen import tasks

    samples = of.samples.count()
    processor_before, begun = processor.seconds(roots), time.perf_counter()
    run = judge_at_work(of, model, chunk_rows)
    tasks.look.delay()
    nudged = begun
    while (done := _judged_so_far(run)) < samples:
        time.sleep(0.02)
        if time.perf_counter() - nudged > 10:
            nudged = time.perf_counter()  # what beat does
            tasks.look.delay()
    seconds = time.perf_counter() - begun
    return Judged(done, seconds, processor.seconds(roots) - processor_before)


def _judged_so_far(run: Any) -> int:
    """From the chunks, which are few: counting judgments would be work that nobody but this program asks for."""
    from django.db.models import Sum

    from modelgen.models import Chunk

    sums = Chunk.objects.filter(stage__places__run=run).aggregate(
        answered=Sum("answered_count"), failed=Sum("failed_count")
    )
    if sums["failed"]:
        raise SystemExit(f"{sums['failed']} rows failed; the figures would say nothing. {_an_example()}")
    return sums["answered"] or 0


def _an_example() -> str:
    from modelgen.models import Unanswered

    return str(Unanswered.objects.latest("pk"))


def asked_a_second_time(of: Any, folder: Path, wanted: argparse.Namespace) -> int:
    """Chunks that come of putting the same judge to work again when it has judged everything."""
    from modelgen import tasks
    from modelgen.models import Chunk

    with worker(folder, wanted.chunks) as roots:
        _going(of, REPLAYED, wanted.chunk_rows, roots)
        before = Chunk.objects.count()
        judge_at_work(of, REPLAYED, wanted.chunk_rows)
        tasks.look.delay()
        time.sleep(3)
        again = Chunk.objects.count() - before
    forget(of)
    return again


@contextmanager
def instant_server(port: int) -> Iterator[None]:
    """The server that answers at once, in a process of its own, so that its time is not ours."""
    server = subprocess.Popen([sys.executable, "-m", "bench.instant", str(port)])  # noqa: S603  a program of our own
    try:
        while not _listens(port):
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def worker(folder: Path, chunks: int) -> Iterator[list[int]]:
    """A Celery worker for both queues; gives the processes whose time is Concord's: its own, the database's, the broker's."""
    from bench import stage
    from config.celery import app
    from config.supervisor import Process, Supervisor

    argv = [
        *(sys.executable, "-m", "celery", "--app", "config", "worker", "--queues", "platform,gpu"),
        *("--concurrency", str(chunks), "--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    ]
    running = Supervisor([Process("worker", argv)], say, log_folder=folder / "log", quiet=True)
    running.start()
    try:
        while not app.control.ping(timeout=1.0):
            time.sleep(0.2)
        yield [process for process in (*running.process_ids().values(), stage.server_process()) if process]
    finally:
        running.stop()


# --- beside the bare engine -----------------------------------------------------------------------------------------
def beside_the_bare_engine(folder: Path, wanted: argparse.Namespace) -> tuple[float, list[dict[str, float]]]:
    """The median share of the bare engine's throughput, and both of every pair. The two take turns, and turns change."""
    from bench import stage

    pairs = []
    for number in range(wanted.runs):
        # Samples of their own each time: what the engine remembers of prompts must not help whoever comes second.
        ours = stage.project(f"ours-{number}", wanted.served_samples, [])
        bares = stage.project(f"bare-{number}", wanted.served_samples, [])
        turns = [("concord", ours), ("bare", bares)]
        speed = {who: _served(who, of, folder, wanted) for who, of in (turns if number % 2 else turns[::-1])}
        say(f"Concord {speed['concord']:.1f} rows a second, bare {speed['bare']:.1f}.")
        pairs.append(speed)
    return statistics.median(pair["concord"] / pair["bare"] for pair in pairs), pairs


def _served(who: str, of: Any, folder: Path, wanted: argparse.Namespace) -> float:
    if who == "concord":
        with worker(folder, wanted.chunks) as roots:
            return _going(of, wanted.model, wanted.served_chunk_rows, roots).rows_a_second
    asked = askings(of, wanted.model)
    begun = time.perf_counter()
    asyncio.run(_answer_all_bare(asked, wanted.model))
    return len(asked) / (time.perf_counter() - begun)


async def _answer_all_bare(asked: Sequence[Any], model: str) -> None:
    from modelgen.running.at_hand import from_settings

    engine = from_settings().engines({"judge": model})["judge"]
    try:
        await _answer_all(asked, engine)
    finally:
        await engine.aclose()


# --- telling --------------------------------------------------------------------------------------------------------
def report(figures: dict[str, Any]) -> str:
    lines = [
        f"Replayed, {figures['samples']:,} samples, median of {len(figures['replayed'])}: "
        f"{figures['rows_a_second']:,.0f} rows a second, {figures['own_milliseconds']:.2f} ms of processor a judgment.",
        f"Over HTTP to a server that answers at once: {figures['own_milliseconds_over_http']:.2f} ms of processor a judgment.",
        f"Put to work a second time: {figures['chunks_a_second_time']} new chunks.",
    ]
    if "share_of_bare" in figures:
        lines.append(f"Beside the bare engine: {figures['share_of_bare']:.2f} of its throughput.")
    return "\n".join(
        [*lines, *(f"{'met   ' if is_met else 'MISSED'} {what}" for what, is_met in figures["promises"].items())]
    )


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.judging", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=10_000, help="pairs that are replayed")
    parser.add_argument("--runs", type=int, default=3, help="of which medians are told")
    parser.add_argument("--chunks", type=int, default=2, help="chunks in flight")
    parser.add_argument("--chunk-rows", type=int, default=1000, help="samples a chunk, replayed")
    parser.add_argument("--server", help="address of a vLLM, to be measured beside")
    parser.add_argument("--model", default="model", help="the name under which it serves")
    parser.add_argument("--at-once", type=int, default=256, help="calls in flight at that server")
    parser.add_argument("--served-samples", type=int, default=400, help="pairs that it judges")
    parser.add_argument("--served-chunk-rows", type=int, default=64, help="samples a chunk there")
    parser.add_argument("--json", type=Path, help="write every figure into this file")
    return parser.parse_args(given)


def say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
