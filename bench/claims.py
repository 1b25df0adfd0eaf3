"""How fast work is handed out and taken in, through HTTP, and whether it was exact: `make bench-claims`.

A crowd logs in and then claims and submits without a pause, against the platform's own web server on an embedded
PostgreSQL of its own. Runs of different sizes of crowd take turns, and medians are told. Afterwards the database is
asked what must never happen: more annotations than wanted, a sample twice to one person, an acknowledged
submission that is not there, "nothing left" while slots are open.
"""

import argparse
import asyncio
import os
import re
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

MOST_IN_FLIGHT_AT_LOGIN = 4  # hashing passwords is meant to be slow
PASSWORD = "bench-bench-bench"  # noqa: S105  accounts of a database that is thrown away
SLUG = "bench"


@dataclass
class Tally:
    """What one run saw. Times in milliseconds."""

    claim_ms: list[float] = field(default_factory=list)
    submit_ms: list[float] = field(default_factory=list)
    nothing_left: int = 0
    refused: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def loops_a_second(self) -> float:
        return len(self.submit_ms) / self.seconds

    @property
    def cpu_ms_a_loop(self) -> float:
        return 1000 * self.cpu_seconds / max(len(self.submit_ms), 1)


async def run_crowd(address: str, names: list[str], seconds: float, rng_values: list[int]) -> Tally:
    """So many people claim and submit until the time is over."""
    tally = Tally()
    limits = httpx.Limits(max_connections=len(names), max_keepalive_connections=len(names))
    gate = asyncio.Semaphore(MOST_IN_FLIGHT_AT_LOGIN)
    clients = [httpx.AsyncClient(base_url=address, timeout=60, limits=limits) for _ in names]
    try:
        await asyncio.gather(*(_log_in(client, name, gate) for client, name in zip(clients, names, strict=True)))
        cpu, start = _server_cpu_seconds(), time.perf_counter()
        await asyncio.gather(*(_work(client, start + seconds, tally, rng_values) for client in clients))
        tally.seconds, tally.cpu_seconds = time.perf_counter() - start, _server_cpu_seconds() - cpu
    finally:
        await asyncio.gather(*(client.aclose() for client in clients))
    return tally


async def _log_in(client: httpx.AsyncClient, name: str, gate: asyncio.Semaphore) -> None:
    async with gate:
        page = await client.get("/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token.group(1) if token else ""}
        answer = await client.post("/login/", data=form)
    if answer.status_code != httpx.codes.FOUND:
        raise SystemExit(f"{name} could not log in ({answer.status_code}).")
    client.headers["X-CSRFToken"] = client.cookies["csrftoken"]


async def _work(client: httpx.AsyncClient, until: float, tally: Tally, values: list[int]) -> None:
    turn = 0
    while time.perf_counter() < until:
        start = time.perf_counter()
        claim = await client.post(f"/api/v1/projects/{SLUG}/claims/", json={})
        claimed = time.perf_counter()
        if claim.status_code == httpx.codes.NO_CONTENT:
            tally.nothing_left += 1
            continue
        if claim.is_error:
            tally.refused += 1
            continue
        turn += 1
        answer = {
            "ratings": [{"attribute": "preference", "value": values[turn % len(values)]}],
            "client_key": f"{claim.json()['assignment']}",
        }
        receipt = await client.post(f"/api/v1/assignments/{claim.json()['assignment']}/submission/", json=answer)
        if receipt.is_error:
            tally.refused += 1
            continue
        tally.claim_ms.append(1000 * (claimed - start))
        tally.submit_ms.append(1000 * (time.perf_counter() - claimed))


def _server_cpu_seconds() -> float:
    """Processor time of everything but this process that belongs to the platform: web server and PostgreSQL."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            command = (stat.parent / "cmdline").read_bytes()
            if b"granian" in command or b"postgres" in command:
                fields = stat.read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            continue  # it has ended
    return ticks / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else float("nan")


def table(rows: dict[tuple[int, int], list[Tally]]) -> str:
    """Medians over the runs of each cell, with the lowest and highest rate."""
    head = "| samples | people | runs | loops/s (min-max) | claim p50/p95/p99 ms | submit p50/p95/p99 ms | cpu ms a loop | refused | nothing left |"
    lines = [head, "|" + "---|" * 9]
    for (samples, people), runs in rows.items():
        rates = [run.loops_a_second for run in runs]
        claims, submits = (
            "/".join(
                f"{statistics.median(percentile(getattr(run, name), share) for run in runs):.0f}"
                for share in (0.5, 0.95, 0.99)
            )
            for name in ("claim_ms", "submit_ms")
        )
        lines.append(
            f"| {samples} | {people} | {len(runs)} | {statistics.median(rates):.0f} ({min(rates):.0f}-{max(rates):.0f}) "
            f"| {claims} | {submits} | {statistics.median(run.cpu_ms_a_loop for run in runs):.1f} "
            f"| {sum(run.refused for run in runs)} | {sum(run.nothing_left for run in runs)} |"
        )
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000])
    parser.add_argument("--people", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    return parser.parse_args()
