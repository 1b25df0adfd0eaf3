"""Set up a project: its first rubric and policy, and further versions of either.

docs/changes/policy.md and rubric.md say what a change does to samples that have begun.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import FloatField, IntegerField, Max

from annotation.datasets import rubric_remarks, rubrics
from annotation.datasets.bad_row import BadRow
from annotation.datasets.bad_row import Place as At
from annotation.models import Policy, Project, ProjectEvent, Rubric, User
from annotation.ratings import Place
from annotation.services import deciding, guidelines
from annotation.services.people import written
from consensus.policy import PolicyNotValid
from consensus.scales import Slot, SlotNotValid

POLICY_CHANGED = "policy_changed"
RUBRIC_CHANGED = "rubric_changed"
APPLICATION_ASKED = "policy_application_asked"
WHY = "Write the reason: it stands in the project's history."


class ProjectRefused(ValueError):
    """The project cannot be made as asked; the message says what is wrong and what to do."""


@transaction.atomic
def create(
    *,
    slug: str,
    title: str,
    attributes: Sequence[Mapping[str, Any]],
    remarks: Sequence[Mapping[str, Any]] = (),
    instructions: str = "",
    triggers: Mapping[str, Mapping[str, float]] | None = None,
    **settings: Any,
) -> Project:
    """Make a project with rubric 1, policy 1 and, where there are `instructions`, guideline 1. Raises ProjectRefused.

    `attributes`: name, title, scope, level, values, and optionally trigger, escalate_above, settle_within, optional.
    `remarks`: what is asked beside them, as in rubric.json.
    `triggers`: the limits of each trigger; left out, they are read from the attributes (and defaulted by scale).
    """
    if Project.objects.filter(slug=slug).exists():
        raise ProjectRefused(f"There is a project {slug!r} already. Choose another short name.")
    project = Project(slug=slug, title=title, **settings)
    try:
        project.full_clean()
    except ValidationError as error:
        raise ProjectRefused(" ".join(error.messages)) from error
    asked_beside = _asked_beside(remarks, attributes)
    project.save()
    write_rubric(project=project, attributes=attributes, remarks=asked_beside)
    write_policy(project=project, triggers=triggers or limits_of(attributes))
    guidelines.write_first(project=project, text=instructions)
    return project


def _asked_beside(remarks: Any, attributes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Remarks with every default. Raises ProjectRefused."""
    try:
        return rubric_remarks.parse_remarks(list(remarks), [dict(attribute) for attribute in attributes], At("rubric"))
    except BadRow as error:
        raise ProjectRefused(str(error)) from error


def write_rubric(
    *, project: Project, attributes: Sequence[Mapping[str, Any]], remarks: Sequence[Mapping[str, Any]] = ()
) -> Rubric:
    """Freeze a further version of what is asked."""
    project.__dict__.pop("rubric", None)  # what this object read is no longer the latest
    asked = {"attributes": asked_of(attributes), "remarks": list(remarks)}
    return Rubric.objects.create(project=project, version=_next(project.rubrics), **asked)


