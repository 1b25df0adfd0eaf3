"""What people, judges and labels say of a sample, place by place, in the rubric's words."""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any

from django.utils.translation import gettext as _

from annotation import ratings
from annotation.models import Annotation, Sample
from annotation.web import questions


def words(places: Sequence[ratings.Place], values: Sequence[int | None], sample: Sample) -> list[dict[str, Any]]:
    """What one person or judge said, place by place, in the rubric's words."""
    return [
        {
            "attribute": place.title,
            "response": letter(place, sample),
            "favours": "" if value is None else questions.favoured_letter(place, value),
            "label": place.word_for(value),
            "is_given": value is not None,
        }
        for place, value in zip(places, values, strict=True)
    ]


def word(place: ratings.Place, value: int | None) -> str:
    """A value of a label in a word; a comparison's with the letter that it favours."""
    if value is None:
        return _("none")
    if value == 0 and place.scale.lacks_zero:
        return _("no preference")
    return f"{questions.favoured_letter(place, value)} {place.word_for(value)}".strip()


def letter(place: ratings.Place, sample: Sample) -> str | None:
    return None if place.response is None or sample.response_count == 1 else ascii_uppercase[place.response]


def title(place: ratings.Place, sample: Sample) -> str:
    of_response = letter(place, sample)
    return f"{of_response}: {place.title}" if of_response else place.title


def packed(annotation: Annotation, places: Sequence[ratings.Place], sample: Sample) -> ratings.Packed:
    """What a person gave, in the places of the rubric as it is now; they may have answered an older version."""
    return ratings.translated(annotation.ratings, annotation.rubric.attributes, places, sample.response_count)
