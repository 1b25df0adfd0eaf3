"""Intervals that were drawn once are not drawn again: the same sums give the same interval, so what is known of them is kept.

Weeks that are over never change, and most slices change seldom; so a page draws what the last fold touched and no more.
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from annotation.statistics.cells import Cells

MOST = 20_000  # results, each a few hundred bytes; then it begins anew
Result = TypeVar("Result")
_results: dict[bytes, Any] = {}


def remembered(cells: Cells, about: tuple[object, ...], compute: Callable[[], Result]) -> Result:
    """What `compute` makes of these cells; `about` says what else it depends on."""
    key = hashlib.blake2b(repr(about).encode(), digest_size=16)
    for column in cells:
        key.update(column.tobytes())
    known = _results.get(key.digest())
    if known is None:
        if len(_results) >= MOST:
            _results.clear()
        known = _results[key.digest()] = compute()
    result: Result = known
    return result
