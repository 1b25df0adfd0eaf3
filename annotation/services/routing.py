"""Let judges settle the samples of which they are sure, where the random slice shows that people agree with them.

Off until an admin asks for it. Beat looks at the slice (`routing_looks`), keeps each look as a row that never changes, and settles
samples under the newest one, one transaction each. A sample that judges settled has no human value and no annotation; its label
names the look on which it rests, and it can go back to people at any time. Samples that anybody was ever given, of the slice,
and gold are never touched. docs/routing.md says what is promised and what is not.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from annotation import transitions
from annotation.models import (
    Annotation,
    Assignment,
    ConsensusLabel,
    GoldAnswer,
    Judgment,
    Policy,
    Project,
    ProjectEvent,
    RoutingFit,
    RoutingPlan,
    Sample,
    SampleEvent,
    Silence,
    User,
)
from annotation.services import changes, judging, labels, projects, routing_looks, routing_words
from annotation.services.alone import ROUTING, alone
from annotation.services.changes import Mark
from annotation.services.retrying import in_one_transaction
from annotation.services.routing_looks import Heard, Look, Said, Terms
from consensus import routing
from consensus.frozen_panel import FrozenPanel

State = Sample.State
SETTLED_BY_JUDGES, SENT_TO_PEOPLE, DRAWN = "settled_by_judges", "sent_to_people", "drawn_into_slice"
SWITCHED_ON, SWITCHED_OFF, RECALLED = "routing_switched_on", "routing_switched_off", "routing_recalled"
PROMISED, NOT_PROMISED = "routing_promised", "routing_not_promised"
LEAST_TARGET, MOST_RISK = 0.5, 0.5
# A look that took no risk may be repeated soon; one that did is worth a further share when the slice has grown by half.
SOON = 1.1


class RoutingRefused(ValueError):
    """Routing cannot be set up so; the message says why."""


# --- what an admin does -----------------------------------------------------------------------------------------
@transaction.atomic
def switch_on(*, project: Project, target: float, risk: float, by: User, at: datetime) -> RoutingPlan:
    """Ask that judges settle samples, where agreement with people of at least `target` can be promised at this risk.

    The same wish as before is the same plan, so that switching off and on again buys no further look. Raises RoutingRefused.
    """
    check(target, risk)
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if locked.state == Project.State.ARCHIVED:
        said = _("Project %(project)s is archived; nothing in it is settled any more.")
        raise RoutingRefused(said % {"project": project.slug})
    plan = plan_of(project)
    if plan is None or (plan.target, plan.risk) != (target, risk):
        RoutingPlan.objects.filter(project=project, is_current=True).update(is_current=False, is_enabled=False)
        plan = RoutingPlan.objects.create(project=project, target=target, risk=risk, requested_by=by, requested_at=at)
    plan.is_enabled, plan.basis = True, ""
    plan.save(update_fields=["is_enabled", "basis"])
    _record(project, SWITCHED_ON, f"Judges may settle samples: agreement of {plan}.", by, at)
    return plan


@transaction.atomic
def switch_off(*, project: Project, by: User, at: datetime) -> None:
    """Judges settle nothing more, from this moment on; what they settled stays until it is recalled. Twice is once."""
    if RoutingPlan.objects.filter(project=project, is_enabled=True).update(is_enabled=False):
        _record(project, SWITCHED_OFF, "Judges settle no further samples.", by, at)


@transaction.atomic
def recall(*, project: Project, by: User, at: datetime) -> int:
    """Ask that everything judges settled up to now goes back to people; returns how many samples. Beat carries it out."""
    waiting = settled(project).count()
    if waiting:
        RoutingPlan.objects.filter(project=project, is_current=True).update(recalled_at=at)
        _record(project, RECALLED, f"{waiting} samples that judges settled go back to people.", by, at)
    return waiting


@in_one_transaction
def send_to_people(
    *, sample_id: int, by: User | None, at: datetime, reason: str = SENT_TO_PEOPLE, text: str = ""
) -> bool:
    """Open a sample that judges settled; they settle it no second time. False when they have not settled it (any more)."""
    sample = _locked(sample_id)
    if not is_settled_by_judges(sample):
        return False
    policy = sample.project.policy
    drawn = projects.is_drawn(sample.rank, policy.slice_share)
    if drawn:
        Sample.objects.filter(pk=sample.pk).update(is_fixed_overlap=True)
    labels.retire(sample=sample)
    return transitions.move(
        sample_id=sample.pk,
        from_state=State.RESOLVED,
        to_state=State.OPEN,
        reason=reason,
        text=text or "People are asked after all; the judges' label does not stand any more.",
        actor=by,
        target=policy.slice_overlap if drawn else policy.first_round,
        at=at,
    )


def check(target: float, risk: float) -> None:
    """Raises RoutingRefused for what nobody can promise, or should."""
    if not LEAST_TARGET <= target < 1:
        raise RoutingRefused(
            _("A target of %(target)g %% cannot be tested. Ask for an agreement from %(least)g %% to below 100 %%.")
            % {"target": 100 * target, "least": 100 * LEAST_TARGET}
        )
    if not 0 < risk <= MOST_RISK:
        raise RoutingRefused(
            _("A risk of %(risk)g %% makes no promise. Give a risk above 0 %% and up to %(most)g %%, such as 5 %%.")
            % {"risk": 100 * risk, "most": 100 * MOST_RISK}
        )


# --- what stands ------------------------------------------------------------------------------------------------
def plan_of(project: Project) -> RoutingPlan | None:
    return RoutingPlan.objects.filter(project=project, is_current=True).first()


def last_look(plan: RoutingPlan) -> RoutingFit | None:
    return plan.fits.order_by("-pk").first()


def settled(project: Project) -> QuerySet[Sample]:
    """The samples that judges settled, as it stands (index consensus_label_routed)."""
    by_judges = ConsensusLabel.objects.filter(sample=OuterRef("pk"), is_current=True, routing_fit__isnull=False)
    return Sample.objects.filter(Exists(by_judges), project=project, state=State.RESOLVED).order_by("pk")


def is_settled_by_judges(sample: Sample) -> bool:
    stands = ConsensusLabel.objects.filter(sample=sample, is_current=True, routing_fit__isnull=False)
    return sample.state == State.RESOLVED and stands.exists()


def untouched(project: Project) -> QuerySet[Sample]:
    """What judges might settle: work that nobody was ever given, that is not drawn, and that they never settled before."""
    had, known = (of.objects.filter(sample=OuterRef("pk")) for of in (Assignment, GoldAnswer))
    once = ConsensusLabel.objects.filter(sample=OuterRef("pk"), routing_fit__isnull=False)
    fresh = Sample.objects.filter(
        project=project,
        purpose=Sample.Purpose.WORK,
        state=State.OPEN,
        is_fixed_overlap=False,
        leased_count=0,
        counted_count=0,
    )
    return fresh.filter(~Exists(had), ~Exists(known), ~Exists(once))


# --- the dry run ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Outlook:
    """What switching on would do now: the look that would be taken, its number, and what would be settled of what is open."""

    look: Look
    number: int
    would_settle: int
    untouched: int
    open: int
    sentence: str


def outlook(*, project: Project, target: float, risk: float) -> Outlook:
    """Look without writing anything down. Raises RoutingRefused."""
    check(target, risk)
    number = _next_number(project)
    look = routing_looks.take(project, target=target, risk=routing.risk_of_look(risk, number))
    chosen = look.routing.chosen
    sure = _sure(project, look.panels, look.terms, chosen.threshold) if chosen else None
    return Outlook(
        look=look,
        number=number,
        would_settle=len(sure.sample_ids) if sure else 0,
        untouched=untouched(project).count(),
        open=Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK, state=State.OPEN).count(),
        sentence=routing_words.sentence(look.routing, look.unheard, look=number),
    )


# --- what beat does ---------------------------------------------------------------------------------------------
def run(*, project: Project, at: datetime, at_once: bool = False) -> int:
    """Carry out what an admin asked for; returns how many samples judges settled. Nothing new: nothing done.

    One process at a time does it for a project. Killed in the middle, it is taken up again from the rows.
    """
    with alone(ROUTING, project.pk) as is_alone:
        plan = plan_of(project)
        if not is_alone or plan is None:
            return 0
        _carry_out_recall(plan, at)
        before = Mark.parse(plan.basis)
        if not plan.is_enabled or (before and before.rests(at) and not at_once):
            return 0
        is_new, mark = changes.look(project, WATCHED, before)
        if not is_new:
            RoutingPlan.objects.filter(pk=plan.pk).update(basis=str(mark))
            return 0
        begun = time.perf_counter()
        _give_the_slice_what_it_drew(project, at)
        fit = _look(plan, at)
        count = _settle_what_is_sure(fit, at) if fit.threshold is not None else 0
        mark = mark.after_computing(at=at, seconds=time.perf_counter() - begun)
        RoutingPlan.objects.filter(pk=plan.pk).update(basis=str(mark))
        return count


def _small(project: Project) -> Iterator[object]:
    yield project.rubric.pk, project.policy.pk, project.lets_relatives_vote
    yield list(judging.enabled_judges(project).values_list("pk", flat=True))
    yield list(RoutingPlan.objects.filter(project=project, is_enabled=True).values_list("pk", flat=True))


# What routing does itself is no news to it.
WATCHED = changes.Watch(
    growing=(
        (Annotation.objects.all(), "assignment__sample__project"),
        (SampleEvent.objects.exclude(reason=SETTLED_BY_JUDGES), "sample__project"),
        (Judgment.objects.all(), "sample__project"),
        (Silence.objects.all(), "sample__project"),
    ),
    small=_small,
)


def _carry_out_recall(plan: RoutingPlan, at: datetime) -> None:
    if plan.recalled_at is None:
        return
    asked = ConsensusLabel.objects.filter(
        sample=OuterRef("pk"), is_current=True, routing_fit__isnull=False, created_at__lte=plan.recalled_at
    )
    for sample_id in list(settled(plan.project).filter(Exists(asked)).values_list("pk", flat=True)):
        send_to_people(
            sample_id=sample_id, by=None, at=at, text="An admin sent everything that judges settled to people."
        )


def _give_the_slice_what_it_drew(project: Project, at: datetime) -> None:
    """A larger share draws further samples at random. Those that judges settled must be among them, or the slice would be
    short of what they find easy."""
    share = project.policy.slice_share
    ranks = settled(project).values_list("pk", "rank")
    for sample_id in [pk for pk, rank in ranks if projects.is_drawn(rank, share)]:
        text = "The random slice has grown and drew this sample: people judge it."
        send_to_people(sample_id=sample_id, by=None, at=at, reason=DRAWN, text=text)


def _look(plan: RoutingPlan, at: datetime) -> RoutingFit:
    """The look that holds: the last one while its terms stand and the slice has not grown enough, otherwise a new one."""
    last, project = last_look(plan), plan.project
    if last and _holds(last):
        return last
    number = _next_number(project)
    look = routing_looks.take(project, target=plan.target, risk=routing.risk_of_look(plan.risk, number))
    fit = RoutingFit.objects.create(plan=plan, project=project, created_at=at, **_written(look, number))
    if last is None or (last.threshold is None) != (fit.threshold is None):
        _record(project, PROMISED if fit.threshold is not None else NOT_PROMISED, fit.sentence, None, at)
    return fit


def _holds(fit: RoutingFit) -> bool:
    """Whether the look is about what is so now, and a further one is not worth its risk yet."""
    if fit.parameters["terms"] != Terms.of(fit.project).to_json():
        return False
    return bool(routing_looks.slice_count(fit.project) < fit.details["again_at"])


def _next_number(project: Project) -> int:
    return RoutingFit.objects.filter(project=project, look__isnull=False).count() + 1


def _written(look: Look, number: int) -> dict[str, Any]:
    found, took_risk = look.routing, look.routing.reason in ("promised", "strictest_failed")
    growth = routing.GROWTH if took_risk else SOON
    return {
        "look": number if took_risk else None,
        "risk": found.risk,
        "reason": found.reason,
        "threshold": found.chosen and found.chosen.threshold,
        "coverage": found.chosen and found.chosen.coverage,
        "tested_count": found.tested,
        "sentence": routing_words.sentence(found, look.unheard, look=number),
        "details": details_of(look) | {"again_at": math.floor(growth * look.slice_count) + 1},
        "parameters": {
            "terms": look.terms.to_json(),
            "panels": {name: panel.to_json() for name, panel in look.panels.items()},
        },
    }


def details_of(look: Look) -> dict[str, Any]:
    """What a page shows of a look, as JSON."""
    found = look.routing
    return {
        "target": found.target,
        "steps": [asdict(step) for step in found.steps],
        "error": found.error and asdict(found.error),
        "needed": found.needed,
        "beside": asdict(look.beside),
        "slice_count": look.slice_count,
        "learned_from": look.learned_from,
        "judged_count": look.judged_count,
        "unheard": look.unheard,
    }


# --- settling ---------------------------------------------------------------------------------------------------
def _settle_what_is_sure(fit: RoutingFit, at: datetime) -> int:
    project = Project.objects.get(pk=fit.project_id)
    scales = {attribute["name"]: attribute for attribute in project.rubric.attributes}
    panels = {
        name: FrozenPanel.from_json(written, routing_looks.scale_of(scales[name]))
        for name, written in fit.parameters["panels"].items()
    }
    sure = _sure(project, panels, Terms.of(project), fit.threshold or 0.0)
    policy = project.policy
    return sum(
        _settle(pk, sure.said[pk], how_sure, fit, policy, at)
        for pk, how_sure in sorted(zip(sure.sample_ids.tolist(), sure.sureness.tolist(), strict=True))
    )


def _sure(project: Project, panels: dict[str, FrozenPanel], terms: Terms, threshold: float) -> Heard:
    """The untouched samples of which judges are as sure as that, without those that a larger slice has drawn."""
    judges, share = list(judging.enabled_judges(project)), project.policy.slice_share
    waiting = routing_looks.judged_of(project, untouched(project), judges)
    free = [row for row in waiting if not projects.is_drawn(row.rank, share)]
    heard = routing_looks.hear(project, judges, panels, terms, free)
    return heard.only(heard.sureness >= threshold)


@in_one_transaction
def _settle(
    sample_id: int, said: Sequence[Said], sureness: float, fit: RoutingFit, policy: Policy, at: datetime
) -> bool:
    """Settle one sample; False when somebody has it meanwhile, or routing was switched off."""
    sample = _locked(sample_id)
    is_free = untouched(sample.project).filter(pk=sample_id).exists()
    if not is_free or not RoutingPlan.objects.filter(pk=fit.plan_id, is_enabled=True).exists():
        return False
    labels.write_of_judges(sample=sample, said=said, policy=policy, fit=fit, at=at)
    text = routing_words.settled(fit, sureness)
    return transitions.move(
        sample_id=sample_id,
        from_state=State.OPEN,
        to_state=State.RESOLVED,
        reason=SETTLED_BY_JUDGES,
        text=text,
        target=0,
        at=at,
    )


def _locked(sample_id: int) -> Sample:
    return Sample.objects.select_for_update(no_key=True, of=("self",)).select_related("project").get(pk=sample_id)


def _record(project: Project, kind: str, text: str, by: User | None, at: datetime) -> None:
    ProjectEvent.objects.create(project=project, kind=kind, text=text, actor=by, at=at)


def projects_that_route() -> list[Project]:
    """The projects in which an admin asked for it, or asked that something goes back."""
    asked = RoutingPlan.objects.filter(project=OuterRef("pk"), is_current=True)
    return list(Project.objects.exclude(state=Project.State.ARCHIVED).filter(Exists(asked)))