def asked_of(attributes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a rubric keeps of attributes: what is asked, without what decides."""
    return [{key: value for key, value in a.items() if key not in POLICY_KEYS} for a in attributes]


def write_policy(*, project: Project, **content: Any) -> Policy:
    """Freeze a further version of how samples are decided; undecided ones follow it at their next submission."""
    project.__dict__.pop("policy", None)
    return Policy.objects.create(project=project, version=_next(project.policies), **content)


# Limits decide, they do not ask: they belong to the policy, so that a policy can change without a new rubric.
POLICY_KEYS = ("trigger", "escalate_above", "settle_within")


def limits_of(attributes: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The two limits of every attribute that triggers; where the attribute gives none, those of its scale.

    When no attribute says that it triggers, every one does.
    """
    named = [attribute for attribute in attributes if attribute.get("trigger")] or list(attributes)
    return {attribute["name"]: _limits(attribute) for attribute in named}


def _limits(attribute: Mapping[str, Any]) -> dict[str, float]:
    scale = Place(attribute, None).scale
    return {
        "escalate_above": _given(attribute.get("escalate_above"), scale.default_escalate_above),
        "settle_within": _given(attribute.get("settle_within"), scale.default_settle_within),
    }


def _given(limit: float | None, default: float) -> float:
    return default if limit is None else limit


# --- changes mid-way ---------------------------------------------------------------------------------------------
# What a change may say of a policy. What it leaves out stays as it is.
CHANGEABLE = (
    "name",
    "first_round",
    "extra",
    "target",
    "hopeless_below",
    "triggers",
    "label_rule",
    "unsettled",
    "judges_weight_at_most",
    "slice_share",
    "slice_overlap",
)


class ChangeRefused(ValueError):
    """The policy or the rubric cannot be changed so; the message says why."""


@transaction.atomic
def change_policy(*, project: Project, by: User | None, at: datetime, reason: str, **content: Any) -> Policy:
    """Write the next version of the policy; what `content` leaves out stays as it is (CHANGEABLE has the names).

    Undecided samples follow it at their next submission, or when it is applied (apply_policy_now); decided ones stay.
    `triggers`: attribute -> its limits; a limit that is left out is the default of its scale.
    Raises ChangeRefused, ReasonMissing.
    """
    why = written(reason, WHY)
    now = _locked(project).policy
    policy = drafted_policy(project=project, now=now, content=content)
    changed = {name: value for name, value in policy_content(policy).items() if getattr(now, name) != value}
    if not changed:
        raise ChangeRefused(f"Policy {now.version} of {project.slug} says the same already; nothing was changed.")
    policy.save(force_insert=True)
    project.__dict__.pop("policy", None)
    before = {name: getattr(now, name) for name in changed}
    _record(project, POLICY_CHANGED, f"Policy {policy.version}. {why}", by, at, before, changed)
    return policy


def drafted_policy(*, project: Project, now: Policy, content: Mapping[str, Any]) -> Policy:
    """What the next version would be, checked and not saved; what `content` leaves out is as in `now`. Raises ChangeRefused."""
    if unknown := sorted(content.keys() - set(CHANGEABLE)):
        raise ChangeRefused(f"A policy has no {', '.join(unknown)}. It has: {', '.join(CHANGEABLE)}.")
    _refuse_what_is_no_number(content)
    given = dict(content)
    if "triggers" in given:
        given["triggers"] = _limits_given(project, given["triggers"])
    return _checked(Policy(project=project, version=now.version + 1, **policy_content(now) | given))


def _locked(project: Project) -> Project:
    """Versions are numbered one after the other. Raises ChangeRefused for an archived project."""
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if locked.state == Project.State.ARCHIVED:
        raise ChangeRefused(f"Project {project.slug} is archived; nothing in it changes any more.")
    return locked


def _refuse_what_is_no_number(content: Mapping[str, Any]) -> None:
    """A file may hold "4" or true where a number belongs. Raises ChangeRefused."""
    for name in [name for name in CHANGEABLE if name in content]:
        field, kind = Policy._meta.get_field(name), type(content[name])
        if isinstance(field, IntegerField) and kind is not int:
            raise ChangeRefused(f"{name} is {content[name]!r}. Write a whole number, without quotation marks.")
        if isinstance(field, FloatField) and kind not in (int, float):
            raise ChangeRefused(f"{name} is {content[name]!r}. Write a number, without quotation marks.")


def policy_content(policy: Policy) -> dict[str, Any]:
    """What a change may change, as it is."""
    return {name: getattr(policy, name) for name in CHANGEABLE}


def _checked(policy: Policy) -> Policy:
    """A version that can decide something. Raises ChangeRefused."""
    try:
        policy.clean_fields()
        deciding.check(policy)
    except ValidationError as error:
        problems = "; ".join(f"{field}: {' '.join(said)}" for field, said in error.message_dict.items())
        raise ChangeRefused(f"This policy cannot work. {problems}") from error
    except PolicyNotValid as error:
        raise ChangeRefused(str(error)) from error
    return policy


def _limits_given(project: Project, triggers: Any) -> dict[str, dict[str, float]]:
    """Both limits of every trigger, on attributes of the rubric as it is. Raises ChangeRefused."""
    attributes = {attribute["name"]: attribute for attribute in project.rubric.attributes}
    if not isinstance(triggers, Mapping) or not triggers:
        raise ChangeRefused("A policy needs at least one trigger, or nothing could ever escalate. Name an attribute.")
    if unknown := sorted(str(name) for name in triggers.keys() - attributes.keys()):
        raise ChangeRefused(
            f"No attribute {', '.join(unknown)} in rubric {project.rubric.version}; it has: {', '.join(attributes)}."
        )
    return {str(name): _limits_checked(attributes[name], given) for name, given in triggers.items()}


def _limits_checked(attribute: Mapping[str, Any], given: Any) -> dict[str, float]:
    name, allowed = attribute["name"], {"escalate_above", "settle_within"}
    if not isinstance(given, Mapping) or given.keys() - allowed:
        raise ChangeRefused(f"The limits of {name} are {given!r}. Write escalate_above and settle_within, or nothing.")
    if not all(limit is None or type(limit) in (int, float) for limit in given.values()):
        raise ChangeRefused(f"The limits of {name} are {given!r}. Write numbers, in points of the scale.")
    limits = _limits({**attribute, **given})
    try:
        Slot(name, Place(attribute, None).scale, **limits)
    except SlotNotValid as error:
        raise ChangeRefused(str(error)) from error
    return limits


@transaction.atomic
def change_rubric(
    *,
    project: Project,
    by: User | None,
    at: datetime,
    reason: str,
    attributes: Sequence[Mapping[str, Any]],
    remarks: Sequence[Mapping[str, Any]] | None = None,
) -> Rubric:
    """Write the next version of what is asked: samples that nobody has answered yet are asked this from now on.

    `remarks` that are left out stay as they are.

    A trigger of the policy stays one while its attribute is asked; `trigger: true` or `false` on an attribute adds or takes
    away. Where that changes the policy, its next version is written too. Raises ChangeRefused, ReasonMissing.
    """
    why = written(reason, WHY)
    now = _locked(project).rubric
    parsed, beside = _parsed(project, attributes, now.remarks if remarks is None else remarks)
    if asked_of(parsed) == now.attributes and beside == now.remarks:
        raise ChangeRefused(
            f"Rubric {now.version} of {project.slug} asks the same already; nothing was changed. "
            "What triggers, and how far apart people may be, is the policy's to say: change that."
        )
    triggers = _triggers_after(project, now, attributes, parsed)
    rubric = write_rubric(project=project, attributes=parsed, remarks=beside)
    said = f"Rubric {rubric.version}: {_difference(now, rubric)}. {why}"
    _record(project, RUBRIC_CHANGED, said, by, at, _by_name(now), _by_name(rubric))
    if triggers != project.policy.triggers:
        text = f"For rubric {rubric.version}. {why}"
        change_policy(project=project, by=by, at=at, reason=text, triggers=triggers)
    return rubric


def _parsed(project: Project, attributes: Any, remarks: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Attributes and remarks, checked and with every default, as an import reads them. Raises ChangeRefused."""
    asked = {"name": project.slug, "attributes": attributes, "remarks": remarks}
    try:
        rubric = rubrics.parse_rubric(asked, At("rubric"))
    except BadRow as error:
        raise ChangeRefused(str(error)) from error
    return rubric["attributes"], rubric["remarks"]


def _triggers_after(
    project: Project, now: Rubric, given: Sequence[Mapping[str, Any]], parsed: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, float]]:
    """The policy's triggers under new attributes. Raises ChangeRefused when none is left."""
    before = {attribute["name"]: attribute for attribute in now.attributes}
    limits: dict[str, dict[str, float]] = {}
    for written_down, attribute in zip(given, parsed, strict=True):
        name, old = attribute["name"], project.policy.triggers.get(attribute["name"])
        if written_down.get("trigger", old is not None):
            said = any(written_down.get(key) is not None for key in POLICY_KEYS[1:])
            is_as_before = old is not None and Place(before[name], None).scale == Place(attribute, None).scale
            limits[name] = old if old is not None and is_as_before and not said else _limits(attribute)
    if not limits:
        raise ChangeRefused(
            "No attribute of this rubric triggers, so nothing could ever escalate. "
            f'Write "trigger": true on one; so far it was {", ".join(project.policy.triggers) or "none"}.'
        )
    return limits


def _by_name(rubric: Rubric) -> dict[str, Any]:
    """Attributes and remarks, each under its name."""
    return {asked["name"]: asked for asked in rubric.attributes + rubric.remarks}


def _difference(before: Rubric, after: Rubric) -> str:
    old, new = _by_name(before), _by_name(after)
    parts = {
        "added": new.keys() - old.keys(),
        "taken out": old.keys() - new.keys(),
        "changed": {name for name in new.keys() & old.keys() if new[name] != old[name]},
    }
    return "; ".join(f"{word} {', '.join(sorted(names))}" for word, names in parts.items() if names) or "another order"


@transaction.atomic
def apply_policy_now(*, project: Project, by: User | None, at: datetime) -> ProjectEvent:
    """Ask that undecided samples follow the newest policy without waiting for a submission (services/applying.py does it)."""
    policy = _locked(project).policy
    return _record(project, APPLICATION_ASKED, application_text(policy), by, at)


def application_text(policy: Policy) -> str:
    return f"Policy {policy.version} for all undecided samples."


def is_drawn(rank: int, share: float) -> bool:
    """Whether a sample of this random rank is in a random slice of this share.

    The same sample is drawn every time it is asked, and a larger share draws what a smaller one did and more. A digest of
    the rank and not the rank itself, which is the order of work: the slice is spread over all of it.
    """
    if not share:
        return False
    draw = hashlib.blake2b(rank.to_bytes(8), digest_size=8, person=b"slice").digest()
    return int.from_bytes(draw) < share * 2**64


def _record(
    project: Project,
    kind: str,
    text: str,
    by: User | None,
    at: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> ProjectEvent:
    return ProjectEvent.objects.create(
        project=project, kind=kind, text=text, actor=by, at=at, before=before, after=after
    )


def _next(versions: Any) -> int:
    return (versions.aggregate(last=Max("version"))["last"] or 0) + 1
