"""One address of a model: JSON out, JSON in, and every way in which that can go wrong sorted by what to do about it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, TypeVar

import httpx

from modelgen.engines.protocol import CallRefused

T = TypeVar("T")
CONNECT_SECONDS = 5.0
PROBE_SECONDS = 5.0
KEEP_IDLE_SECONDS = 3.0  # servers commonly hang up after five: not in the moment when something is sent
LONGEST_ANSWER_SECONDS = 900.0
LONGEST_SENTENCE = 500
MEND_THE_KEY = {401, 402, 403}
COME_AGAIN = {408, 409, 425}


class Trouble(Enum):
    """Why there is no answer: what to do about it differs."""

    UNREACHABLE = "unreachable"  # nobody listens there
    FAILED = "failed"  # somebody does, and could not answer
    BUSY = "busy"  # asked to come again later
    NOT_ALLOWED = "not allowed"  # the key is wrong, or nothing is left on the account


class Fault(RuntimeError):
    """This address could not answer now: the call itself may be fine."""

    def __init__(self, sentence: str, trouble: Trouble = Trouble.FAILED, retry_after_seconds: float | None = None):
        super().__init__(sentence)
        self.trouble = trouble
        self.retry_after_seconds = retry_after_seconds


class Connection:
    """Connections to one address, kept open for the next call.

    address: what the paths of calls are added to. key: sent as a bearer token, and never shown. probe_path: asked to see
    whether the address is well again; "" where it has no such thing.
    """

    def __init__(self, address: str, *, key: str = "", probe_path: str = "") -> None:
        self.address = address.rstrip("/")
        self.probe_path = probe_path
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        # Certificates are slow to load, and plain HTTP has none.
        self._ssl_context = httpx.create_ssl_context(verify=self.address.startswith("https"))
        self._idle: list[httpx.AsyncClient] = []

    async def post(self, path: str, body: Mapping[str, Any], read: Callable[[Any], T]) -> T:
        """Send the body; returns what `read` makes of the answer. Raises: Fault, CallRefused."""
        try:
            # ASCII only: texts of models may hold half of a surrogate pair, which UTF-8 cannot write.
            async with self._client() as client:
                answer = await client.post(self.address + path, content=json.dumps(body).encode("ascii"))
        except httpx.HTTPError as error:
            raise _fault_of(error) from error
        if answer.status_code != 200:
            raise _problem(answer)
        return _understood(answer, read)

    async def probe(self) -> Fault | None:
        """Why the address cannot take calls; None when it says that it can."""
        try:
            async with self._client() as client:
                answer = await client.get(self.address + self.probe_path, timeout=PROBE_SECONDS)
        except httpx.HTTPError as error:
            return _fault_of(error)
        return None if answer.status_code == 200 else Fault(f"says {answer.status_code} when asked for its health")

    async def aclose(self) -> None:
        for client in self._idle:
            await client.aclose()
        self._idle.clear()

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client that nobody else uses: httpx looks through all calls of a client for each, so many share none."""
        client = self._idle.pop() if self._idle else self._new_client()
        try:
            yield client
        finally:
            self._idle.append(client)

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers=self._headers,
            timeout=httpx.Timeout(LONGEST_ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_IDLE_SECONDS),
            verify=self._ssl_context,
        )


def _understood(answer: httpx.Response, read: Callable[[Any], T]) -> T:
    try:
        return read(answer.json())
    except CallRefused:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Fault(f"answered what cannot be read ({_short(answer.text) or 'nothing'})") from error


def _fault_of(error: httpx.HTTPError) -> Fault:
    if isinstance(error, httpx.ConnectError):
        why = "nobody listens there" if str(error) == "All connection attempts failed" else str(error)
        return Fault(f"cannot be reached ({why})", Trouble.UNREACHABLE)
    if isinstance(error, httpx.TimeoutException):
        return Fault(f"did not answer in time ({type(error).__name__})")
    return Fault(f"broke off ({str(error) or type(error).__name__})")


def _problem(answer: httpx.Response) -> Fault | CallRefused:
    status, said = answer.status_code, f"{answer.status_code}: {sentence_of(answer)}"
    waits = _retry_after(answer)
    if status == 429 or (status == 503 and waits is not None):
        return Fault(said, Trouble.BUSY, waits)
    if status in MEND_THE_KEY:
        return Fault(said, Trouble.NOT_ALLOWED)
    if 400 <= status < 500 and status not in COME_AGAIN:
        return CallRefused(f"{answer.url.copy_with(query=None)} refused the call with {said}")
    return Fault(said)


def sentence_of(answer: httpx.Response) -> str:
    """What a server says in an error, in whichever of the usual places it says it."""
    try:
        said = answer.json()
    except ValueError:
        return _short(answer.text) or answer.reason_phrase
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
    return _short(said if isinstance(said, str) else json.dumps(said))


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds to wait, from a number or a date (RFC 9110, 10.2.3); None where there is none, or it makes no sense."""
    raw = answer.headers.get("Retry-After", "").strip()
    if raw.isdecimal():
        return float(raw)
    try:
        until = parsedate_to_datetime(raw)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_SENTENCE else text[:LONGEST_SENTENCE] + "..."
