"""Sentences that people read on pages, marked where they are written, so that they can be found and translated."""


def said(sentence: str) -> str:
    """The sentence as it is. Whoever shows it may look up what it says in another language."""
    return sentence
