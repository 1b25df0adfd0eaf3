"""`python -m bench`: sets the stage for bench/claims.py in a folder that is thrown away."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"


def main() -> None:
    from bench import claims

    wanted = claims.arguments()
    base = os.environ.get("BENCH_FOLDER") or None
    with tempfile.TemporaryDirectory(prefix="concord-bench-", dir=base) as folder:
        os.environ |= {"CONCORD_VAR": folder, "PORT": os.environ.get("PORT", "8900")}
        import django

        django.setup()
        _measure(wanted, Path(folder))


def _measure(wanted: argparse.Namespace, folder: Path) -> None:
    from bench import claims, stage
    from config import platform
    from config.supervisor import Supervisor

    with platform.servers(_say):
        platform.prepare(_say)
        names = stage.people(max(wanted.people))
        web = Supervisor([platform.web()], _say, log_folder=folder / "log", quiet=True)
        web.start()
        try:
            web.wait_ready(platform.answers, 60)
            rows: dict[tuple[int, int], list[claims.Tally]] = {}
            for samples in wanted.samples:
                stage.project(samples, names)
                for _ in range(wanted.runs):
                    for crowd in wanted.people:
                        run = asyncio.run(
                            claims.run_crowd(platform.address(), names[:crowd], wanted.seconds, stage.VALUES)
                        )
                        rows.setdefault((samples, crowd), []).append(run)
                        _say(f"{samples} samples, {crowd} people: {run.loops_a_second:.0f} loops/s")
                acknowledged = sum(len(run.submit_ms) for runs in rows.values() for run in runs)
                _say(stage.what_must_never_happen(acknowledged))
        finally:
            web.stop()
    print(claims.table(rows))


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    main()
