"""An HTTP/1.1 client that costs next to nothing, so that a benchmark measures the server and not itself.

    async with Client("http://127.0.0.1:8000") as client:
        answer = await client.request("POST", "/api/v1/projects/bench/claims/", {})
        answer.status, answer.headers["content-type"], answer.json()

One client is one person: one kept connection, one request at a time, the cookies that the server gave, and Django's
CSRF token sent back in its header. It knows what two Django servers need and no more: no TLS, no redirects, no proxies.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlencode, urlsplit

SAFE = frozenset({"GET", "HEAD"})
WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took from the first byte sent to the last byte received."""

    status: int
    headers: Mapping[str, str]  # names in lower case; of a repeated header the last
    body: bytes
    ms: float = 0.0

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One person's browser. `headers` go with every request; with `keeps=False` every request has its own connection."""

    def __init__(
        self, address: str, headers: Mapping[str, str] | None = None, patience: float = 60.0, *, keeps: bool = True
    ) -> None:
        place = urlsplit(address)
        self._host, self._port = place.hostname or "127.0.0.1", place.port or 80
        self._patience = patience
        self._headers = {**(headers or {}), **({} if keeps else {"Connection": "close"})}
        self._keeps = keeps
        self._cookies: dict[str, str] = {}
        self._connection: _Connection | None = None
        self._standing = self._rendered()

    @property
    def cookies(self) -> Mapping[str, str]:
        return self._cookies

    async def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request and wait for its answer. `body`: bytes go as they are, anything else as JSON.

        A kept connection that the server has closed is replaced. A request that was sent and not answered is sent again
        only if that cannot do harm (GET).

        Raises: ConnectionError when the server is not there or hangs up; TimeoutError when it takes too long.
        """
        message = self._message(method, path, body, headers)
        try:
            return await self._ask(message, method)
        except ConnectionResetError:
            if method not in SAFE:
                raise
            return await self._ask(message, method)

    async def submit_form(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Open a page with a form and send the form: what logs in at a Django site."""
        await self.request("GET", path)
        form = {**fields, "csrfmiddlewaretoken": self._cookies.get("csrftoken", "")}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.request("POST", path, urlencode(form).encode(), kind)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _ask(self, message: bytes, method: str) -> Answer:
        start = time.perf_counter()
        connection = self._connection
        if connection is None or not connection.is_open:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(self._patience):
                _, connection = await loop.create_connection(_Connection, self._host, self._port)
            self._connection = connection
        read = await connection.ask(message, method, self._patience)
        if not self._keeps:
            self.close()
        if read.cookies:
            self._keep(read.cookies)
        return Answer(read.status, read.headers, read.body(), 1000 * (time.perf_counter() - start))

    def _message(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None) -> bytes:
        content = b""
        lines = [f"{method} {path} HTTP/1.1\r\n{self._standing}"]
        if headers:
            lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        if body is not None:
            if isinstance(body, bytes):
                content = body
            else:
                content = json.dumps(body, separators=(",", ":")).encode()
                lines.append("Content-Type: application/json\r\n")
        if content or method not in SAFE:
            lines.append(f"Content-Length: {len(content)}\r\n")
        return "".join([*lines, "\r\n"]).encode("latin-1") + content

    def _rendered(self) -> str:
        """The headers that stay the same from one request to the next, ready to be sent."""
        headers = {"Host": f"{self._host}:{self._port}", **self._headers}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if token := self._cookies.get("csrftoken"):
            headers["X-CSRFToken"] = token
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def _keep(self, cookies: list[str]) -> None:
        for line in cookies:
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self._cookies[name] = morsel.value
                else:
                    self._cookies.pop(name, None)
        self._standing = self._rendered()


