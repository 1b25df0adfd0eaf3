"""The embedded engine: features of a response's text, on the processor, without any model.

It lets a laptop show the whole way of model judging. What it knows is form (length, structure, repetition, how much of
the prompt comes back) and, through hashed n-grams, a trace of vocabulary; it does not understand a word. How far that
goes is for the reward head to measure on held-out labels.

The same text gives the same numbers in every process and on every machine: hashes are CRC-32 and fixed polynomials,
never Python's own. Work is bounded: of a text longer than `LONGEST_TEXT` characters only the beginning and the end are
read (its length counts in full).
"""

import json
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from modelgen.engines.protocol import Call, CannotBeAsked, Prompt, Reply, Represent

NAME = "embedded"
REVISION = "1"
"""Part of every judge's identity: raise it whenever a feature changes."""

LONGEST_TEXT = 20_000
WORD_BUCKETS = 512
CHARACTER_BUCKETS = 512
CHARACTER_ORDERS = (3, 4)

# A Han or kana character stands for a word of its own: these scripts do not put spaces between words.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_SENTENCE_ENDS = re.compile(r"[.!?](?=\s|$)|[\u3002\uff01\uff1f]")
_TERMINALS = ".!?\"')]}`\u3002\uff01\uff1f\u201d\u2019\u300d\u300f"
_LIST_LINE = re.compile(r"^[ \t]*(?:[-*•]|\d{1,3}[.)])[ \t]", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]", re.MULTILINE)
_URL = re.compile(r"https?://|www\.")
_EMPHASIS = re.compile(r"\*\*|__")

Message = Mapping[str, Any]
Response = str | Mapping[str, Any] | Sequence[Message]
Floats32 = npt.NDArray[np.float32]


def features(messages: Sequence[Message], responses: Sequence[Response]) -> Floats32:
    """Features of each response to a conversation.

    Parameters:
        messages: the conversation, `{"role", "content"}` each; content is text, a list of parts, or None.
        responses: text, `{"text": ...}` or `{"messages": [...]}`, one message, or a list of messages, each.

    Returns: (R, FEATURE_COUNT) float32, finite; roughly one unit of spread a column for the named features, and for the
        hashed n-grams rows of unit length. A response's row does not depend on the other responses.
    """
    prompt = _read(_conversation_text(messages))
    return (
        np.stack([_row(prompt, response) for response in responses])
        if responses
        else np.zeros((0, FEATURE_COUNT), dtype=np.float32)
    )


class EmbeddedEngine:
    """The features as an engine: it represents, and can do nothing else."""

    async def reply(self, call: Call) -> Reply:
        """The features of a text, or of a conversation's last message given what stood before it. Raises: CannotBeAsked."""
        if not isinstance(call, Represent):
            raise CannotBeAsked(
                f"The embedded engine reads texts without a model: it has features, and no {type(call).__name__}. "
                "Name a model that MODEL_SERVERS knows."
            )
        before, last = _last_message(call.prompt)
        return Reply(numbers=tuple(features(before, [last])[0].tolist()))

    async def count_tokens(self, prompt: Prompt) -> int:
        """How many words: there are no tokens here."""
        before, last = _last_message(prompt)
        return sum(len(_read(text).words) for text in (_conversation_text(before), response_text(last)))

    async def aclose(self) -> None:
        """Nothing is open."""


def _last_message(prompt: Prompt) -> tuple[Sequence[Message], Response]:
    """A conversation as what stood before, and what is looked at; plain content as text, as responses usually are."""
    if isinstance(prompt, str) or not prompt:
        return (), prompt
    last = prompt[-1]
    is_plain = isinstance(last.get("content"), str) and not last.get("tool_calls")
    return prompt[:-1], str(last["content"]) if is_plain else last


@dataclass(frozen=True)
class _Text:
    """A text, cut to what is read, with its full length in characters."""

    text: str
    length: int
    words: tuple[str, ...]
    vocabulary: frozenset[str]


