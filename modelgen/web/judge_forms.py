"""The options of each kind of judge as fields of a form, made from what the options say of themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, get_args, get_type_hints

from django.utils.translation import gettext as _

from modelgen.judges import principles
from modelgen.judges.kinds import JUDGE_KINDS
from modelgen.judges.reward_model import WEIGHTS
from modelgen.options import OptionRefused, OptionWords, described
from modelgen.pipeline.yaml_source import RecipeRefused, read_yaml

Row = dict[str, Any]
PREFIX = "option."
LONGEST = 20_000
NO_DEFAULT = ("null", "{}", "[]", '""')


def kinds() -> list[Row]:
    """Every kind of judge that can be put to work, with what it does in a sentence."""
    return [{"name": name, **_about(name)} for name in JUDGE_KINDS]


def _about(name: str) -> Row:
    """needs_model: whether a model is asked at all."""
    about = {
        "llm-comparison": (
            _("Comparison by a language model"),
            _("Says which of two responses is better, asked in both orders, by a principle drawn from a list."),
        ),
        "llm-rating": (
            _("Rating by a language model"),
            _("Rates each attribute as a distribution over its levels, worded as the rubric words them."),
        ),
        "reward-model": (
            _("Reward model"),
            _("Scores each response: one number, or one for each of several attributes with named weights."),
        ),
        "verifier": (
            _("Verifier"),
            _("A program that checks right answers and verifiable instructions. It asks no model."),
        ),
    }
    title, sentence = about.get(name, (name, ""))
    return {"title": title, "sentence": sentence, "needs_model": name != "verifier"}


def fields(kind: str, posted: Mapping[str, str]) -> list[Row]:
    """One field an option: how it looks, what it means, its default, and what was given."""
    options = JUDGE_KINDS[kind].options
    return [
        {
            **_field(words, posted.get(PREFIX + words.name, "")),
            "example": _example(options, words.name),
            "suggested": _suggested(kind, words.name),
        }
        for words in described(options)
    ]


def _field(words: OptionWords, given: str) -> Row:
    choices = ["true", "false"] if words.type == "true or false" else _choices(words.type)
    is_short = words.type.startswith(("text", "whole number", "number"))
    return {
        "name": words.name,
        "field": PREFIX + words.name,
        "label": words.name.replace("_", " ").capitalize(),
        "meaning": _capitalised(_(words.meaning)),
        "type": _type_text(words.type.replace("`", "")),
        "default": _("none") if words.default in NO_DEFAULT else words.default.strip('"'),
        "choices": choices,
        "look": "choice" if choices else "line" if is_short else "area",
        "given": given,
    }


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _type_text(type_words: str) -> str:
    """What an option may be, as `OptionWords.type` says it, in the language of the page."""
    kind, _comma, limits = type_words.partition(", ")
    known = {
        "text": _("text"),
        "whole number": _("whole number"),
        "number": _("number"),
        "mapping": _("mapping"),
        "list of: text": _("list of texts"),
    }
    low, _to, high = limits.partition(" to ")
    if high:
        limits = _("%(low)s to %(high)s") % {"low": low, "high": high}
    return ", ".join(filter(None, (known.get(kind, kind), limits)))


def _suggested(kind: str, option: str) -> list[str]:
    """Names that an option may hold and that come with Concord; lists of one's own have others."""
    match kind, option:
        case "llm-comparison", "principles":
            return sorted(principles.shipped())
        case "reward-model", "weights":
            return sorted(WEIGHTS)
        case _:
            return []


def _example(options: type, name: str) -> str:
    """Of an option that has options of its own: all of them, as they are by default. Empty for any other."""
    hint = get_type_hints(options)[name]
    inner = next((kind for kind in (hint, *get_args(hint)) if is_dataclass(kind)), None)
    if not isinstance(inner, type):
        return ""
    return f"{{{', '.join(f'{words.name}: {words.default}' for words in described(inner))}}}"


def _choices(type_words: str) -> list[str]:
    return [choice.strip("`") for choice in type_words.split(" or ")] if type_words.startswith("`") else []


def options_given(kind: str, posted: Mapping[str, str]) -> dict[str, Any]:
    """The options that were filled in: texts as they are, everything else read as YAML. Raises OptionRefused."""
    given = {}
    options = described(JUDGE_KINDS[kind].options)
    _check_known(posted, [words.name for words in options])
    for words in options:
        text = posted.get(PREFIX + words.name, "").replace("\x00", "").strip()[:LONGEST]
        if text:
            is_text = words.type.startswith(("text", "`"))
            given[words.name] = text if is_text else _value(words.name, text)
    return given


def _check_known(posted: Mapping[str, str], names: Sequence[str]) -> None:
    for field in posted:
        if field.startswith(PREFIX) and field.removeprefix(PREFIX) not in names:
            name = field.removeprefix(PREFIX)[:60]
            raise OptionRefused(
                (name,),
                _("There is no option %(name)r here; there are: %(names)s.")
                % {"name": name, "names": ", ".join(names)},
            )


def _value(name: str, text: str) -> Any:
    try:
        return read_yaml(text).value
    except RecipeRefused as refused:
        raise OptionRefused(
            (name,), _("%(name)r cannot be read: %(why)s") % {"name": name, "why": refused}
        ) from refused
