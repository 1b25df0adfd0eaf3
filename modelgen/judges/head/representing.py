"""What is asked for a reward head: the last hidden state of a model that has read a conversation and one response to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modelgen.asking import Asking, CannotParse, NothingToSay
from modelgen.engines.protocol import Message, Represent
from modelgen.judges.reading import response_from
from modelgen.judges.reward_model import scored_prompt

ROLE = "backbone"
STORED = np.dtype("<f2")
"""Servers compute in 16 bits; nothing that a linear head could use is lost."""

Floats16 = npt.NDArray[np.float16]


def representing(messages: Sequence[Message], responses: Sequence[Mapping[str, Any]]) -> Asking[Floats16]:
    """Hidden states (R, F) of R stored responses, in their order; one call each, all at the same time.

    Raises CannotParse, NothingToSay.
    """
    if not responses:
        raise NothingToSay("The sample has no response to read.")
    prompts = [scored_prompt(messages, response_from(response, {})) for response in responses]
    replies = yield [Represent(model=ROLE, prompt=prompt) for prompt in prompts]
    widths = {len(reply.numbers) for reply in replies}
    if len(widths) > 1 or not widths - {0}:
        raise CannotParse(
            f"The hidden states of one sample have {sorted(widths)} numbers; they should have as many each."
        )
    states = np.array([reply.numbers for reply in replies], dtype=float)
    if not np.isfinite(states).all():
        raise CannotParse("The model gave a hidden state with something in it that is no number.")
    largest = float(np.finfo(STORED).max)
    return np.clip(states, -largest, largest).astype(STORED)
