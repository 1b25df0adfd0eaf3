"""Let undecided samples follow the newest policy now, instead of at their next submission.

A request is a ProjectEvent, and it is open until a later one says that it was carried out. Samples are walked in id order, a
transaction each; one that follows already is left as it is, so whoever is killed in the middle is simply followed by the next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from annotation.models import Policy, Project, ProjectEvent, Sample
from annotation.services import governing, projects, settlement
from annotation.services.alone import APPLYING, alone
from annotation.services.retrying import in_one_transaction

APPLIED = "policy_applied"
CHUNK = 1000


@dataclass
class Changes:
    """What applying the newest policy did, or would do: how many samples were looked at, and what became of them."""

    looked_at: int = 0
    target: int = 0  # still undecided, with more or fewer people wanted
    drawn: int = 0  # into the random slice, or out of it
    resolved: int = 0
    escalated: int = 0
    contested: int = 0
    excluded: int = 0

    def add(self, before: Sample, after: Sample) -> None:
        self.looked_at += 1
        self.drawn += before.is_fixed_overlap != after.is_fixed_overlap
        if before.state != after.state:
            setattr(self, after.state, getattr(self, after.state) + 1)
        else:
            self.target += before.target != after.target


def waiting() -> list[Project]:
    """The projects in which a request is open."""
    asked = ProjectEvent.objects.filter(project=OuterRef("pk"), kind=projects.APPLICATION_ASKED)
    return [p for p in Project.objects.exclude(state=Project.State.ARCHIVED).filter(Exists(asked)) if _request(p)]


def apply(*, project: Project, at: datetime) -> Changes | None:
    """Carry out the open request of a project, and one that comes meanwhile; None when somebody else is at it."""
    changes = Changes()
    with alone(APPLYING, project.pk) as is_alone:
        if not is_alone:
            return None
        while asked := _request(project):
            for sample_id in _candidates(project):
                _follow(sample_id, changes, at)
            _close(project, asked, changes, at)
    return changes


def rehearse(*, project: Project, at: datetime) -> Changes:
    """What `apply` would do, and nothing done: every decision is taken and taken back."""
    return rehearse_on(_candidates(project), at=at)


def rehearse_on(sample_ids: Iterable[int], *, at: datetime) -> Changes:
    """The same of these samples."""
    changes = Changes()
    for sample_id in sample_ids:
        with transaction.atomic():
            _follow(sample_id, changes, at)
            transaction.set_rollback(True)
    return changes


def followed(*, project: Project, policy: Policy) -> tuple[ProjectEvent | None, ProjectEvent | None]:
    """The last request that samples follow this policy, and the event that says that it was carried out."""
    text = projects.application_text(policy)
    asked = project.events.filter(kind=projects.APPLICATION_ASKED, text=text).order_by("pk").last()
    done = project.events.filter(kind=APPLIED, pk__gt=asked.pk).order_by("pk").first() if asked else None
    return asked, done


def _request(project: Project) -> ProjectEvent | None:
    """The last request, unless it is carried out."""
    events = project.events.filter(kind__in=[projects.APPLICATION_ASKED, APPLIED])
    last = events.order_by("pk").last()
    return last if last and last.kind == projects.APPLICATION_ASKED else None


@transaction.atomic
def _close(project: Project, asked: ProjectEvent, changes: Changes, at: datetime) -> None:
    """Write down that it is done, unless somebody asked again after the walk began."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if _request(project) == asked:
        said = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in asdict(changes).items())
        ProjectEvent.objects.create(project=project, kind=APPLIED, text=f"Samples: {said}.", actor=asked.actor, at=at)


def _candidates(project: Project) -> Iterator[int]:
    """Undecided samples on which the newest policy may have something else to say, in id order."""
    policy, last = project.policies.latest("version"), 0
    undecided = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, state__in=governing.UNDECIDED)
    while chunk := list(undecided.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield from (sample.pk for sample in chunk if not _follows(sample, policy))
        last = chunk[-1].pk


def _follows(sample: Sample, policy: Policy) -> bool:
    """Whether it is clear without a look at its annotations: nobody was ever given it, and it asks what the policy asks."""
    is_fresh = sample.lane_seq is None and not sample.leased_count + sample.counted_count
    drawn = projects.is_drawn(sample.rank, policy.slice_share)
    wanted = policy.slice_overlap if drawn else policy.first_round
    return is_fresh and (sample.is_fixed_overlap, sample.target) == (drawn, wanted)


def _follow(sample_id: int, changes: Changes, at: datetime) -> None:
    if both := _decide_anew(sample_id, at):
        changes.add(*both)


@in_one_transaction
def _decide_anew(sample_id: int, at: datetime) -> tuple[Sample, Sample] | None:
    """The sample before and after; None when it has been decided meanwhile."""
    sample = Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=sample_id)
    if sample.state not in governing.UNDECIDED:
        return None
    before = Sample.objects.get(pk=sample_id)
    _draw(sample)
    settlement.settle(sample=sample, at=at)
    return before, Sample.objects.get(pk=sample_id)


def _draw(sample: Sample) -> None:
    """Put a sample that nobody has been given into the random slice, or take it out, as its share says."""
    if sample.assignments.exists():
        return
    drawn = projects.is_drawn(sample.rank, sample.project.policy.slice_share)
    if drawn != sample.is_fixed_overlap:
        Sample.objects.filter(pk=sample.pk).update(is_fixed_overlap=drawn)
        sample.is_fixed_overlap = drawn
