"""Replies that were recorded once, given again: the same call gets the same reply, without any model.

A file of JSON Lines, one reply a line, found by a digest of what was asked. The role that a call names is not part of it.
"""

import fcntl
import functools
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelgen.engines.protocol import (
    Call,
    CallRefused,
    Engine,
    Generate,
    Prompt,
    Reply,
    Represent,
    ScoreClasses,
    ScoreLabels,
    Usage,
)

COUNT = "count"


class WrongRecording(ValueError):
    """A file of recorded replies has a line that is none."""


class RecordedEngine:
    """Gives recorded replies. A file is read once, however many engines give from it. Raises: WrongRecording."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = read_recording(path)

    async def reply(self, call: Call) -> Reply:
        """Raises: CallRefused for what was never recorded."""
        return reply_from(self._found(digest(call)))

    async def count_tokens(self, prompt: Prompt) -> int:
        """Raises: CallRefused for what was never counted."""
        return int(self._found(digest_of_count(prompt))[COUNT])

    async def aclose(self) -> None:
        """Nothing is open."""

    def _found(self, key: str) -> Mapping[str, Any]:
        try:
            return self._lines[key]
        except KeyError:
            raise CallRefused(
                f"{self._path} has no reply to this call (digest {key}). Record it: ask a real model through "
                f"RecordingEngine(engine, {str(self._path)!r})."
            ) from None


class RecordingEngine:
    """Another engine, whose every reply is added to a file. Calls at the same time, and several processes, do not mix lines."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    async def reply(self, call: Call) -> Reply:
        """Raises what the other engine raises; of that nothing is recorded."""
        reply = await self._engine.reply(call)
        self._add({"call": digest(call), "reply": jsonable(reply)})
        return reply

    async def count_tokens(self, prompt: Prompt) -> int:
        count = await self._engine.count_tokens(prompt)
        self._add({"call": digest_of_count(prompt), "reply": {COUNT: count}})
        return count

    async def aclose(self) -> None:
        os.close(self._file)
        await self._engine.aclose()

    def _add(self, line: Mapping[str, Any]) -> None:
        written = memoryview(json.dumps(line).encode("ascii") + b"\n")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            while written:
                written = written[os.write(self._file, written) :]
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)


def digest(call: Call) -> str:
    """What identifies a call, whatever role it names; the same in every process."""
    match call:
        case Generate():
            sampling = call.sampling
            asked: list[Any] = [
                *(sampling.temperature, sampling.top_p, sampling.most_tokens, sampling.count, sampling.seed),
                sampling.stop,
                call.with_tokens,
            ]
        case ScoreLabels():
            asked = list(call.labels)
        case ScoreClasses() | Represent():
            asked = []
    return _digest(type(call).__name__, call.prompt, asked)


def digest_of_count(prompt: Prompt) -> str:
    return _digest(COUNT, prompt, [])


def _digest(*parts: object) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def read_recording(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Each recorded reply by its digest; of two for the same call, the later. Raises: WrongRecording."""
    try:
        state = path.stat()
        return _read(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise WrongRecording(
            f"{path} cannot be read: {error.strerror}. Correct the address in MODEL_SERVERS."
        ) from error


@functools.lru_cache(maxsize=8)
def _read(path: Path, changed_at: int, size: int) -> Mapping[str, Mapping[str, Any]]:
    replies: dict[str, Mapping[str, Any]] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            replies |= _line(path, number, line)
    return replies


def _line(path: Path, number: int, line: bytes) -> dict[str, Mapping[str, Any]]:
    try:
        said = json.loads(line)
        return {str(said["call"]): dict(said["reply"])}
    except (ValueError, LookupError, TypeError) as error:
        raise WrongRecording(
            f"{path}, line {number} is not a recorded reply: {line[:80]!r}. Remove the line."
        ) from error


def jsonable(reply: Reply) -> dict[str, Any]:
    """A reply as JSON; what is empty is left out."""
    usage = reply.usage
    parts = {
        "texts": reply.texts,
        "was_cut": reply.was_cut,
        "tokens": reply.tokens,
        "labels": dict(reply.labels),
        "numbers": reply.numbers,
        "usage": [usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens],
    }
    return {name: part for name, part in parts.items() if part}


def reply_from(said: Mapping[str, Any]) -> Reply:
    """The reply that `jsonable` wrote."""
    return Reply(
        texts=tuple(said.get("texts", ())),
        was_cut=tuple(said.get("was_cut", ())),
        tokens=tuple(tuple((token, log) for token, log in text) for text in said.get("tokens", ())),
        labels=said.get("labels", {}),
        numbers=tuple(said.get("numbers", ())),
        usage=Usage(*said.get("usage", ())),
    )
