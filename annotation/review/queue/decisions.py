"""What a reviewer may decide of a sample, and what each decision changes: said before it is taken."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import ConsensusLabel, Decision, Sample
from annotation.review import said as saying
from annotation.services import adjudication, asking, routing
from annotation.services.proposing import Proposal

Action = Decision.Action
State = Sample.State
Row = dict[str, Any]
KEYS = {Action.ACCEPT: "a", Action.SET: "s", Action.ESCALATE: "e", Action.EXCLUDE: "d"}
LABELS = {
    Action.ACCEPT: gettext_lazy("Accept"),
    Action.SET: gettext_lazy("Set chosen"),
    Action.ESCALATE: gettext_lazy("Ask again"),
    Action.EXCLUDE: gettext_lazy("Exclude"),
}
# What can be decided of several samples at once.
SEVERAL = [
    {"value": Action.ACCEPT, "label": gettext_lazy("Accept as proposed"), "key": "a"},
    {"value": Action.ESCALATE, "label": gettext_lazy("Ask two more"), "key": "e"},
    {"value": Action.EXCLUDE, "label": gettext_lazy("Exclude"), "key": "d"},
]


def causes(chosen: str = "") -> list[Row]:
    """Why people differed, each by the digit that names it."""
    return [
        {"value": value, "label": label, "key": str(number), "is_chosen": value == chosen}
        for number, (value, label) in enumerate(Decision.Cause.choices, start=1)
    ]


def actions(sample: Sample, proposed: Proposal, *, has_versions: bool) -> list[Row]:
    """The decisions that a reviewer has, each with what it changes."""
    held = _held(sample)
    wanted = [Action.SET, Action.ESCALATE, Action.EXCLUDE]
    if not proposed.is_empty:
        wanted = [Action.ACCEPT, *wanted]
    return [_action(action, sample, proposed, held, has_versions=has_versions) for action in wanted]


def _action(action: str, sample: Sample, proposed: Proposal, held: "_Held", *, has_versions: bool) -> Row:
    refusal = adjudication.why_not(sample, action)
    return {
        "value": action,
        "label": LABELS[Action(action)],
        "key": KEYS[Action(action)],
        "effect": refusal or _effect(action, sample),
        "moves": None if refusal else _moves(action, sample),
        "changes": _changes(proposed, held, sample) if action == Action.ACCEPT else [],
        "facts": [] if refusal else _facts(action, held, has_versions=has_versions),
        "impossible": bool(refusal),
    }


def _effect(action: str, sample: Sample) -> str:
    match action:
        case Action.ACCEPT:
            return _("The proposed label becomes the sample's label.")
        case Action.SET:
            return _("What is chosen above becomes the sample's label.")
        case Action.ESCALATE:
            return people_asked(sample)
    return _("It leaves the data set and is given to nobody.")


def people_asked(sample: Sample) -> str:
    if routing.is_settled_by_judges(sample):
        return _("Judges settled it. It gets its first round of people, and their label counts.")
    people = asking.people_left(sample, at_most=adjudication.MORE_PEOPLE)
    said = ngettext(
        "%d more person is asked, then it is decided anew.", "%d more are asked, then it is decided anew.", people
    )
    return said % people


def _moves(action: str, sample: Sample) -> Row:
    """The state now and then."""
    by_judges = routing.is_settled_by_judges(sample)
    after = {
        Action.ACCEPT: State.RESOLVED,
        Action.SET: State.RESOLVED,
        Action.ESCALATE: State.OPEN if by_judges else State.ESCALATED,
        Action.EXCLUDE: State.EXCLUDED,
    }[Action(action)]
    return {"source": sample.state, "target": str(after), "stays": sample.state == after}


class _Held:
    """The label as it stands, by place."""

    def __init__(self, current: Sequence[ConsensusLabel]) -> None:
        self.values: Mapping[Any, int | None] = {(one.attribute, one.response): one.human_value for one in current}
        self.has_label = bool(current)
        self.has_merged = any(one.merged_value is not None for one in current)
        self.is_of_reviewer = any(one.decided_by_id for one in current)


def _held(sample: Sample) -> _Held:
    return _Held(list(ConsensusLabel.objects.filter(sample=sample, is_current=True)))


def _changes(proposed: Proposal, held: _Held, sample: Sample) -> list[Row]:
    """What the label was and becomes, of the places where it changes."""
    return [
        {
            "title": saying.title(place, sample),
            "was": saying.word(place, held.values.get((place.name, place.response))),
            "becomes": saying.word(place, value),
        }
        for place, value in zip(proposed.places, proposed.values, strict=True)
        if value is not None and value != held.values.get((place.name, place.response))
    ]


def _facts(action: str, held: _Held, *, has_versions: bool) -> list[str]:
    """What else changes, and what does not."""
    facts = []
    if action in (Action.ESCALATE, Action.EXCLUDE) and held.has_label:
        facts.append(_("The label it has now stands no longer; its history keeps it."))
    if held.has_merged:
        facts.append(
            _("It has no merged value any more: a reviewer's label is not merged with judges.")
            if action in (Action.ACCEPT, Action.SET)
            else _("Its merged value stands no longer either.")
        )
    if has_versions:
        facts.append(_("Published versions stay as they are."))
    return facts
