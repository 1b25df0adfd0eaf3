"""What a page still says in English, though its language has words for it: text and labels against the catalogue."""

import re
from collections.abc import Iterable
from functools import cache
from html.parser import HTMLParser

from config import catalogues

SPOKEN = {"aria-label", "aria-description", "title", "placeholder", "alt", "content", "summary"}  # and every data-*
SILENT = {"script", "style"}
PLACE = re.compile(r"%\(\w+\)[0-9.]*[a-z]|%[ds]|\{\w+[^}]*\}")
ENOUGH = 4  # letters that are left of a sentence when what is filled in is taken out
FOR_DEVELOPERS = {"templates/styleguide.html"}


class Texts(HTMLParser):
    """Every text of a page and every attribute that somebody is told."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT
        self.found |= {_even(value or "") for name, value in attrs if name in SPOKEN or name.startswith("data-")}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.add(_even(data))


def left_in_english(page: str, *, language: str = "ko", said_by_people: Iterable[str] = ()) -> set[str]:
    """Texts of the page that are sentences of ours in English. said_by_people: texts that are somebody's own words."""
    whole, filled_in = _english(language)
    texts = Texts(page).found - {_even(text) for text in said_by_people}
    return {text for text in texts if text in whole or (len(text) > ENOUGH and filled_in.fullmatch(text))}


@cache
def _english(language: str) -> tuple[frozenset[str], re.Pattern[str]]:
    """Sentences as they are, and those that something is filled into, as one pattern."""
    whole, filled_in = set(), []
    for message in catalogues.read(language):
        is_shown = bool({path for path, _line in message.locations} - FOR_DEVELOPERS)
        for sentence in [message.id] if isinstance(message.id, str) else message.id:
            if not sentence or not is_shown or sentence in message.string or sentence == message.string:
                continue
            parts = [_even(part.replace("%%", "%"), strip=False) for part in PLACE.split(sentence)]
            if len(parts) == 1:
                whole.add(parts[0].strip())
            elif len(re.sub(r"[^A-Za-z]", "", "".join(parts))) >= ENOUGH:
                place = (
                    ".+" if len(" ".join(parts).split()) > 2 else r"\S*\d\S*"
                )  # of a word or two: a number stands there
                filled_in.append(place.join(map(re.escape, parts)).strip())
    return frozenset(whole), re.compile("|".join(filled_in))


def _even(text: str, *, strip: bool = True) -> str:
    joined = re.sub(r"\s+", " ", text)
    return joined.strip() if strip else joined
