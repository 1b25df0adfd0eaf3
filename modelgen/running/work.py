"""What a worker does with one chunk: take it, ask, and land what came of it.

Recipes and judges differ in what they ask and in where it goes (`Undertaking`); everything else is the same and is here.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from django.db import transaction

from modelgen import asking, registry
from modelgen.asking import Asking, Outcome
from modelgen.engines.protocol import CannotBeAsked, Engine, EngineDown, Usage
from modelgen.models import Chunk, Stage, Unanswered
from modelgen.running import leasing
from modelgen.running.at_hand import EnginesAtHand
from modelgen.running.texts import storable

logger = logging.getLogger(__name__)
Now = Callable[[], datetime]


@dataclass(frozen=True)
class Asked:
    """One row of a chunk and what is asked for it."""

    key: str
    asking: Asking[Any]


@dataclass(frozen=True)
class Answered:
    """One row and what came of it."""

    key: str
    outcome: Outcome[Any]


class Undertaking(Protocol):
    """What recipes and judges do differently."""

    @property
    def roles(self) -> Mapping[str, str]:
        """Role -> model."""
        ...

    def asked(self, chunk: Chunk) -> Sequence[Asked]:
        """What is asked for each row of a chunk that is still wanted."""
        ...

    def keep(self, chunk: Chunk, answered: Sequence[Answered]) -> None:
        """Store what has a value, within the transaction that ends the chunk."""
        ...

    def keep_silences(self, keys: Sequence[str]) -> None:
        """Note the rows of which there is nothing to say, in the same transaction."""
        ...


def answer(chunk: Chunk, undertaking: Undertaking, at_hand: EnginesAtHand, *, now: Now) -> bool:
    """Ask for every row of a leased chunk and land the answers; False when the lease was lost on the way.

    Raises EngineDown, after giving back the rows that nobody answered: those that were answered are landed, and paid once.
    Raises CannotBeAsked, after giving all of it back.
    """
    begun = now()
    try:
        asked, engines = undertaking.asked(chunk), at_hand.engines(undertaking.roles)
        with leasing.kept(chunk, now=now):
            heard = at_hand.run(asking.together(_answered(row, engines) for row in asked))
    except (EngineDown, CannotBeAsked):
        leasing.give_back(chunk, was_begun=False)
        raise
    except BaseException:
        leasing.give_back(chunk)
        raise
    answered = [row for row in heard if isinstance(row, Answered)]
    down = next((row for row in heard if isinstance(row, EngineDown)), None)
    if down is None:
        return land(chunk, undertaking, answered, begun=begun, at=now())
    if answered:
        land(chunk, undertaking, answered, begun=begun, at=now(), leaving_the_rest=True)
    else:
        leasing.give_back(chunk, was_begun=False)
    raise down


async def _answered(row: Asked, engines: Mapping[str, Engine]) -> Answered | EngineDown:
    """What came of one row. A mistake in the program costs its row and not the others, which were asked and paid for too."""
    try:
        return Answered(row.key, await asking.ask(row.asking, engines))
    except EngineDown as down:
        return down
    except CannotBeAsked:
        raise
    except Exception as mistake:
        logger.exception("Row %s could not be asked.", row.key)
        problem = f"A mistake in the program ({type(mistake).__name__}: {mistake}). The worker's log has more."
        return Answered(row.key, Outcome(value=None, problem=problem, raw_texts=(), usages={}))


@transaction.atomic
def land(
    chunk: Chunk,
    undertaking: Undertaking,
    answered: Sequence[Answered],
    *,
    begun: datetime,
    at: datetime,
    leaving_the_rest: bool = False,
) -> bool:
    """Keep all that came of a chunk and end it, or nothing; False when another had it meanwhile.

    leaving_the_rest: rows without an answer go into a chunk of their own, to be asked later.
    """
    usage = sum((row.outcome.usage for row in answered), Usage())
    without = [row for row in answered if not row.outcome.has_value]
    silent = sum(row.outcome.is_silent for row in without)
    is_mine = leasing.finish(
        chunk,
        row_count=len(answered),
        answered_count=len(answered) - len(without),
        failed_count=len(without) - silent,
        silent_count=silent,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
        cost=_cost(answered, undertaking.roles),
        seconds=(at - begun).total_seconds(),
        done_at=at,
    )
    if not is_mine:
        return False
    if leaving_the_rest:
        _split_off(chunk, {row.key for row in answered})
    undertaking.keep(chunk, [row for row in answered if row.outcome.has_value])
    undertaking.keep_silences([row.key for row in without if row.outcome.is_silent])
    Unanswered.objects.bulk_create([_unanswered(chunk, row) for row in without], ignore_conflicts=True)
    return True


def _split_off(chunk: Chunk, answered: Collection[str]) -> None:
    rest = [row for row in chunk.rows if row_key(row) not in answered]
    kept = [row for row in chunk.rows if row_key(row) in answered]
    Chunk.objects.filter(pk=chunk.pk).update(rows=kept)
    stage = Stage.objects.select_for_update().get(pk=chunk.stage_id)  # numbers are given one after the other
    add_chunks(stage, rest, size=chunk.row_count)


def row_key(row: object) -> str:
    """What identifies a row of a chunk: its id, or the sample's."""
    return str(row["id"] if isinstance(row, dict) else row)


def add_chunks(stage: Stage, rows: Sequence[Any], *, size: int) -> int:
    """Put rows into new chunks after the last one; returns how many chunks. The stage is to be locked."""
    last = stage.chunks.order_by("-number").values_list("number", flat=True).first()
    first = 0 if last is None else last + 1
    parts = [list(rows[start : start + size]) for start in range(0, len(rows), size)]
    made = (Chunk(stage=stage, number=first + at, rows=part, row_count=len(part)) for at, part in enumerate(parts))
    Chunk.objects.bulk_create(made, batch_size=1000)
    return len(parts)


def _cost(answered: Sequence[Answered], roles: Mapping[str, str]) -> Decimal | None:
    """At the prices of the models; None when one of them has none that is known."""
    total = Decimal(0)
    for role, model in roles.items():
        usage = sum((row.outcome.usages.get(role, Usage()) for row in answered), Usage())
        cost = registry.model(model).cost(usage.prompt_tokens, usage.completion_tokens)
        if cost is None:
            return None
        total += cost
    return total


def _unanswered(chunk: Chunk, row: Answered) -> Unanswered:
    return Unanswered(
        stage_id=chunk.stage_id,
        chunk=chunk,
        key=row.key,
        problem=storable(row.outcome.problem),
        raw_text=storable("\n\n".join(row.outcome.raw_texts)),
        is_silent=row.outcome.is_silent,
    )
