"""CSV that a spreadsheet may open: a text that it would run as a formula is written so that it stays a text."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain

# What a formula begins with, in either width, and what a spreadsheet drops before it looks. The mark itself is marked, so that
# taking one off gives every text back.
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")


def as_text(cell: object) -> object:
    """A text that starts like a formula gets an apostrophe before it; numbers stay as they are."""
    if not isinstance(cell, str) or not cell.lstrip().startswith(FORMULA_STARTS):
        return cell
    return f"'{cell}"


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a CSV file (RFC 4180), one at a time. None is an empty cell."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    for row in chain([header], rows):
        writer.writerow([as_text(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
