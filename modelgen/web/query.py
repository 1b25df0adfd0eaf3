"""What an address says after its question mark. Nothing here refuses: what cannot be is left out."""

from django.http import HttpRequest

LARGEST = 2**63 - 1


def whole_number(request: HttpRequest, name: str) -> int | None:
    """A whole number that the database can compare with; None where there is none."""
    given = request.GET.get(name, "")
    # isascii: other alphabets have digits too, and int() would read them
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 20 and int(given) <= LARGEST else None
