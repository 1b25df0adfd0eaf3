"""The catalogues of locale/: every message of the sources, beside what it says in each language. For `make messages`.

A language is a folder: `make messages ARGS=fr` makes one, somebody fills in its django.po, and `make messages` compiles
it. Babel is asked for nothing else, and only here: what runs reads the compiled django.mo, which is committed.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import to_language
from django.utils.translation.template import templatize

from config import languages

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
SOURCES = ("annotation", "config", "consensus", "modelgen", "templates")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    # consensus knows nothing of languages; it marks what pages show of it.
    "said": None,
    "_Words": None,
}
FOR_TRANSLATORS = "Translators"  # a comment that begins with this word stands above the message in every catalogue


def messages_of(sources: Iterable[Path]) -> Catalog:
    """Every message of these files, without what it says in any language."""
    found = Catalog(charset="utf-8")
    for path in sources:
        for line, message, comments, context in _extracted(path):
            found.add(message, locations=[(_name(path), line)], auto_comments=comments, context=context)
    return found


def sources() -> Iterator[Path]:
    """The files that speak to people: Python and templates."""
    for folder in SOURCES:
        yield from sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".html"))


def merged(known: Catalog, found: Catalog) -> Catalog:
    """What is known of the messages that there are. One that changed keeps its old words, marked fuzzy: not used until seen."""
    known.update(found, update_creation_date=False)
    return known


def compiled(catalogue: Catalog) -> bytes:
    """The catalogue as gettext reads it."""
    written = BytesIO()
    write_mo(written, catalogue)
    return written.getvalue()


def read(language: str) -> Catalog:
    """A language's catalogue; an empty one where there is none yet."""
    path = source_of(language)
    if not path.exists():
        return _begun(language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _begun(language: str) -> Catalog:
    """An empty catalogue; what gettext asks for and nobody reads is left empty."""
    comment = (
        f"# {languages.own_name(to_language(language))}: what Concord's pages say. Fill in msgstr, then: make messages"
    )
    return Catalog(
        locale=language,
        header_comment=comment,
        project="Concord",
        version="1",
        msgid_bugs_address="",
        last_translator="",
        language_team="",
        revision_date=datetime.now(UTC),
        charset="utf-8",
        fuzzy=False,
    )


def write(language: str, catalogue: Catalog) -> None:
    """The catalogue for people, and beside it the one for gettext."""
    path = source_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=110, include_lineno=False, ignore_obsolete=True)
    path.with_suffix(".mo").write_bytes(compiled(read(language)))


def source_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def begun() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/django.po"))


def main(new: Iterable[str]) -> None:
    """Bring every language up to the sources, and say what is still to be translated."""
    for language in sorted({*begun(), *new}):
        catalogue = merged(read(language), messages_of(sources()))
        write(language, catalogue)
        missing = sum(not has_words(message.string) for message in catalogue if message.id)
        fuzzy = sum(message.fuzzy for message in catalogue if message.id)
        print(f"{language}: {len(catalogue)} messages, {missing} without words, {fuzzy} to be looked at again")


def has_words(string: str | tuple[str, ...] | list[str] | None) -> bool:
    """Whether something stands for the message, in every form."""
    forms = [string] if isinstance(string, str) else list(string or [])
    return bool(forms) and all(forms)


def _extracted(path: Path) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        # What is left of a template is no Python, but its words are: in brackets no line has an indentation.
        text = f"({templatize(text, origin=_name(path))}\n)"
    return extract("python", BytesIO(text.encode()), keywords=KEYWORDS, comment_tags=[FOR_TRANSLATORS])


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


if __name__ == "__main__":
    main(sys.argv[1:])