def _read(text: str) -> _Text:
    length = len(text)
    if length > LONGEST_TEXT:
        text = text[: LONGEST_TEXT * 3 // 4] + "\n" + text[-LONGEST_TEXT // 4 :]
    text = unicodedata.normalize("NFC", text)
    words = tuple(_WORDS.findall(text.lower()))
    return _Text(text, length, words, frozenset(words))


def _row(prompt: _Text, response: Response) -> Floats32:
    said = _read(response_text(response))
    named = {**_size(said), **_marks(said), **_structure(said), **_repetition(said), **_overlap(prompt, said)}
    named |= _turns(response)
    dense = np.fromiter(named.values(), dtype=np.float32, count=len(NAMED_FEATURES))
    return np.concatenate([dense, _hashed_words(said.words), _hashed_characters(said.text)])


# --- reading what a response may be ---------------------------------------------------------------------------------


def response_text(response: Response) -> str:
    """All text of a response: its own, or its messages' contents and tool calls, one a line."""
    if isinstance(response, str):
        return response
    if isinstance(response, Mapping) and isinstance(response.get("text"), str):
        return str(response["text"])
    return _conversation_text(_messages_of(response))


def _messages_of(response: Response) -> Sequence[Message]:
    if isinstance(response, str):
        return ()
    if isinstance(response, Mapping):
        return response["messages"] if isinstance(response.get("messages"), list) else (response,)
    return response


def _conversation_text(messages: Iterable[Message]) -> str:
    return "\n".join(filter(None, (_message_text(message) for message in messages)))


def _message_text(message: Message) -> str:
    calls = message.get("tool_calls")
    texts = [_content_text(message.get("content")), json.dumps(calls, ensure_ascii=False) if calls else ""]
    return "\n".join(filter(None, texts))


def _content_text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        return str(content.get("text") or "")
    if isinstance(content, Iterable):
        return "\n".join(filter(None, map(_content_text, content)))
    return ""


# --- named features -------------------------------------------------------------------------------------------------


def _size(said: _Text) -> dict[str, float]:
    words = len(said.words)
    log_length = float(np.log1p(said.length))
    sentences = len(_SENTENCE_ENDS.findall(said.text))
    return {
        "log_length": log_length,
        "log_length_squared": log_length**2 / 10.0,
        "log_words": float(np.log1p(words)),
        "log_sentences": float(np.log1p(sentences)),
        "words_a_sentence": float(np.log1p(words / max(sentences, 1))),
        "word_length": float(np.log1p(_share(sum(map(len, said.words)), words))),
        "long_words": _share(sum(len(word) > 6 for word in said.words), words),
        "empty": float(not said.text.strip()),
    }


def _marks(said: _Text) -> dict[str, float]:
    text, length = said.text, len(said.text)
    letters = sum(map(str.isalpha, text))
    return {
        "letters": _share(letters, length),
        "capitals": _share(sum(map(str.isupper, text)), letters),
        "digits": _share(sum(map(str.isdigit, text)), length),
        "not_ascii": _share(length - len(text.encode("ascii", "ignore")), length),
        "commas": _rate(text.count(","), length),
        "questions": _rate(text.count("?"), length),
        "exclamations": _rate(text.count("!"), length),
        "quotes": _rate(text.count('"') + text.count("“"), length),
        "brackets": _rate(text.count("("), length),
        "colons": _rate(text.count(":"), length),
        "ellipses": _rate(text.count("..."), length),
        "starts_with_capital": float(text[:1].isupper()),
        "ends_a_sentence": float(text.rstrip()[-1:] in _TERMINALS and bool(text.strip())),
    }


def _structure(said: _Text) -> dict[str, float]:
    text, lines = said.text, said.text.count("\n") + 1
    listed = len(_LIST_LINE.findall(text))
    return {
        "log_lines": float(np.log(lines)),
        "log_paragraphs": float(np.log1p(text.count("\n\n"))),
        "list_lines": _share(listed, lines),
        "log_list_lines": float(np.log1p(listed)),
        "log_headings": float(np.log1p(len(_HEADING.findall(text)))),
        "log_emphasis": float(np.log1p(len(_EMPHASIS.findall(text)))),
        "log_code_fences": float(np.log1p(text.count("```"))),
        "log_urls": float(np.log1p(len(_URL.findall(text)))),
    }


def _repetition(said: _Text) -> dict[str, float]:
    """How much is said twice: types a token, repeated pairs and triples of words, repeated lines, stutters."""
    words, lines = said.words, [line for line in said.text.splitlines() if line.strip()]
    pairs = list(pairwise(words))
    triples = list(zip(words, words[1:], words[2:], strict=False))
    return {
        "types_a_token": _share(len(said.vocabulary), len(words)),
        # Types grow with the root of the length (Guiraud 1954), so this one compares texts of different length.
        "types_a_root_token": len(said.vocabulary) / max(len(words), 1) ** 0.5 / 5.0,
        "repeated_pairs": _share(len(pairs) - len(set(pairs)), len(pairs)),
        "repeated_triples": _share(len(triples) - len(set(triples)), len(triples)),
        "repeated_lines": _share(len(lines) - len(set(lines)), len(lines)),
        "stutters": _share(sum(first == second for first, second in pairs), len(pairs)),
        "commonest_word": _share(max(Counter(words).values(), default=0), len(words)),
    }


def _overlap(prompt: _Text, said: _Text) -> dict[str, float]:
    shared = prompt.vocabulary & said.vocabulary
    asked_pairs = set(pairwise(prompt.words))
    pairs = list(pairwise(said.words))
    return {
        "from_prompt": _share(sum(word in shared for word in said.words), len(said.words)),
        "prompt_covered": _share(len(shared), len(prompt.vocabulary)),
        "pairs_from_prompt": _share(sum(pair in asked_pairs for pair in pairs), len(pairs)),
        "log_new_words": float(np.log1p(len(said.vocabulary) - len(shared))),
        "length_to_prompt": float(np.log1p(said.length) - np.log1p(prompt.length)),
        "inside_prompt": float(bool(said.text.strip()) and said.text.strip() in prompt.text),
    }


def _turns(response: Response) -> dict[str, float]:
    messages = _messages_of(response)
    calls = sum(len(message.get("tool_calls") or ()) for message in messages)
    return {"log_messages": float(np.log1p(len(messages))), "log_tool_calls": float(np.log1p(calls))}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _rate(count: int, length: int) -> float:
    """Occurrences a hundred characters, damped: one mark in a short text must not outweigh everything."""
    return float(np.log1p(100.0 * _share(count, length)))


NAMED_FEATURES = tuple(
    {
        **_size(_read("")),
        **_marks(_read("")),
        **_structure(_read("")),
        **_repetition(_read("")),
        **_overlap(_read(""), _read("")),
        **_turns(""),
    }
)
_HASHED_COUNT = WORD_BUCKETS + CHARACTER_BUCKETS
FEATURE_COUNT = len(NAMED_FEATURES) + _HASHED_COUNT
# All hashed columns together may play as large a part as all named ones: measured better than either alone.
COLUMN_SCALE = np.repeat([1.0, (len(NAMED_FEATURES) / _HASHED_COUNT) ** 0.5], [len(NAMED_FEATURES), _HASHED_COUNT])
"""(FEATURE_COUNT,) for `fitting.fit_head(column_scale=...)`."""


# --- hashed n-grams -------------------------------------------------------------------------------------------------


def _hashed_words(words: Sequence[str]) -> Floats32:
    """(WORD_BUCKETS,) single words and pairs of neighbours."""
    single = np.fromiter(
        (zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words),
        dtype=np.uint64,
        count=len(words),
    )
    pairs = single[:-1] * np.uint64(0x9E3779B1) + single[1:]
    return _bucketed(np.concatenate([single, pairs]), WORD_BUCKETS)


def _hashed_characters(text: str) -> Floats32:
    """(CHARACTER_BUCKETS,) runs of characters: what carries meaning where words are not separated."""
    codes = np.frombuffer(text.lower().encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    runs = [_rolling(codes, order) for order in CHARACTER_ORDERS if len(codes) >= order]
    return _bucketed(np.concatenate(runs) if runs else codes[:0], CHARACTER_BUCKETS)


def _rolling(codes: npt.NDArray[np.uint64], order: int) -> npt.NDArray[np.uint64]:
    hashes = np.full(len(codes) - order + 1, order, dtype=np.uint64)
    for offset in range(order):
        hashes = hashes * np.uint64(0x100000001B3) + codes[offset : len(codes) - order + 1 + offset]
    return hashes


def _bucketed(hashes: npt.NDArray[np.uint64], buckets: int) -> Floats32:
    """Signed, damped counts in `buckets` columns, of unit length (Weinberger et al. 2009); zeros for no hashes."""
    mixed = hashes * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    signs = np.where(mixed >> np.uint64(63), 1.0, -1.0)
    counts = np.bincount((mixed >> np.uint64(32)).astype(np.intp) % buckets, weights=signs, minlength=buckets)
    damped = np.sign(counts) * np.log1p(np.abs(counts))
    return (damped / max(float(np.linalg.norm(damped)), 1e-12)).astype(np.float32)
