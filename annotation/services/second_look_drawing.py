"""Draw annotations for a second look: a random share of all, and the first ones of every new person.

A task draws, well after the annotation came and when it can no longer be corrected. Whoever submits meets nothing of it,
neither in what the page says nor in how long it takes, and the draw rests on a secret, so that nobody can work it out.
Answers to gold are never drawn, so that what comes back or does not come back says nothing about what is gold.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from annotation.models import Annotation, Assignment, Project, ProjectEvent, SecondLook, SecondLookMark, User
from annotation.services.people import require_admin
from annotation.services.submission import CORRECTABLE_FOR

# So much is looked through once more: what was committed late, or by a machine whose clock was behind. The first time it is
# what is still fresh.
OVERLAP = timedelta(hours=1)
BATCH = 2000
MOST_FIRST_ONES = 1000
ANSWERED = (Assignment.State.SUBMITTED, Assignment.State.LATE, Assignment.State.WITHDRAWN)


class DrawRefused(ValueError):
    """A share or a number that makes no draw; the message says what does."""


def set_draw(*, project: Project, share: float, first: int, by: User, at: datetime) -> None:
    """How many annotations are drawn from now on. An admin's decision, on the project's trail.

    Raises NotAnAdmin, DrawRefused.
    """
    require_admin(project=project, user=by)
    if not (0 <= share <= 1 and 0 <= first <= MOST_FIRST_ONES):
        said = _("A share of %(share)s and the first %(first)s cannot be drawn. Give 0 to 100 %% and 0 to %(most)s.")
        raise DrawRefused(said % {"share": f"{100 * share:g} %", "first": first, "most": MOST_FIRST_ONES})
    before = {"second_look_share": project.second_look_share, "second_look_first": project.second_look_first}
    after = {"second_look_share": share, "second_look_first": first}
    if before == after:
        return
    text = f"Second looks: {_told(before)}, is now {_told(after)}."
    with transaction.atomic():
        Project.objects.filter(pk=project.pk).update(**after)
        ProjectEvent.objects.create(
            project=project, kind="second_looks_changed", text=text, actor=by, before=before, after=after, at=at
        )
    project.second_look_share, project.second_look_first = share, first


def _told(draw: Mapping[str, Any]) -> str:
    return f"{100 * draw['second_look_share']:g} %, first {draw['second_look_first']}"


def draw(*, at: datetime) -> int:
    """Draw in every project that wants it; returns how many annotations were drawn. Run twice, it draws once."""
    wanted = Q(second_look_share__gt=0) | Q(second_look_first__gt=0)
    projects = list(Project.objects.filter(wanted).exclude(state=Project.State.ARCHIVED))
    SecondLookMark.objects.exclude(
        project__in=projects
    ).delete()  # whoever switches it on again begins with what is fresh
    return sum(draw_from(project, at=at) for project in projects)


def draw_from(project: Project, *, at: datetime) -> int:
    """Draw from what came since the last time and can no longer be corrected."""
    until = at - CORRECTABLE_FOR
    mark = SecondLookMark.objects.filter(project=project).first()
    since = (min(mark.drawn_until, until) if mark else until) - OVERLAP
    looks, drawn = _drawn(project, _fresh(project, since, until), at), 0
    while batch := list(islice(looks, BATCH)):
        drawn += _keep(batch)
    SecondLookMark.objects.update_or_create(project=project, defaults={"drawn_until": until})
    return drawn


def chance_of(assignment_id: int) -> float:
    """From 0 to 1, the same whenever it is asked: below the share it is drawn. Nobody without the secret can tell."""
    digest = salted_hmac("annotation.second_looks", str(assignment_id)).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _fresh(project: Project, since: datetime, until: datetime) -> QuerySet[Annotation]:
    """What counts as it stands and was given in this time (index assignment_history, person by person)."""
    people = list(project.annotators.values_list("pk", flat=True))
    return Annotation.objects.filter(
        is_current=True,
        assignment__annotator__in=people,
        assignment__state=Assignment.State.SUBMITTED,
        assignment__is_gold=False,
        assignment__finished_at__gt=since,
        assignment__finished_at__lte=until,
    )


def _drawn(project: Project, fresh: QuerySet[Annotation], at: datetime) -> Iterator[SecondLook]:
    first_ones: dict[int, set[int]] = {}
    rows = fresh.order_by("pk").values_list("pk", "assignment_id", "assignment__annotator_id")
    for pk, assignment, person in rows.iterator(chunk_size=BATCH):
        if project.second_look_first and person not in first_ones:
            first_ones[person] = _first_ones(person, project.second_look_first)
        is_first = assignment in first_ones.get(person, ())
        if is_first or chance_of(assignment) < project.second_look_share:
            yield SecondLook(
                annotation_id=pk,
                project=project,
                annotator_id=person,
                why=SecondLook.Why.FIRST_ONES if is_first else SecondLook.Why.RANDOM,
                probability=1.0 if is_first else project.second_look_share,
                drawn_at=at,
            )


def _first_ones(annotator_id: int, count: int) -> set[int]:
    """The first samples that this person ever answered, gold left out."""
    answered = Assignment.objects.filter(annotator=annotator_id, state__in=ANSWERED, is_gold=False)
    return set(answered.order_by("finished_at", "pk").values_list("pk", flat=True)[:count])


def _keep(drawn: Sequence[SecondLook]) -> int:
    """Those that were not drawn before; another process that draws at the same time finds them kept."""
    before = SecondLook.objects.filter(annotation__in=[look.annotation_id for look in drawn])
    known = set(before.values_list("annotation_id", flat=True))
    new = [look for look in drawn if look.annotation_id not in known]
    SecondLook.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)
