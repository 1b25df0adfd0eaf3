"""What a policy that nobody has written yet would do to the samples that are under way; nothing of it is done.

Samples that nobody was ever given only want another number of people: these are counted. Of those that were begun every
decision is taken and taken back, of a random part where they are many.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Mod

from annotation.models import Policy, Project, Sample
from annotation.services import applying, governing, projects
from annotation.services.applying import Changes

AT_MOST = 1000  # begun samples that are rehearsed
AT_A_TIME = 50  # so short a time the unwritten policy stands in a transaction
UNWRITTEN = 1_000_000  # its version is so much later, so that nobody who writes the next one waits for it

Progress = Callable[[int], None]
_FRESH = Q(state=Sample.State.OPEN, lane_seq=None, leased_count=0, counted_count=0)


@dataclass(frozen=True)
class Rehearsal:
    """changes: of the `rehearsed` ones of `begun` samples. fresh, fresh_changed: nobody was ever given them; of these so many
    would want another number of people. staying: decided samples, which no change of a policy touches, by state."""

    begun: int
    rehearsed: int
    changes: Changes
    fresh: int
    fresh_changed: int
    staying: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def how_many(project: Project) -> int:
    """Samples that a rehearsal would look at one by one."""
    return min(_begun(project).count(), AT_MOST)


def rehearse(*, project: Project, content: dict[str, Any], at: datetime, progress: Progress | None = None) -> Rehearsal:
    """Raises ChangeRefused, where no policy can have this content. progress: called with how many have been looked at."""
    policy = projects.drafted_policy(project=project, now=project.policies.latest("version"), content=content)
    begun, changes, looked = _begun(project), Changes(), 0
    for ids in _chunks(begun):
        changes = _summed(changes, _in_vain(project, policy, ids, at))
        looked += len(ids)
        if progress:
            progress(looked)
    undecided = _undecided(project)
    fresh = undecided.filter(_FRESH)
    return Rehearsal(
        begun=begun.count(),
        rehearsed=looked,
        changes=changes,
        fresh=fresh.count(),
        fresh_changed=fresh.exclude(
            Q(is_fixed_overlap=True, target=policy.slice_overlap) | Q(is_fixed_overlap=False, target=policy.first_round)
        ).count(),
        staying=_staying(project),
    )


def _undecided(project: Project) -> QuerySet[Sample]:
    return Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, state__in=governing.UNDECIDED)


def _begun(project: Project) -> QuerySet[Sample]:
    return _undecided(project).exclude(_FRESH)


def _staying(project: Project) -> dict[str, int]:
    work = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK)
    decided = [state for state in Sample.State if state not in governing.UNDECIDED]
    return {state.value: count for state in decided if (count := work.filter(state=state).count())}


def _chunks(begun: QuerySet[Sample]) -> Iterator[list[int]]:
    lot = begun.alias(lot=Mod(F("rank"), Sample.RANKS_OF_A_DRAW)).order_by("lot", "pk")
    ids = list(lot.values_list("pk", flat=True)[:AT_MOST])
    yield from (ids[start : start + AT_A_TIME] for start in range(0, len(ids), AT_A_TIME))


def _in_vain(project: Project, policy: Policy, ids: list[int], at: datetime) -> Changes:
    """What following the policy would do to these samples. It stands while this looks, and for nobody else."""
    with transaction.atomic():
        policy.pk, policy.version = None, project.policy.version + UNWRITTEN
        policy.save(force_insert=True)
        changes = applying.rehearse_on(ids, at=at)
        transaction.set_rollback(True)
    return changes


def _summed(one: Changes, other: Changes) -> Changes:
    both = asdict(other)
    return Changes(**{name: count + both[name] for name, count in asdict(one).items()})
