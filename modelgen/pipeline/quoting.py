"""Showing a model a text that is only material: between two lines that the text itself does not have."""

import re


def quoted(text: str) -> str:
    """The text between two lines of equals signs, longer than any run of them in the text."""
    longest = max((len(run) for run in re.findall("=+", text)), default=0)
    fence = "=" * max(10, longest + 1)
    return f"{fence}\n{text}\n{fence}"
