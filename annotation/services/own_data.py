"""Everything that is kept of one person's work in a project, for that person alone (docs/people.md, "My data").

Their own rows and nobody else's; and of their own nothing from which others' votes, or a known answer that they may not be
told of yet, could be read: no round, no state of a sample, no weight, no count of gold.
"""

from collections.abc import Iterator

from django.db.models import QuerySet

from annotation.models import Annotator, Assignment, Membership

AT_ONCE = 200


def assignments_of(annotator: Annotator) -> Iterator[Assignment]:
    """Every sample that this person was ever given, with what they said of it, a few at a time and oldest first."""
    own = Assignment.objects.filter(annotator=annotator).select_related("sample", "dispute__closed_by")
    own = own.prefetch_related("annotations__rubric", "drafts").order_by("pk")
    yield from own.iterator(chunk_size=AT_ONCE)


def roles_of(annotator: Annotator) -> QuerySet[Membership]:
    """What the person's account may do in the project, and since when."""
    return Membership.objects.filter(project=annotator.project_id, user=annotator.user_id).order_by("pk")
