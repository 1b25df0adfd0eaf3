"""What if the policy were another? Asked in a row, answered in the background from the project's own annotations, kept.

Whoever takes the row leases it and writes how far it has come; of a process that died it is taken again, and only the last
to take it may finish it. The answer says what each candidate would have cost and how right its labels would have been
(`consensus.what_if`), and what applying it would do to the samples under way (`rehearsing`).
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import Annotation, GoldAnswer, Judgment, Policy, Project, SampleEvent, User, WhatIf
from annotation.services import changes, judging, projects, speaking, what_if_answers, what_if_words
from annotation.services.changes import Mark
from annotation.services.people import require_admin
from annotation.services.projects import ChangeRefused
from annotation.services.retrying import in_one_transaction

State = WhatIf.State
UNFINISHED = (State.WAITING, State.RUNNING)
LEASE = timedelta(minutes=10)
LOOKS, PAUSE = 10, 0.1  # seconds
MOST = 3  # candidates beside the policy in force
KEPT = 30  # finished questions of a project
# What a candidate may differ in. The random slice is not among it: its share changes which samples are drawn, not how they are decided.
DIFFERS_IN = tuple(name for name in projects.CHANGEABLE if not name.startswith("slice_"))
Content = dict[str, Any]
Clock = Callable[[], datetime]


class WhatIfRefused(ValueError):
    """The question cannot be asked, or its answer not be applied; the message says why and what to do."""


class TakenAway(Exception):
    """Somebody cancelled the question, or another process answers it: whoever is at it stops."""


@in_one_transaction
def request(*, project: Project, candidates: Sequence[Content], by: User | None, at: datetime) -> WhatIf:
    """Ask; an answer to the same question from unchanged data is the answer. Raises WhatIfRefused, ChangeRefused.

    candidates: what each policy differs in from the one in force (`DIFFERS_IN` has the names).
    """
    now = Project.objects.select_for_update(no_key=True).get(pk=project.pk).policy
    contents = [_content(project, now, candidate) for candidate in candidates]
    _refuse_what_is_no_question(contents, now)
    fingerprint = _fingerprint(now, contents)
    if kept := _kept(project, fingerprint):
        return kept
    _forget_old(project)
    return WhatIf.objects.create(
        project=project,
        policy=now,
        candidates=contents,
        fingerprint=fingerprint,
        requested_by=by,
        requested_at=at,
    )


def take_waiting(*, at: datetime) -> WhatIf | None:
    """Lease one question that nobody is answering, or None."""
    with transaction.atomic():
        unfinished = WhatIf.objects.filter(state__in=UNFINISHED).exclude(leased_until__gt=at)
        row = unfinished.select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()
        if row:
            row.state, row.attempt, row.leased_until = State.RUNNING, row.attempt + 1, at + LEASE
            row.save(update_fields=["state", "attempt", "leased_until"])
        return row


def answer(*, what_if: WhatIf, clock: Clock) -> bool:
    """Answer a question that was taken; returns whether this answer was the one. A refusal of the numbers becomes its problem."""
    project = Project.objects.get(pk=what_if.project_id)
    mark = _mark(project)
    try:
        _refuse_another_policy(what_if, project)
        found = what_if_answers.found(what_if, at=clock(), progress=_Progress(what_if, clock))
    except TakenAway:
        return False
    except (WhatIfRefused, ChangeRefused, what_if_answers.NothingToReplay) as refusal:
        return _finish(what_if, clock(), state=State.FAILED, problem=str(refusal))
    return _finish(what_if, clock(), state=State.READY, result=found, basis=str(mark), done=F("of"))


def cancel(*, what_if: WhatIf, at: datetime) -> bool:
    """Nobody wants to know any more; whoever is at it notices. Returns whether it was under way."""
    unfinished = WhatIf.objects.filter(pk=what_if.pk, state__in=UNFINISHED)
    return bool(unfinished.update(state=State.CANCELLED, finished_at=at, leased_until=None))


def is_out_of_date(what_if: WhatIf) -> bool:
    """Whether something was added since it was answered."""
    before = Mark.parse(what_if.basis)
    return before is None or changes.look(what_if.project, WATCHED, before)[0]


@in_one_transaction
def apply(*, what_if: WhatIf, candidate: int, by: User, at: datetime, reason: str, at_once: bool) -> Policy:
    """Write one candidate as the next version of the policy; `at_once`: and let undecided samples follow it now.

    One step in the project's history, with what changes, why, and what the replay had said.
    Raises NotAnAdmin, ReasonMissing, WhatIfRefused, ChangeRefused.
    """
    project = what_if.project
    require_admin(project=project, user=by)
    now = Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # first, as whoever asks does
    row = WhatIf.objects.select_for_update(of=("self",)).select_related("applied_as").get(pk=what_if.pk)
    _refuse_what_cannot_be_applied(row, candidate)
    _refuse_another_policy(row, now)
    with speaking.for_the_record():
        said = what_if_words.record(row, candidate)
    why = f"{reason.strip()} ({said})" if reason.strip() else ""
    policy = projects.change_policy(project=project, by=by, at=at, reason=why, **row.candidates[candidate])
    if at_once:
        projects.apply_policy_now(project=project, by=by, at=at)
    WhatIf.objects.filter(pk=row.pk).update(applied_as=policy)
    return policy


def _mark(project: Project) -> Mark:
    """From where to look for what came since. It waits a moment for whoever is writing: rows that may still appear below the
    mark would make the answer look out of date from the beginning."""
    _, mark = changes.look(project, WATCHED, None)
    for _again in range(LOOKS):
        if mark.settled == mark.latest:
            break
        time.sleep(PAUSE)
        _, mark = changes.look(project, WATCHED, mark)
    return mark


class _Progress:
    """Writes how far the answer has come, and renews the lease; at most twice a second."""

    EVERY = timedelta(seconds=0.5)

    def __init__(self, what_if: WhatIf, clock: Clock) -> None:
        self._row, self._clock, self._told_at = what_if, clock, None

    _told_at: datetime | None

    def __call__(self, done: int, of: int) -> None:
        now = self._clock()
        if self._told_at and now - self._told_at < self.EVERY and done < of:
            return
        self._told_at = now
        if not _own(self._row).update(done=done, of=of, leased_until=now + LEASE):
            raise TakenAway(f"What-if {self._row.pk} was cancelled, or another process answers it.")


def _own(what_if: WhatIf) -> QuerySet[WhatIf]:
    return WhatIf.objects.filter(pk=what_if.pk, state=State.RUNNING, attempt=what_if.attempt)


def _finish(what_if: WhatIf, at: datetime, **how: Any) -> bool:
    return bool(_own(what_if).update(finished_at=at, leased_until=None, **how))


def _content(project: Project, now: Policy, candidate: Mapping[str, Any]) -> Content:
    """Everything that a candidate says, also where it says the same as the policy in force. Raises ChangeRefused."""
    if unknown := sorted(candidate.keys() - set(DIFFERS_IN)):
        raise WhatIfRefused(_("A what-if cannot change %(names)s.") % {"names": ", ".join(unknown)})
    drafted = projects.policy_content(projects.drafted_policy(project=project, now=now, content=candidate))
    return {name: drafted[name] for name in DIFFERS_IN}


def _refuse_what_is_no_question(contents: Sequence[Content], now: Policy) -> None:
    in_force = {name: getattr(now, name) for name in DIFFERS_IN}
    if not 1 <= len(contents) <= MOST:
        raise WhatIfRefused(_("Ask about one to %(most)d policies at a time.") % {"most": MOST})
    if in_force in contents:
        raise WhatIfRefused(_("One of them says the same as the policy in force. Change something, or leave it out."))
    if any(one in contents[at + 1 :] for at, one in enumerate(contents)):
        raise WhatIfRefused(_("Two of them say the same. Change one, or leave it out."))


def _refuse_another_policy(what_if: WhatIf, project: Project) -> None:
    if project.policy.pk != what_if.policy_id:
        raise WhatIfRefused(
            _("Policy %(now)d is in force now, and this was asked beside policy %(then)d. Ask again.")
            % {"now": project.policy.version, "then": what_if.policy.version}
        )


def _refuse_what_cannot_be_applied(row: WhatIf, candidate: int) -> None:
    if row.state != State.READY:
        raise WhatIfRefused(_("This question has no answer yet. Wait until it is ready."))
    if row.applied_as:
        raise WhatIfRefused(_("It was applied already, as policy %(version)d.") % {"version": row.applied_as.version})
    if not 0 <= candidate < len(row.candidates):
        raise WhatIfRefused(_("There is no such candidate. Choose one that is on the page."))


def _fingerprint(policy: Policy, contents: Sequence[Content]) -> str:
    said = json.dumps([policy.pk, contents], sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _kept(project: Project, fingerprint: str) -> WhatIf | None:
    """The same question, under way or answered from what is there now."""
    same = WhatIf.objects.filter(project=project, fingerprint=fingerprint).order_by("-pk")
    last = same.filter(Q(state__in=UNFINISHED) | Q(state=State.READY)).first()
    return last if last and (last.state != State.READY or not is_out_of_date(last)) else None


def _forget_old(project: Project) -> None:
    """Those that were applied stay: the history names them."""
    done = project.what_ifs.filter(applied_as=None).exclude(state__in=UNFINISHED).order_by("-pk")
    WhatIf.objects.filter(pk__in=list(done.values_list("pk", flat=True)[KEPT - 1 :])).delete()


def _small(project: Project) -> Any:
    yield project.rubric.pk, project.policy.pk, project.lets_relatives_vote, project.price_per_annotation
    yield list(judging.enabled_judges(project).values_list("pk", flat=True))
    yield GoldAnswer.objects.filter(project=project).aggregate(last=Max("pk"))["last"]


WATCHED = changes.Watch(
    growing=(
        (Annotation.objects.all(), "assignment__sample__project"),
        (SampleEvent.objects.all(), "sample__project"),
        (Judgment.objects.all(), "sample__project"),
    ),
    small=_small,
)
