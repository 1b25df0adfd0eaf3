"""Sensitive samples go to those who chose to be given them, and who may change their mind at any time.

The choice is a skill that such samples ask for, so that handing out knows nothing special of it (statements.claiming).
"""

from datetime import datetime

from annotation.datasets.samples import SENSITIVE
from annotation.models import Annotator, Assignment, ProjectEvent
from annotation.services import leases, reconsideration, speaking
from annotation.services.retrying import in_one_transaction


def has_chosen(annotator: Annotator) -> bool:
    return SENSITIVE in annotator.skills


def is_asked_for(annotator: Annotator) -> bool:
    """Whether the project has such samples at all; otherwise there is nothing to choose."""
    return annotator.project.requirements.filter(skills__contains=[SENSITIVE]).exists()


def choose(*, annotator: Annotator, at: datetime) -> None:
    """This person is willing to be given sensitive samples too. Twice is once."""
    if _change(annotator=annotator, wants=True, at=at):
        reconsideration.reconsider(project=annotator.project, at=at)


def decline(*, annotator: Annotator, at: datetime) -> None:
    """This person is given none any more; what they hold of such goes back. Twice is once."""
    _change(annotator=annotator, wants=False, at=at)


@in_one_transaction
def _change(*, annotator: Annotator, wants: bool, at: datetime) -> bool:
    person = Annotator.objects.select_for_update(no_key=True).get(pk=annotator.pk)
    if has_chosen(person) == wants:
        return False
    annotator.skills = sorted({*person.skills, SENSITIVE} if wants else {*person.skills} - {SENSITIVE})
    Annotator.objects.filter(pk=person.pk).update(skills=annotator.skills)
    _record(annotator, wants, at)
    if not wants:
        _give_back_what_is_held(annotator, at)
    return True


def _record(annotator: Annotator, wants: bool, at: datetime) -> None:
    kind = "sensitive_chosen" if wants else "sensitive_declined"
    with speaking.for_the_record():
        text = f"{annotator} chose {'to be given' if wants else 'not to be given'} sensitive samples."
    about = {"project": annotator.project, "annotator": annotator, "actor": annotator.user}
    ProjectEvent.objects.create(kind=kind, text=text, at=at, **about)


def _give_back_what_is_held(annotator: Annotator, at: datetime) -> None:
    held = annotator.assignments.filter(
        state=Assignment.State.LEASED, sample__requirement__skills__contains=[SENSITIVE]
    )
    for assignment in held.select_related("annotator__project").order_by("sample_id"):
        leases.release(assignment=assignment, at=at)
