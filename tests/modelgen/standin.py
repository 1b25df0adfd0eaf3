"""A stand-in for a model's server, for the faults that a real one cannot be made to have. It knows no model."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What is sent back. after: seconds it takes. hangs_up: the connection is closed instead of answering."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    hangs_up: bool = False


@dataclass(frozen=True)
class Asked:
    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


class StandIn:
    """Answers every call as `answer` says; a GET is about health. `asked` keeps what was asked, in order."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self.answer = answer
        self.is_well = True
        self.asked: list[Asked] = []
        self.health_asked = 0
        self.in_flight = self.most_in_flight = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Gone, as a killed server is: what is in flight breaks off, and nobody listens any more."""
        assert self._server is not None
        self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split()
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "GET":
            self.health_asked += 1
            self._write(writer, Answer({}, 200 if self.is_well else 503))
            return True
        said = await self._answer_to(Asked(path, json.loads(raw), headers))
        if not said.hangs_up:
            self._write(writer, said)
        return not said.hangs_up

    async def _answer_to(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            said = self.answer(asked)
            await asyncio.sleep(said.after)
            return said
        finally:
            self.in_flight -= 1

    @staticmethod
    def _write(writer: asyncio.StreamWriter, said: Answer) -> None:
        body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        headers = {"Content-Length": str(len(body)), **said.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {said.status} Said\r\n{lines}\r\n".encode() + body)


@asynccontextmanager
async def standing_in(*answers: Callable[[Asked], Answer]) -> AsyncIterator[list[StandIn]]:
    """One server for each way of answering."""
    servers = [StandIn(answer) for answer in answers]
    for server in servers:
        await server.start()
    try:
        yield servers
    finally:
        for server in servers:
            await server.stop()


def chat(text: str = "Yes.", finish_reason: str = "stop", **more: Any) -> Answer:
    """A conversation's answer, as servers of the OpenAI interface write it."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish_reason, **more}
    return Answer({"model": "m", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})


def in_turn(*answers: Answer) -> Callable[[Asked], Answer]:
    """These one after the other, then the last one for ever."""
    left = list(answers)
    return lambda asked: left.pop(0) if len(left) > 1 else left[0]
