"""How a person works at Concord: one round trip a loop, the submission answered with the next sample."""

from http import HTTPStatus
from typing import Any

from bench.client import Client
from bench.crowd import CrowdError, Turn

PASSWORD = "bench-bench-bench"  # noqa: S105  accounts of a database that is thrown away
VALUES = (-1, 1, 1, 1, 0)  # about half of the first rounds disagree on something; a fifth by more than one step
NEXT = {"claim_next": True}


class Annotator:
    """Logs in as a person does, then submits and gets the next sample, through the REST interface."""

    def __init__(self, client: Client, name: str, in_one_trip: bool = True) -> None:
        self._client, self._name, self._in_one_trip = client, name, in_one_trip
        self._slug = ""
        self._in_hand: dict[str, Any] | None = None
        self._turns = sum(name.encode())  # people do not say the same in the same order

    async def log_in(self) -> None:
        answer = await self._client.submit_form("/login/", {"username": self._name, "password": PASSWORD})
        if answer.status != HTTPStatus.FOUND:
            raise CrowdError(f"{self._name} could not log in ({answer.status}).")

    def arrive(self, slug: str) -> None:
        """Go to a project; what is in hand elsewhere stays leased there."""
        if slug != self._slug:
            self._slug, self._in_hand = slug, None

    async def turn(self) -> Turn:
        turn = Turn()
        if self._in_hand is None and not await self._claim(turn):
            return turn
        await self._submit(turn)
        return turn

    async def _claim(self, turn: Turn) -> bool:
        answer = await self._client.request("POST", f"/api/v1/projects/{self._slug}/claims/", {})
        turn.request_ms["claim"] = answer.ms
        if not answer.ok:
            turn.refused = f"{answer.status} {answer.text[:200]}"
            return False
        turn.nothing_left = answer.status == HTTPStatus.NO_CONTENT
        self._in_hand = None if turn.nothing_left else answer.json()
        return self._in_hand is not None

    async def _submit(self, turn: Turn) -> None:
        assert self._in_hand is not None  # noqa: S101  claimed just before
        self._turns += 1
        assignment = self._in_hand["assignment"]
        said = {
            "ratings": [{"attribute": "preference", "value": VALUES[self._turns % len(VALUES)]}],
            "client_key": str(assignment),
            **(NEXT if self._in_one_trip else {}),
        }
        answer = await self._client.request("POST", f"/api/v1/assignments/{assignment}/submission/", said)
        turn.request_ms["submit"] = answer.ms
        self._in_hand = None
        if not answer.ok:
            turn.refused = f"{answer.status} {answer.text[:200]}"
            return
        told = answer.json()
        turn.acknowledged = str(told["annotation"])
        if self._in_one_trip:
            self._in_hand = told["next"]
            turn.nothing_left = self._in_hand is None
            turn.refused = str(told["next_refused"] or "")
