"""JSON that PostgreSQL can store: refused at the door, with the reason, instead of failing in the middle."""

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StorableJSONParser(JSONParser):
    """Refuses U+0000 and halves of characters, wherever in the body they stand."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            whole = json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply. Send plain lists of objects.") from error
        except UnicodeEncodeError as error:
            raise ParseError(
                "A text holds one half of a character (a lone surrogate). Repair it where it was cut."
            ) from error
        except ValueError as error:
            raise ParseError("A number is too large to be stored (infinite). Write a finite one.") from error
        if b"\\u0000" in whole and any("\x00" in text for text in _texts(data)):
            raise ParseError("A text holds the character U+0000, which cannot be stored. Take it out.")
        return data


def _texts(data: Any) -> list[str]:
    if isinstance(data, str):
        return [data]
    if isinstance(data, dict):
        return [text for pair in data.items() for part in pair for text in _texts(part)]
    return [text for part in data for text in _texts(part)] if isinstance(data, list) else []
