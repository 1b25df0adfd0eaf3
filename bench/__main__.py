"""`python -m bench`: how fast work is handed out and taken in, and whether it was exact. `make bench-claims`.

A crowd logs in and then loops without thinking, against the platform's own web server on an embedded PostgreSQL of its
own in a folder that is thrown away. Projects and crowds of every size take turns, and medians over the rounds are told; in
every round the floor, Concord's own statements by bare psycopg, is measured beside them. A run ends before half of a
project's slots are gone. Afterwards the database is asked for what must never happen.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def main() -> None:
    wanted = arguments()
    base = os.environ.get("BENCH_FOLDER") or None
    with tempfile.TemporaryDirectory(prefix="concord-bench-", dir=base) as folder:
        os.environ |= {"CONCORD_VAR": folder, "PORT": os.environ.get("PORT", "8900")}
        import django

        django.setup()
        with platform_for_the_bench(Path(folder)) as processes:
            from bench.rounds import Bench

            bench = Bench(wanted, processes, say)
            bench.run()
    print(bench.report())
    if wanted.json:
        wanted.json.write_text(json.dumps(bench.figures(), indent=2) + "\n")
    sys.exit(bench.what_went_wrong())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000], help="sizes of projects")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 8, 32], help="sizes of the crowd")
    parser.add_argument("--runs", type=int, default=5, help="rounds, of which medians are told")
    parser.add_argument("--seconds", type=float, default=8.0, help="measured time of a run, after one of warming up")
    parser.add_argument("--floor", type=int, default=8, help="connections of the floor; 0 leaves it out")
    parser.add_argument(
        "--ahead", type=int, default=0, help="also: one person so many samples ahead, beside a newcomer"
    )
    parser.add_argument("--two-trips", action="store_true", help="claim and submit in two requests, not in one")
    parser.add_argument("--json", type=Path, help="write every figure into this file")
    return parser.parse_args()


@contextmanager
def platform_for_the_bench(folder: Path) -> Iterator[list[int]]:
    """PostgreSQL, Valkey and the web server; gives the processes whose processor time is the platform's."""
    from bench import stage
    from config import platform
    from config.supervisor import Supervisor

    with platform.servers(say):
        platform.prepare(say)
        web = Supervisor([platform.web()], say, log_folder=folder / "log", quiet=True)
        web.start()
        try:
            web.wait_ready(platform.answers, 60)
            yield [os.getpid(), stage.server_process()]
        finally:
            web.stop()


def say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
