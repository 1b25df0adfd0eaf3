"""The languages of the pages: English, in which every sentence is written, and whatever stands in locale/."""

from pathlib import Path

from django.conf.locale import LANG_INFO
from django.utils.translation import to_language

ENGLISH = "en"


def offered(folder: Path) -> list[tuple[str, str]]:
    """Codes and names, each in its own language. A folder with a catalogue adds one: nothing else names it."""
    found = {to_language(catalogue.parts[-3]) for catalogue in folder.glob("*/LC_MESSAGES/django.mo")}
    return [(code, own_name(code)) for code in (ENGLISH, *sorted(found - {ENGLISH}))]


def own_name(code: str) -> str:
    """What speakers of a language call it; the code where Django does not know it."""
    return str(LANG_INFO.get(code, {}).get("name_local", code))
