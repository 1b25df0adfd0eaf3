"""`python -m bench.dashboard`: how long every page of a project's dashboard takes. `make bench-dashboard`.

A project of so many samples with three annotations each is written straight into the database, as its import, its crowd and
its decisions would have left it; statistics are counted, and the search follows. Then an admin's browser (Django's test
client, with a session) asks for every page many times, in turns, while nothing else runs. Told: median and 95th percentile.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
LIMIT_MS = 300


def main() -> None:
    wanted = arguments()
    with a_folder(wanted.folder) as folder:
        os.environ |= {"CONCORD_VAR": str(folder), "PORT": os.environ.get("PORT", "8901")}
        import django

        django.setup()
        from config import platform

        with platform.servers(say):
            platform.prepare(say)
            from bench import dashboard_pages, dashboard_project

            made = dashboard_project.fill(wanted.samples, say)
            told = {} if wanted.pages_only else dashboard_project.count(made, say)
            told |= {"samples": wanted.samples}
            told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            pages = dashboard_pages.measure(made, wanted.runs, say)
    print(dashboard_pages.report(told, pages))
    if wanted.json:
        wanted.json.write_text(
            json.dumps({"counting": told, "pages": [page.as_json for page in pages]}, indent=2) + "\n"
        )
    sys.exit(any(page.p95 > LIMIT_MS or page.problem for page in pages))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000_000, help="samples of the project, three annotations each")
    parser.add_argument("--runs", type=int, default=30, help="how often each page is asked for")
    parser.add_argument(
        "--folder", type=Path, help="keep the platform here, and use it again; otherwise it is thrown away"
    )
    parser.add_argument("--pages-only", action="store_true", help="of a folder that was kept: count nothing again")
    parser.add_argument("--json", type=Path, help="write every figure into this file")
    return parser.parse_args()


@contextmanager
def a_folder(kept: Path | None) -> Iterator[Path]:
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="concord-bench-", dir=os.environ.get("BENCH_FOLDER") or None) as folder:
        yield Path(folder)


def say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
