"""Every kind of stage and its options in words, as the documentation and help show them.

`python -m modelgen.pipeline.words` prints the part of docs/pipeline.md that is made from here.
"""

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from modelgen.options import OptionWords, described
from modelgen.pipeline.basis import AskingOptions, SamplingChoice, StageBasis
from modelgen.pipeline.kinds import STAGE_KINDS


def stage_words() -> str:
    """A heading, a sentence and a table for every kind of stage, in Markdown."""
    return "\n".join(_section(kind) for kind in STAGE_KINDS.values())


def option_table(options: Sequence[OptionWords]) -> str:
    """Options in Markdown, one a line."""
    lines = [f"| `{option.name}` | {option.type} | {_default(option)} | {option.meaning} |" for option in options]
    return "\n".join(["| option | is | default | |", "|---|---|---|---|", *lines]) + "\n"


def _default(option: OptionWords) -> str:
    """Nothing for an option that may be left out and then is none."""
    if not option.default:
        return "must be given"
    return "" if option.default == "null" else f"`{option.default}`"


def own_options(kind: type[StageBasis[Any]]) -> list[OptionWords]:
    """What a kind's options have beyond those that every kind has that asks a model."""
    common = described(AskingOptions)
    return [option for option in described(kind.options_type) if option not in common]


def _section(kind: type[StageBasis[Any]]) -> str:
    options = own_options(kind)
    return "\n".join([f"### `{kind.kind}`\n", f"{_sentence(kind)}\n", *([option_table(options)] if options else [])])


def _sentence(kind: type[StageBasis[Any]]) -> str:
    says = " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
    return " ".join([says, *_remarks(kind)])


def _remarks(kind: type[StageBasis[Any]]) -> Iterable[str]:
    if not kind.takes_rows:
        yield "A recipe may begin with it."
    if issubclass(kind.options_type, SamplingChoice):
        yield f"Writes at temperature {kind.sampling.temperature:g}, at most {kind.sampling.most_tokens} tokens."


if __name__ == "__main__":
    print(stage_words())
