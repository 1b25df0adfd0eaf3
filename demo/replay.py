"""Replay recorded people through the real interface: each claims the sample they judged and submits what they said.

The k-th recorded person of a sample makes a directed claim of it, until the sample closes: so escalation asks for the
recorded fourth and fifth person only where the first three disagree. Submissions carry a key that is the same in every
run, so that a replay that was cut off (a killed server, Ctrl-C) is simply run again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from annotation.datasets.pilot import RecordedAnnotation
from demo.sets import SETS, DemoSet

SAMPLES_AT_ONCE = 8
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.3


class ReplayStopped(Exception):
    """The platform refused what a recorded person did, or did not come back; the message says which."""


async def replay_all(address: str, key: str, *, console: Console, limit: int | None) -> int:
    """Replay every set, several samples at once; returns how many annotations were submitted."""
    headers = {"Authorization": f"Bearer {key}"}
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", headers=headers, timeout=30) as client:
        with Progress(*columns, console=console) as progress:
            stages = [Stage(which, client, progress, limit) for which in SETS]
            return sum(await asyncio.gather(*(stage.play() for stage in stages)))


class Stage:
    """One set being replayed."""

    def __init__(self, which: DemoSet, client: httpx.AsyncClient, progress: Progress, limit: int | None) -> None:
        self.slug = which.slug
        self.client = client
        self.progress = progress
        self.recorded = which.recorded(limit)
        self.bar = progress.add_task(which.slug, total=len(self.recorded))
        # A person judges one sample at a time, as people do.
        self.busy: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.places = asyncio.Semaphore(SAMPLES_AT_ONCE)

    async def play(self) -> int:
        """Replay every sample; returns how many annotations were submitted."""
        closed = await self._closed()
        self.progress.advance(self.bar, len(closed & self.recorded.keys()))
        waiting = [self._sample(name, said) for name, said in self.recorded.items() if name not in closed]
        return sum(await asyncio.gather(*waiting))

    async def _closed(self) -> set[str]:
        """Samples that an earlier run has finished."""
        closed, after = set(), 0
        while after is not None:
            answer = await self._ask("GET", f"/projects/{self.slug}/samples/", params={"after": after, "limit": 1000})
            page = answer.json()
            closed |= {row["id"] for row in page["results"] if row["state"] not in ("open", "escalated")}
            after = page["next"]
        return closed

    async def _sample(self, name: str, said: Sequence[RecordedAnnotation]) -> int:
        """Let the recorded people have their turns until the sample closes."""
        submitted = 0
        async with self.places:
            for annotation in said:
                async with self.busy[annotation.annotator_id]:
                    turn = await self._turn(name, annotation)
                if turn is None:
                    break
                submitted += turn
        self.progress.advance(self.bar)
        return submitted

    async def _turn(self, name: str, said: RecordedAnnotation) -> int | None:
        """One person's turn: 1 submitted, 0 when they had it before, None when the sample wants nobody else."""
        claim = await self._ask(
            "POST", f"/projects/{self.slug}/claims/", json={"sample": name, "annotator": said.annotator_id}
        )
        if claim.status_code == httpx.codes.CONFLICT:
            match claim.json().get("code"):
                case "had_it":
                    return 0
                case "no_slot":
                    return None
        self._check(claim, name, said)
        assignment = claim.json()
        receipt = await self._ask(
            "POST", f"/assignments/{assignment['assignment']}/submission/", json=self._submission(assignment, said)
        )
        self._check(receipt, name, said)
        return 1

    def _submission(self, assignment: dict[str, Any], said: RecordedAnnotation) -> dict[str, Any]:
        ids = assignment["comparison_order"]
        ratings = [
            {"attribute": attribute, "value": value, "response": None if response is None else ids[response]}
            for response, attribute, value in said.ratings
        ]
        return {"ratings": ratings, "comment": said.comment or "", "client_key": f"replay-{assignment['assignment']}"}

    def _check(self, answer: httpx.Response, name: str, said: RecordedAnnotation) -> None:
        if answer.is_error:
            raise ReplayStopped(
                f"{self.slug}: {said.annotator_id} on {name} was refused ({answer.status_code}): {answer.text[:300]}"
            )

    async def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask, and ask again while the server is away: what was acknowledged is never asked for twice to any effect."""
        waited = 0.0
        while True:
            try:
                answer = await self.client.request(method, path, **more)
                if answer.status_code not in (502, 503, 504):
                    return answer
                problem: object = f"{answer.status_code}"
            except httpx.TransportError as error:
                problem = repr(error)
            if waited >= PATIENCE_SECONDS:
                raise ReplayStopped(f"{self.slug}: the web server did not answer for {waited:.0f} s ({problem}).")
            await asyncio.sleep(PAUSE_SECONDS)
            waited += PAUSE_SECONDS
