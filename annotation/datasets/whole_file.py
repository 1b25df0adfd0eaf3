"""A file that appears whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


class NotWritable(ValueError):
    """The file cannot be written where it was wanted."""


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A UTF-8 text file, put in its place when the block ends well; else what stood there before stays.

    Line ends are written as given. Raises: NotWritable at the start, before anything long is computed; OSError when
    the disk is full.
    """
    path = path.resolve()  # a link keeps leading to its file
    beside = _beside(path)
    file = _opened(beside, path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def refuse_unwritable(path: Path) -> None:
    """Before anything long is computed: raises NotWritable where `written_whole` would."""
    path = path.resolve()
    _opened(_beside(path), path).close()
    _beside(path).unlink()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _opened(beside: Path, path: Path) -> TextIO:
    if path.exists() and not path.is_file():
        raise NotWritable(f"{path} is not a file. Name one that can be written or replaced.")
    try:
        return beside.open("w", encoding="utf-8", newline="")
    except OSError as problem:
        raise NotWritable(
            f"{path} cannot be written ({problem.strerror}). Name a file in a folder that can be."
        ) from problem
