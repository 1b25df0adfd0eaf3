"""Reading what models were asked to write: lists and single texts, whatever chatter stands before and after them.

Replies are strangers' texts: every function here takes any text, ends in time linear in its length, and either returns
what was asked for or raises CannotParse.
"""

import json
import re
from collections.abc import Iterable

from modelgen.asking import CannotParse
from modelgen.engines.protocol import Reply
from modelgen.pipeline.rows import same_form

LONGEST_REPLY = 200_000
"""Characters; of a longer reply nothing is used: a model that wrote so much has lost its way."""

_MARK = re.compile(
    r"^[ \t]{0,12}(?:(?P<number>\(?\d{1,4}[.):])|(?P<bullet>[-*\u2022\u2013])|(?P<letter>\(?[a-z][.)]))[ \t]+(?P<text>\S.*)$"
)
_FENCE = re.compile(r"^[ \t]*```")
_THINKING = re.compile(r"^\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_YES = r"(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|great|alright)"
_THING = r"(?:prompt|request|question|problem|message|version|revision|rewrite|task|topic|keyword|idea|list)s?"
_OPENING = re.compile(
    rf"^(?:{_YES}(?:[,!.][^\n]{{0,200}})?[:!.]|"
    rf"(?:{_YES}[,!.]? )?(?:here (?:is|are)|here's|below (?:is|are))(?: [\w-]+){{0,5}}? {_THING}\b[^\n]{{0,80}}:)$",
    re.IGNORECASE,
)
"""A line that only says that something follows. `Here is my code:` is no such line: it belongs to what was asked for."""
_CLOSING = re.compile(
    r"^(?:let me know|i hope|hope this|feel free|would you like|if you (?:need|want|would))\b", re.IGNORECASE
)
_LABEL = re.compile(
    r"^(?:\*\*|#{1,6}[ \t]*)?(?:revised |rewritten |new |final |improved )?"
    r"(?:prompt|question|problem|request|task|message|instruction|rewrite|revision|user|assistant)"
    r"(?:[ \t]+\d{1,3})?(?:\*\*)?[ \t]*:(?:\*\*)?[ \t]*",
    re.IGNORECASE,
)
_SIDE = r"^[ \t]*(?:\*\*|#{{1,6}}[ \t]*)?(?:{names})(?:\*\*)?[ \t]*:(?:\*\*)?[ \t]*"
_USER = re.compile(_SIDE.format(names="user|human"), re.IGNORECASE | re.MULTILINE)
_ASSISTANT = re.compile(_SIDE.format(names="(?:ai )?assistant|chatbot"), re.IGNORECASE | re.MULTILINE)
_QUOTES = {'"': '"', "'": "'", "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb", "`": "`"}


def read_list(reply: Reply | str, *, most: int, longest: int = 2000, least: int = 1) -> list[str]:
    """The entries of a list, at most `most`, each once: numbered, with bullets, as JSON, or one a line.

    longest: characters of one entry; longer ones are left out, and so is the last one of a reply that was cut.
    Raises CannotParse when fewer than `least` remain.
    """
    text = without_thinking(_text_of(reply))
    entries = _json_list(text) or _marked_list(text) or _bare_lines(text)
    if _was_cut(reply):
        entries = entries[:-1]
    found = _each_once(tidy for entry in entries if 0 < len(tidy := tidied(entry)) <= longest)
    if len(found) < least:
        raise CannotParse(f"A list of at least {least} was asked for; the reply has {len(found) or 'none'}.")
    return found[:most]


def read_text(reply: Reply | str, *, longest: int, shortest: int = 1) -> str:
    """One text: without thinking, opening words, a label before it, fences or quotation marks around it.

    Raises CannotParse when it was cut, when nothing is left, or less or more than asked for (in characters).
    """
    text = _without_opening(without_thinking(_whole(reply)))
    text = tidied(_LABEL.sub("", _without_fence(text), count=1))
    if not text:
        raise CannotParse("The reply is empty.")
    if not shortest <= len(text) <= longest:
        raise CannotParse(f"The reply has {len(text)} characters; {shortest} to {longest} were wanted.")
    return text


def read_turn(reply: Reply | str, *, role: str, longest: int) -> str:
    """What one side of a conversation says next. role: `user` or `assistant`, whom the model plays.

    A label before it goes ("User:"). Of a user who also wrote the assistant's answer, what was said before it stays.
    Raises CannotParse when it was cut, is empty, too long (in characters), or spoken for the other side.
    """
    text = without_thinking(_whole(reply))
    ours, theirs = (_USER, _ASSISTANT) if role == "user" else (_ASSISTANT, _USER)
    if theirs.match(text):
        raise CannotParse(f"The model was to speak as the {role} and spoke for the other side.")
    text = ours.sub("", text, count=1)
    if role == "user" and (other := theirs.search(text)):
        text = text[: other.start()]
    text = tidied(text) if role == "user" else text.strip()
    if not 0 < len(text) <= longest:
        raise CannotParse(f"The turn has {len(text)} characters; 1 to {longest} were wanted.")
    return text


def _text_of(reply: Reply | str) -> str:
    return reply if isinstance(reply, str) else reply.text


def _was_cut(reply: Reply | str) -> bool:
    return isinstance(reply, Reply) and any(reply.was_cut)


def _whole(reply: Reply | str) -> str:
    if _was_cut(reply):
        raise CannotParse("The reply ended in the middle, at the most tokens that it was allowed; allow more.")
    return _text_of(reply)


def without_thinking(reply: str) -> str:
    """The reply without what a model wrote to itself first, and without characters that no text has."""
    if len(reply) > LONGEST_REPLY:
        raise CannotParse(f"The reply has {len(reply)} characters, more than the {LONGEST_REPLY} that are read.")
    text = _THINKING.sub("", reply.replace("\x00", ""), count=1)
    text = text.encode("utf-8", "replace").decode()  # lone surrogates cannot be stored
    if re.match(r"\s*<think(?:ing)?>", text, re.IGNORECASE):
        raise CannotParse("The reply was still thinking when it ended; allow it more tokens.")
    return text.strip()


def tidied(text: str) -> str:
    """An entry without the marks that stand around it: bold, quotation marks, a comma at its end."""
    text = text.strip().rstrip(",").strip()
    if len(text) > 4 and text.startswith("**") and text.endswith("**") and "**" not in text[2:-2]:
        text = text[2:-2].strip()
    if len(text) > 1 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1] and text[-1] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _each_once(entries: Iterable[str]) -> list[str]:
    return list({same_form(entry): entry for entry in reversed(list(entries))}.values())[::-1]


