"""In which language something is written that is read later: a person's own, or English for the history of a project."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.utils import timezone, translation

from annotation import saying_times
from annotation.models import Annotator, User

ENGLISH = "en"  # in which every sentence of the sources is written


@contextmanager
def to(annotator: Annotator) -> Iterator[None]:
    """For what the person reads later, whoever causes it: their language and zone where they chose some, else English."""
    person = User.objects.filter(annotators=annotator).only("language", "time_zone").first() or User()
    with translation.override(person.language or ENGLISH), timezone.override(saying_times.zone_of(person.time_zone)):
        yield


def for_the_record() -> AbstractContextManager[None]:
    """For what is kept of a decision: one language for all who look it up, whatever whoever decided it reads."""
    return translation.override(ENGLISH)
