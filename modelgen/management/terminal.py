"""Runs on a terminal: how far they are, and the same line by line where the output is no terminal."""

import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from modelgen.models import Run, Stage
from modelgen.running import carrying_out, progress
from modelgen.running.at_hand import from_settings
from modelgen.running.helping import Helping
from modelgen.running.progress import Progress, StageProgress

PAUSE_SECONDS = 0.5
LINE_EVERY_SECONDS = 10.0
Now = Callable[[], datetime]


def watch(run: Run, console: Console, *, hands: int, now: Now) -> Progress:
    """Show a run until nothing of it is left to do, and do chunks meanwhile in so many threads; 0 only looks on.

    Ctrl-C ends the looking: chunks that were begun here are asked again by whoever comes next, and the run stays as it is.
    """
    with Helping(from_settings, hands, now=now) as helping, _Showing(console) as showing:
        while True:
            helping.check()
            carrying_out.plan(run, at=now())
            run.refresh_from_db()
            far = progress.of_run(run, at=now())
            showing.show(far)
            if is_over(far):
                return far
            time.sleep(PAUSE_SECONDS)


def is_over(far: Progress) -> bool:
    """Nothing will happen any more: it has ended or was stopped, or a judge has nothing left to judge."""
    if far.run.state != Run.State.RUNNING:
        return True
    return far.run.has_no_end and all(stage.done >= (stage.rows or 0) for stage in far.stages)


class _Showing:
    """Drawn again and again on a terminal; a line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self._said_at = 0.0

    def __enter__(self) -> "_Showing":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, far: Progress) -> None:
        if self._live:
            self._live.update(drawn(far))
        elif time.monotonic() - self._said_at > LINE_EVERY_SECONDS:
            self._said_at = time.monotonic()
            self._console.print(in_a_line(far))


def drawn(far: Progress) -> RenderableType:
    """A run as a table, one line a stage."""
    table = Table(box=None, pad_edge=False)
    for name, justify in (("stage", "left"), ("", "left"), ("rows", "right"), ("failed", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for name in ("made", "tokens", "tokens/s", "time left"):
        table.add_column(name, justify="right")
    for stage in far.stages:
        table.add_row(*_cells(stage))
    return Group(Text(f"Run {far.run.pk}: {far.run.title} - {far.run.state}", style="bold"), table, Text(footer(far)))


def _cells(stage: StageProgress) -> list[RenderableType]:
    rows = f"{stage.done:,}" if stage.rows is None else f"{stage.done:,} of {stage.rows:,}"
    return [
        stage.name,
        ProgressBar(total=1.0, completed=stage.share, width=20),
        "waiting" if stage.state == Stage.State.WAITING else rows,
        f"{stage.failed:,}" if stage.failed else "",
        "" if stage.outputs is None else f"{stage.outputs:,}",
        f"{stage.prompt_tokens + stage.completion_tokens:,}",
        f"{stage.tokens_a_second:,.0f}" if stage.tokens_a_second else "",
        duration(stage.seconds_left),
    ]


def footer(far: Progress) -> str:
    """Tokens and cost of all, and why nothing happens when nothing happens."""
    tokens = f"{far.prompt_tokens:,} tokens read, {far.completion_tokens:,} written; {price(far.cost)}."
    return "\n".join(filter(None, [tokens, far.run.problem]))


def in_a_line(far: Progress) -> str:
    asking = next((stage for stage in far.stages if stage.state == Stage.State.ASKING), None)
    where = f", stage {asking.name} {asking.done:,} of {asking.rows or 0:,}" if asking else ""
    failed = f", {far.failed:,} failed" if far.failed else ""
    speed = f", {far.tokens_a_second:,.0f} tokens a second" if far.tokens_a_second else ""
    left = f", {duration(far.seconds_left)} left" if far.seconds_left else ""
    problem = f" - {far.run.problem}" if far.run.problem else ""
    return f"Run {far.run.pk} {far.run.state}{where}{failed}{speed}{left}{problem}"


def price(cost: Decimal | None) -> str:
    return "no price is known" if cost is None else f"{cost:,.4f} at the prices of the models"


def duration(seconds: float | None) -> str:
    """Rounded to what somebody who waits wants to know.

    >>> [duration(seconds) for seconds in (7.4, 400, 7_500, None)]
    ['7 s', '7 min', '2 h 5 min', '']
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
