"""Words, sentences, paragraphs and lists of a text in any script."""

import re

# A Han or kana character stands for a word of its own: these scripts do not put spaces between words.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:['\u2019-][^\W_{_UNSPACED}]+)*")
_SENTENCE_ENDS = re.compile(r"(?<![.!?\u2026])[.!?\u2026]+[\"')\]\u201d\u2019*_]*(?=\s|$)|[\u3002\uff01\uff1f]+")
_ABBREVIATIONS = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|approx|Fig|No|e\.g|i\.e|[A-Z])\.(?=[ \t]+\S)", re.ASCII
)
_BULLET = re.compile(r"^[ \t]{0,8}[*\-\u2022][ \t]+\S", re.MULTILINE)
_HIGHLIGHT = re.compile(
    r"(?<!\*)\*(?![\s*])[^*\n]{0,300}(?<!\s)\*(?!\*)|(?<!\*)\*\*(?![\s*])[^*\n]{0,300}(?<!\s)\*\*(?!\*)"
)
_PLACEHOLDER = re.compile(r"\[[^\[\]\n]{1,200}\](?!\()")


def words(text: str) -> list[str]:
    return _WORDS.findall(text)


def sentence_count(text: str) -> int:
    """Sentences end with a mark before a space, or with a mark of a script that has no spaces; an unended last one counts."""
    plain = _ABBREVIATIONS.sub("", text)
    ends = [found.end() for found in _SENTENCE_ENDS.finditer(plain)]
    is_unended = bool(words(plain[ends[-1] if ends else 0 :]))
    return len(ends) + is_unended


def paragraphs(text: str) -> list[str]:
    """Parts with blank lines between them."""
    return [part.strip() for part in re.split(r"\n[ \t\r]*\n", text) if part.strip()]


def parts(text: str, separator: str) -> list[str]:
    """What stands between lines that hold nothing but the separator. A separator before or after everything divides nothing."""
    found: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip() == separator:
            found.append([])
        else:
            found[-1].append(line)
    joined = ["\n".join(lines).strip() for lines in found]
    return joined[not joined[0] : len(joined) - (len(joined) > 1 and not joined[-1])]


def bullet_count(text: str) -> int:
    return len(_BULLET.findall(text))


def highlight_count(text: str) -> int:
    """Stretches like *this* or **this**, within one line."""
    return len(_HIGHLIGHT.findall(text))


def placeholder_count(text: str) -> int:
    """Stretches like [address], but no links."""
    return len(_PLACEHOLDER.findall(text))


def occurrences(word: str, text: str) -> int:
    """How often a word or phrase stands in a text by itself, in any case."""
    if not word:
        return 0
    pattern = rf"(?<!\w){re.escape(word)}(?!\w)"
    if re.search(rf"[{_UNSPACED}]", word):
        pattern = re.escape(word)
    return len(re.findall(pattern, text, flags=re.IGNORECASE))


def capital_words(text: str) -> list[str]:
    """Words of two letters or more that are all capitals."""
    return [word for word in words(text) if word.isupper() and sum(map(str.isalpha, word)) >= 2]


def in_quotes(word: str) -> str:
    return f'"{word}"'


def listed(these: tuple[str, ...]) -> str:
    """ "a", "b" and "c"."""
    quoted = [in_quotes(each) for each in these]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
