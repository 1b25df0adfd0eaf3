"""How much processor time a server has used: all its processes, those that have ended included (Linux)."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PARENT, FIRST_TIME, AFTER_LAST_TIME = 1, 11, 15  # of /proc/*/stat after the name: ppid; utime, stime, cutime, cstime


def seconds(roots: Iterable[int]) -> float:
    """Of these processes and all that descend from them.

    A process that has ended is in the account of the parent that waited for it (cutime, cstime). So a PostgreSQL that
    starts a process for every connection is counted in full.
    """
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        process = int(stat.parent.name)
        ticks[process] = sum(map(int, fields[FIRST_TIME:AFTER_LAST_TIME]))
        children[int(fields[PARENT])].append(process)
    counted, waiting = set[int](), list(roots)
    while waiting:
        process = waiting.pop()
        if process not in counted:
            counted.add(process)
            waiting += children[process]
    return sum(ticks.get(process, 0) for process in counted) / TICKS_A_SECOND
