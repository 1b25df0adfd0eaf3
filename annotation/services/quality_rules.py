"""Rules of a project about people's figures. A rule may warn, hand out nothing new for a short stated time, and propose.

It can do no more than that: pausing somebody or setting work aside takes a named human (standing.py). A rule speaks once
of a state of affairs, and again only when the person has given as many further answers as it measures on.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotation import saying_times
from annotation.models import (
    Annotator,
    AnnotatorFigures,
    Assignment,
    Notice,
    Project,
    ProjectEvent,
    QualityRule,
    Sample,
    User,
)
from annotation.services import speaking
from annotation.services.people import require_admin
from annotation.services.person_figures import ANSWERED, BY_THE_PERSON
from annotation.services.retrying import in_one_transaction

Measure = QualityRule.Measure
Action = QualityRule.Action
KINDS = {Action.WARN: Notice.Kind.WARNING, Action.HOLD: Notice.Kind.HOLD, Action.PROPOSE: Notice.Kind.PROPOSAL}
# Training measures nobody, and whoever would rather not read a sample may say so at no cost.
_MEASURES = ~Q(assignments__sample__purpose=Sample.Purpose.TRAINING)
_WILLING = ~Q(assignments__skip_reason=Assignment.SkipReason.DISTRESSING)
MEASURED_ON = {  # which of a person's assignments a rule measures on
    Measure.GOLD_ACCURACY: Q(assignments__state__in=ANSWERED, assignments__is_gold=True) & _MEASURES,
    Measure.MEDIAN_SECONDS: Q(assignments__state__in=ANSWERED) & _MEASURES,
    Measure.SKIP_SHARE: Q(assignments__state__in=BY_THE_PERSON) & _MEASURES & _WILLING,
}


class RuleRefused(ValueError):
    """The rule cannot be written so; the message says what is wrong."""


def add(
    *,
    project: Project,
    by: User,
    at: datetime,
    measure: str,
    limit: float,
    minimum: int,
    action: str,
    hold_minutes: int | None = None,
) -> QualityRule:
    """Write a rule, which is in force at once. Raises NotAnAdmin, RuleRefused.

    A rule is never changed, so that a notice goes on saying what it rests on: switch it off and write another.
    """
    require_admin(project=project, user=by)
    hold_minutes = hold_minutes if action == Action.HOLD else None
    rule = QualityRule(
        project=project, measure=measure, limit=limit, minimum=minimum, action=action, hold_minutes=hold_minutes
    )
    _check(rule)
    with transaction.atomic():
        rule.save(force_insert=True)
        _log(project, "rule_added", sentence(rule), by, at)
    return rule


def switch(*, rule: QualityRule, by: User, at: datetime, is_enabled: bool) -> None:
    """Switch a rule on or off; what it said stands, and so does a hold that runs. Raises NotAnAdmin."""
    require_admin(project=rule.project, user=by)
    with transaction.atomic():
        if QualityRule.objects.filter(pk=rule.pk, is_enabled=not is_enabled).update(is_enabled=is_enabled):
            _log(rule.project, "rule_enabled" if is_enabled else "rule_disabled", sentence(rule), by, at)


def apply(*, project: Project, at: datetime) -> list[Notice]:
    """Let every rule speak of whom it has to; returns what was said now. Run twice, or by two at once, it says it once."""
    told = []
    for rule in project.quality_rules.filter(is_enabled=True).order_by("pk"):
        measured = _in_breach(rule)
        told += [notice for pk in _due(rule, measured) if (notice := _speak(rule=rule, pk=pk, of=measured[pk], at=at))]
    return told


def sentence(rule: QualityRule) -> str:
    """The rule in words."""
    does = {
        Action.WARN: _("warn"),
        Action.HOLD: _("hand out nothing new for %(minutes)s minutes") % {"minutes": rule.hold_minutes},
        Action.PROPOSE: _("propose that an admin looks"),
    }[Action(rule.action)]
    limit = f"{rule.limit:g}" if rule.measure == Measure.MEDIAN_SECONDS else limit_text(rule.measure, rule.limit)
    # Translators: a rule in words: "Gold accuracy below" "60 %", on "10" or more: "warn".
    said = _("%(measure)s %(limit)s, on %(least)d or more: %(does)s.")
    return said % {"measure": rule.get_measure_display(), "limit": limit, "least": rule.minimum, "does": does}


def limit_text(measure: str, value: float) -> str:
    """A figure or its limit, in its unit."""
    if measure == Measure.MEDIAN_SECONDS:
        return _("%(value)s seconds") % {"value": f"{value:.1f}"}
    return _("%(value)s %%") % {"value": f"{100 * value:.0f}"}


# --- what a rule asks ---------------------------------------------------------------------------------------------
def _check(rule: QualityRule) -> None:
    try:
        rule.clean_fields()
    except ValidationError as error:
        raise RuleRefused(" ".join(f"{name}: {' '.join(said)}" for name, said in error.message_dict.items())) from error
    is_share = rule.measure != Measure.MEDIAN_SECONDS
    if not 0 <= rule.limit <= (1 if is_share else 86_400):
        said = _("A limit of %(limit)g cannot be. Write a share from 0 to 1, or seconds for the median time.")
        raise RuleRefused(said % {"limit": rule.limit})
    if rule.minimum < 1:
        raise RuleRefused(_("A minimum of %(least)d answers cannot be. Write 1 or more.") % {"least": rule.minimum})
    if rule.action == Action.HOLD and not 1 <= (rule.hold_minutes or 0) <= 1440:
        raise RuleRefused(_("A hold lasts from 1 to 1440 minutes, a day at most. Write how many."))


Measured = tuple[float, int]  # the figure, and how many answers it rests on


def _in_breach(rule: QualityRule) -> dict[int, Measured]:
    """Active people whose figure is beyond the limit, on enough answers."""
    kept = AnnotatorFigures.objects.filter(annotator__project=rule.project_id, annotator__state=Annotator.State.ACTIVE)
    measured = {row.pk: _measured(rule.measure, row.figures) for row in kept}
    return {pk: of for pk, of in measured.items() if of and of[1] >= rule.minimum and _is_beyond(rule, of[0])}


def _measured(measure: str, figures: Mapping[str, Any]) -> Measured | None:
    value, count = {
        Measure.GOLD_ACCURACY: (figures["gold_accuracy"]["value"], figures["gold_accuracy"]["count"]),
        Measure.MEDIAN_SECONDS: (figures["median_seconds"], figures["timed"]),
        Measure.SKIP_SHARE: (figures["skip_share"], figures["answered"] + figures["skipped"]),
    }[Measure(measure)]
    return None if value is None else (value, count)


def _is_beyond(rule: QualityRule, value: float) -> bool:
    return value > rule.limit if rule.measure == Measure.SKIP_SHARE else value < rule.limit


def _due(rule: QualityRule, people: Mapping[int, Measured]) -> list[int]:
    """Those to whom the rule has not spoken yet, or whose last word of it is as many answers ago as it measures on."""
    told = Notice.objects.filter(annotator=OuterRef("pk"), rule=rule).order_by("-pk")
    waiting = told.filter(kind=Notice.Kind.PROPOSAL, closed_at=None)
    since = Q(assignments__finished_at__gt=F("last")) & MEASURED_ON[Measure(rule.measure)]
    rows = (
        Annotator.objects.filter(pk__in=people)
        .annotate(last=Subquery(told.values("created_at")[:1]), waits=Exists(waiting))
        .annotate(since=Count("assignments", filter=since))
        .values_list("pk", "last", "waits", "since")
    )
    return [pk for pk, at, waits, count in rows if at is None or (not waits and count >= rule.minimum)]


@in_one_transaction
def _speak(*, rule: QualityRule, pk: int, of: Measured, at: datetime) -> Notice | None:
    """Say it to the person, or propose it to the admins; None when it was said meanwhile."""
    person = Annotator.objects.select_for_update(no_key=True).get(pk=pk)
    if person.state != Annotator.State.ACTIVE or not _due(rule, {pk: of}):
        return None
    until = None
    if rule.action == Action.HOLD:
        ends = at + timedelta(minutes=rule.hold_minutes or 0)
        until = max(ends, person.held_until or ends)
        Annotator.objects.filter(pk=pk).update(held_until=until)
    text = _proposal(rule, person, of) if rule.action == Action.PROPOSE else _word(rule, person, of, until)
    kind = KINDS[Action(rule.action)]
    return Notice.objects.create(annotator=person, kind=kind, text=text, rule=rule, created_at=at, until=until)


# --- what it says -------------------------------------------------------------------------------------------------
YOURS = {
    Measure.GOLD_ACCURACY: gettext_lazy(
        "Your gold accuracy is %(value)s on %(count)d samples with a known answer; the project asks for %(limit)s or more."
    ),
    Measure.MEDIAN_SECONDS: gettext_lazy(
        "Your median active time is %(value)s on %(count)d answers; the project asks for %(limit)s or more."
    ),
    Measure.SKIP_SHARE: gettext_lazy(
        "Your share of skipped samples is %(value)s on %(count)d samples; the project asks for %(limit)s or less."
    ),
}
THEIRS = {
    Measure.GOLD_ACCURACY: "gold accuracy is %(value)s on %(count)d samples with a known answer; the project asks for %(limit)s or more.",
    Measure.MEDIAN_SECONDS: "median active time is %(value)s on %(count)d answers; the project asks for %(limit)s or more.",
    Measure.SKIP_SHARE: "share of skipped samples is %(value)s on %(count)d samples; the project asks for %(limit)s or less.",
}


def _word(rule: QualityRule, person: Annotator, of: Measured, until: datetime | None) -> str:
    """What the person reads, in their language: the figure, the limit, what follows and until when."""
    with speaking.to(person):
        follows = _("Nothing else follows from it.")
        if until:
            said = _("You get no new samples until %(until)s; what you have in hand you may finish.")
            follows = said % {"until": saying_times.moment(until)}
        nobody = _("A rule of the project wrote this, and no person has looked yet.")
        return f"{YOURS[Measure(rule.measure)] % _figures(rule, of)} {follows} {nobody}"


def _proposal(rule: QualityRule, person: Annotator, of: Measured) -> str:
    with speaking.for_the_record():
        return f"{person}: {THEIRS[Measure(rule.measure)] % _figures(rule, of)}"


def _figures(rule: QualityRule, of: Measured) -> dict[str, Any]:
    value, count = of
    return {
        "value": limit_text(rule.measure, value),
        "count": count,
        "limit": limit_text(rule.measure, rule.limit),
    }


def _log(project: Project, kind: str, text: str, by: User, at: datetime) -> None:
    ProjectEvent.objects.create(project=project, kind=kind, text=text, actor=by, at=at)