@dataclass(slots=True)
class _Reading:
    """An answer as it comes in, in pieces of any size."""

    method: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    length: int | None = None  # None: until the server closes
    is_chunked: bool = False
    keeps: bool = True
    has_head: bool = False
    received: bytearray = field(default_factory=bytearray)
    chunks: list[bytes] = field(default_factory=list)

    def feed(self, data: bytes) -> bool:
        """Take in what arrived; whether the answer is complete."""
        self.received += data
        while not self.has_head:
            if (end := self.received.find(b"\r\n\r\n")) < 0:
                return False
            self._read_head(bytes(self.received[:end]))
            del self.received[: end + 4]
        if self.is_chunked:
            return self._read_chunks()
        return self.length is not None and len(self.received) >= self.length

    @property
    def ends_with_connection(self) -> bool:
        return self.has_head and self.length is None and not self.is_chunked

    def body(self) -> bytes:
        return b"".join(self.chunks) if self.is_chunked else bytes(self.received[: self.length])

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first[9:12])
        if 100 <= self.status < 200:  # "go on": the answer itself is still to come
            return
        self.has_head = True
        for line in lines:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            self.headers[name] = value
            if name == "set-cookie":
                self.cookies.append(value)
        self._frame(first)

    def _frame(self, first: str) -> None:
        """Where the body ends, and whether another answer may follow on this connection."""
        connection = self.headers.get("connection", "").lower()
        self.keeps = connection == "keep-alive" if first.startswith("HTTP/1.0") else connection != "close"
        if self.method == "HEAD" or self.status in WITHOUT_BODY:
            self.length = 0
        elif self.headers.get("transfer-encoding", "").lower().endswith("chunked"):
            self.is_chunked = True
        else:
            length = self.headers.get("content-length")
            self.length = None if length is None else int(length)

    def _read_chunks(self) -> bool:
        """Size in hexadecimal, line, that many bytes, line; the one of size nought ends it, after trailers if any."""
        while (end := self.received.find(b"\r\n")) >= 0:
            size = int(self.received[:end].split(b";")[0], 16)
            if size == 0:
                rest = self.received[end:]
                return rest.startswith(b"\r\n\r\n") or b"\r\n\r\n" in rest[2:]
            if len(self.received) < end + 2 + size + 2:
                return False
            self.chunks.append(bytes(self.received[end + 2 : end + 2 + size]))
            del self.received[: end + 2 + size + 2]
        return False


class _Connection(asyncio.Protocol):
    """One connection, one question at a time. A protocol and not streams: those cost twice as much."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._reading = _Reading("GET")

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, message: bytes, method: str, patience: float) -> _Reading:
        """Raises: ConnectionResetError when the server hangs up before its answer is complete; TimeoutError."""
        assert self._transport is not None  # noqa: S101  made by create_connection
        loop = asyncio.get_running_loop()
        self._reading = reading = _Reading(method)
        self._waiting = waiting = loop.create_future()
        timer = loop.call_later(patience, self._give_up, patience)
        self._transport.write(message)
        try:
            await waiting
        finally:
            timer.cancel()
            self._waiting = None
            if waiting.cancelled() or not reading.keeps:
                self.close()  # a late answer must not meet the next question
        return reading

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self.close()  # nobody asked
            return
        try:
            if self._reading.feed(data):
                self._settle()
        except ValueError as error:
            self._settle(ConnectionAbortedError(f"The server does not speak HTTP ({error})."))

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None and self._reading.ends_with_connection:
            self._reading.keeps = False
            self._settle()
        self._settle(ConnectionResetError("The server hung up before its answer was complete."))

    def _give_up(self, patience: float) -> None:
        self._settle(TimeoutError(f"No answer within {patience:g} seconds."))

    def _settle(self, error: Exception | None = None) -> None:
        """The answer is complete, or will never be; whoever waits hears the first of these only."""
        if self._waiting is None or self._waiting.done():
            return
        if error is None:
            self._waiting.set_result(None)
        else:
            self._reading.keeps = False
            self._waiting.set_exception(error)
