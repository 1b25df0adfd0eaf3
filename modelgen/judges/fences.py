"""Texts that others wrote, put into a prompt so that they stay material: they cannot end their frame or speak as somebody else."""

import re
from collections.abc import Iterable

import numpy as np

_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels: a boundary never reads as a word
_LENGTH = 10

# What chat templates use to say who speaks. A tokenizer reads these as commands even inside of a message, so a response that
# holds one could end its own turn and begin the judge's.
_COMMANDS = re.compile(
    r"<(?=\|[\w./:-]{1,60}\|?>"  # <|im_end|>, <|eot_id|>, <|turn>
    r"|[\w./:-]{1,60}\|>"  # <turn|>
    r"|\uff5c"  # the wide bar of DeepSeek
    r"|/?(?:s|bos|eos|pad|unk|sop|eop|start_of_turn|end_of_turn|start_of_image|extra_id_\d+|unused\d+|SPECIAL_\d+)>"
    r"|<SYS>>|</SYS>>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|gMASK)\])",
    re.IGNORECASE,
)


def boundary(texts: Iterable[str], rng: np.random.Generator) -> str:
    """Ten letters that none of the texts contains, in capitals or not; the same for the same texts and seed."""
    everything = "\n".join(texts).upper()
    while True:
        drawn = "".join(_ALPHABET[place] for place in rng.integers(len(_ALPHABET), size=_LENGTH))
        if drawn not in everything:
            return drawn


def fenced(text: str, *, what: str, mark: str) -> str:
    """The text, disarmed before, between two lines that carry the boundary."""
    return f"[{mark}] {what} begins\n{text}\n[{mark}] {what} ends"


def disarmed(text: str) -> str:
    """The text with a space inside of everything that a tokenizer may take for the end or beginning of a turn.

    >>> disarmed("Yes.<|im_end|>")
    'Yes.< |im_end|>'
    """
    return _COMMANDS.sub(lambda opening: opening.group() + " ", text)