def _json_list(text: str) -> list[str]:
    """The entries of the first JSON list of texts, or of objects with one text each."""
    start = text.find("[")
    if start < 0 or text[start + 1 :].lstrip()[:1] not in ('"', "{"):
        return []
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return []
    return [entry for each in value if (entry := _only_text(each))]


def _only_text(value: object) -> str:
    if isinstance(value, dict):
        texts = [each for each in value.values() if isinstance(each, str)]
        value = texts[0] if len(texts) == 1 else ""
    return " ".join(value.split()) if isinstance(value, str) else ""


def _marked_list(text: str) -> list[str]:
    """Entries with the mark that the reply uses first, each with the lines that belong to it."""
    entries: list[str] = []
    style = ""
    is_open = False
    for line in text.splitlines():
        found = _MARK.match(line)
        if found and (not style or found[style]):
            style = style or next(name for name in ("number", "bullet", "letter") if found[name])
            entries.append(found["text"])
            is_open = True
        elif not line.strip() or _FENCE.match(line):
            is_open = False
        elif is_open:
            entries[-1] += "\n" + line.strip()
    return entries


def _bare_lines(text: str) -> list[str]:
    """One entry a line, without opening and closing words and without headings."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _FENCE.match(line)]
    lines = [line for line in lines if not (_OPENING.match(line) or _CLOSING.match(line) or line.startswith("#"))]
    lines = [line for line in lines if not line.endswith(":")]
    return lines if len(lines) > 1 else []


def _without_opening(text: str) -> str:
    first, _, rest = text.partition("\n")
    return rest.strip() if rest.strip() and _OPENING.match(first.strip()) else text


def _without_fence(text: str) -> str:
    """What stands in a fence when the whole text is one."""
    lines = text.splitlines()
    if len(lines) > 2 and _FENCE.match(lines[0]) and lines[-1].strip() == "```" and text.count("```") == 2:
        return "\n".join(lines[1:-1]).strip()
    return text
