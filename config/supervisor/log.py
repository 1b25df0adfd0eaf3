"""A log file with a limit."""

import contextlib
from pathlib import Path

LOG_LIMIT_BYTES = 10_000_000


class Log:
    """A file of lines that never grows beyond twice the limit: the older half lies beside it."""

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        self._path = path
        self._limit = limit_bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, line: str) -> None:
        """Add a line. A full disk loses it: a log must not stop the program that it is about."""
        if self._file.closed:
            return
        with contextlib.suppress(OSError):
            self._file.write(line.encode() + b"\n")
        if self._file.tell() > self._limit:
            self._file.close()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
            self._file = self._path.open("ab", buffering=0)

    def close(self) -> None:
        self._file.close()
