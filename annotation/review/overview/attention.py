"""What needs somebody today, the most worthwhile first, each with the reason and a way there.

The order is that of what waiting costs. First what stops the work or spoils every further label; then people who wait for
an answer, or are paid too little; then single samples; then what can wait until tomorrow. Nothing is said on chance
alone: a reliability is called weak, or falling, only where its interval allows nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import Annotator, DatasetVersion, Notice, Project, QueueEntry, Sample
from annotation.review.estimates import count_text, estimate_text
from annotation.review.overview import cost, trust
from annotation.review.overview.trust import Measured
from annotation.review.rules import attribute_title
from annotation.statistics.reading import Statistics
from consensus.estimates import Estimate
from consensus.falling import has_fallen

VERSIONS = "#versions"  # on the same page


@dataclass(frozen=True)
class Thing:
    """What somebody should do, why, and where. `is_calm`: nothing is wrong, it is only time."""

    text: str
    why: str
    url: str = ""
    is_calm: bool = False


@dataclass(frozen=True)
class Seen:
    """What is looked at: the project, its statistics, the figures that are kept of it, and for whom."""

    project: Project
    statistics: Statistics
    kept: dict[str, Any]
    measured: Measured
    for_admin: bool

    def url(self, name: str, *more: Any) -> str:
        return reverse(f"annotation:{name}", args=[self.project.slug, *more])


def things(seen: Seen) -> list[Thing]:
    """In order of worth."""
    found: list[Thing] = []
    for look in (
        people_missing,
        people_who_stand_out,
        weak_labels,
        too_little_pay,
        people_who_wait,
        samples_under_review,
        broken,
        finished,
    ):
        found += look(seen)
    return found


# --- what stops the work, or spoils it ------------------------------------------------------------------------------
def people_missing(seen: Seen) -> Iterator[Thing]:
    """Too few people for a first round at all, or for some samples; as of the kept figures."""
    wanted = seen.kept.get("people_wanted")
    url = seen.url("people") if seen.for_admin else ""
    if wanted and (missing := wanted["for_first_round"]):
        said = ngettext("Find %d more person", "Find %d more people", missing) % missing
        why = _("a first round asks %(asked)d, and %(there)d may work here")
        yield Thing(said, why % {"asked": wanted["first_round"], "there": wanted["may_work"]}, url)
    elif wanted and (samples := wanted["samples"]):
        most = ngettext("%d more person", "up to %d more people", wanted["most"]) % wanted["most"]
        said = ngettext(
            "Find %(people)s for %(count)d sample", "Find %(people)s for %(count)d samples", samples
        ) % {"people": most, "count": samples}  # fmt: skip
        yield Thing(said, _("everybody else has had them or lacks their skills"), url)


def people_who_stand_out(seen: Seen) -> Iterator[Thing]:
    """Before labels that are weak: somebody who guesses makes them so, and no guideline helps against it."""
    working = Annotator.objects.filter(project=seen.project, state=Annotator.State.ACTIVE, figures__urgency__gte=1)
    if seen.for_admin and (count := working.count()):
        said = ngettext("Look at the answers of %d person", "Look at the answers of %d people", count) % count
        yield Thing(said, _("they stand out beside the others by more than chance explains"), seen.url("people"))


def weak_labels(seen: Seen) -> Iterator[Thing]:
    """Attributes on which people surely agree too little, together; then each on which surely less than they did."""
    url = seen.url("guideline")
    weak = {name: estimate for name, estimate in seen.measured.headline.items() if trust.is_weak(estimate)}
    if weak:
        yield _weak(seen.project, weak, url)
    for name in seen.measured.headline:
        if name not in weak and (why := _fallen(seen.measured, name)):
            title = attribute_title(seen.project, name)
            yield Thing(_("Find out what changed on %(attribute)s") % {"attribute": title}, why, url)


def _weak(project: Project, weak: Mapping[str, Estimate], url: str) -> Thing:
    """One guideline is to be written, so several attributes are one thing; the one that is surest to be weak is named."""
    name, estimate = min(weak.items(), key=lambda of: of[1].high or 0)
    title = attribute_title(project, name)
    figures = {"attribute": title, "estimate": estimate_text(vars(estimate)), "limit": f"{trust.TENTATIVE:.2f}"}
    if len(weak) == 1:
        why = _("its reliability is weak: %(estimate)s, in any case below %(limit)s")
        return Thing(_("Make the guideline clearer on %(attribute)s") % figures, why % figures, url)
    said = _("Make the guideline clearer on %(count)s questions") % {"count": len(weak)}
    why = _("their reliability is weak, in any case below %(limit)s; least on %(attribute)s: %(estimate)s")
    return Thing(said, why % figures, url)


def _fallen(measured: Measured, name: str) -> str:
    """Why the newest week is surely below those before; empty where it is not."""
    by_week = measured.by_week(name)
    weeks = [by_week[week] for week in sorted(by_week) if by_week[week].count >= trust.ENOUGH]
    if len(weeks) < 2 or not has_fallen(weeks):
        return ""
    said = _("its reliability fell: %(estimate)s in the last week, lower than before by more than chance explains")
    return said % {"estimate": estimate_text(vars(weeks[-1]))}


# --- people ---------------------------------------------------------------------------------------------------------
def too_little_pay(seen: Seen) -> Iterator[Thing]:
    pay, floor = seen.kept.get("pay"), seen.project.hourly_floor
    if seen.for_admin and pay and floor is not None and cost.is_under(floor, pay):
        said = _("an active hour brings the lowest tenth %(pay)s; the floor is %(floor)s")
        values = {"pay": cost.hour_text(pay["lowest_tenth"]), "floor": cost.hour_text(floor)}
        yield Thing(_("Raise the price, or find out who is slow and why"), said % values, seen.url("people"))


def people_who_wait(seen: Seen) -> Iterator[Thing]:
    """For a decision about them, for an answer, for a verdict on gold."""
    waiting = Notice.objects.filter(annotator__project=seen.project)
    if seen.for_admin:
        about = waiting.filter(kind=Notice.Kind.PROPOSAL, closed_at=None)
        if proposals := about.exclude(annotator__state=Annotator.State.WITHDRAWN).count():
            said = ngettext("Decide about %d person", "Decide about %d people", proposals) % proposals
            yield Thing(said, _("a rule proposes it, and only a human decides"), seen.url("people"))
        if answers := waiting.filter(Q(answered_at__isnull=False, reply="")).count():
            said = ngettext("Reply to %d person", "Reply to %d people", answers) % answers
            yield Thing(said, _("they answered what they were told"), seen.url("people"))
    yield from _of_queue(seen, QueueEntry.Kind.QUESTION, QueueEntry.Kind.GOLD_DISPUTE)


# --- single samples, and the rest -----------------------------------------------------------------------------------
def samples_under_review(seen: Seen) -> Iterator[Thing]:
    """Contested samples, and labels that stand though something speaks against them."""
    Kind = QueueEntry.Kind
    yield from _of_queue(seen, Kind.CONTESTED, Kind.JUDGE_DISAGREES, Kind.LATE_ANNOTATION)


def _of_queue(seen: Seen, *kinds: str) -> Iterator[Thing]:
    """What waits in the review queue, of these kinds, in this order."""
    waiting = QueueEntry.objects.filter(project=seen.project, kind__in=kinds).order_by()
    counts = dict(waiting.values_list("kind").annotate(Count("pk")))
    for kind in kinds:
        if count := counts.get(kind, 0):
            said, why = _waiting_text(kind, count)
            yield Thing(said % {"count": count_text(count)}, why, f"{seen.url('queue')}?kind={kind}")


def _waiting_text(kind: str, count: int) -> tuple[str, str]:
    match kind:
        case QueueEntry.Kind.CONTESTED:
            said = ngettext("Settle %(count)s contested sample", "Settle %(count)s contested samples", count)
            return said, _("people could not; first come those whose decision is worth most")
        case QueueEntry.Kind.JUDGE_DISAGREES:
            said = ngettext("Look again at %(count)s label", "Look again at %(count)s labels", count)
            return said, _("a measured judge disagrees strongly")
        case QueueEntry.Kind.LATE_ANNOTATION:
            said = ngettext("Look at %(count)s late annotation", "Look at %(count)s late annotations", count)
            return said, _("it came after the sample was closed, and counts nowhere")
        case QueueEntry.Kind.GOLD_DISPUTE:
            said = ngettext("Look at %(count)s disputed gold answer", "Look at %(count)s disputed gold answers", count)
            return said, _("somebody says that it is wrong, and it still measures people")
        case _:
            said = ngettext("Answer %(count)s question", "Answer %(count)s questions", count)
            return said, _("an annotator waits for it")


def broken(seen: Seen) -> Iterator[Thing]:
    """A version that could not be built, judges that say nothing."""
    newest = seen.project.versions.order_by("-number").first()
    if newest and newest.state == DatasetVersion.State.FAILED:
        yield Thing(
            _("Build version %(number)d again") % {"number": newest.number}, newest.problem or _("it failed"), VERSIONS
        )
    judged = seen.kept.get("judge_totals") or []
    silent = [str(of["judge"]) for of in judged if not of["judgments"]]
    if silent and seen.statistics.decided:
        why = _("not one judgment by %(names)s, while people have decided samples")
        yield Thing(_("Start its run, or take the judge out"), why % {"names": ", ".join(silent)}, seen.url("judges"))


def finished(seen: Seen) -> Iterator[Thing]:
    """Nothing is left to annotate or settle, and no version was made since: time to publish."""
    of = seen.statistics.samples
    waiting = sum(of.get(state, 0) for state in (Sample.State.OPEN, Sample.State.ESCALATED, Sample.State.CONTESTED))
    if not of.get(Sample.State.RESOLVED, 0) or waiting:
        return
    ready = seen.project.versions.filter(state=DatasetVersion.State.READY, origin=DatasetVersion.Origin.PEOPLE)
    if not ready.exists():
        yield Thing(
            _("Publish the labels"), _("every sample is decided, and no version is made yet"), VERSIONS, is_calm=True
        )
