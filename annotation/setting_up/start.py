"""What a project has and what it still needs before people can begin, and what it will cost then."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation import querysets
from annotation.models import Policy, Project, Sample
from annotation.review import rules

# Of the first rounds of recorded projects, so many went to more people (docs/setting-up.md). A project's own share is on its
# overview as soon as it has one.
USUALLY_ESCALATED = (0.07, 0.35)
COUNTED_TO = 100_000


def page(project: Project) -> dict[str, Any]:
    """Context of the page: steps in the order in which they are usually taken, each done or not."""
    samples = _sample_count(project)
    people = querysets.people_who_may_work(project).count()
    steps = [
        _rubric(project),
        _guideline(project),
        _policy(project),
        _samples(project, samples),
        _people(project, people),
        _pay(project),
    ]
    return {
        "project": project,
        "steps": steps,
        "cost": cost_ahead(project.policy, samples, project.price_per_annotation),
        "is_ready": all(step["is_done"] for step in steps if step["is_needed"]),
        "is_paused": project.state == Project.State.PAUSED,
    }


def _sample_count(project: Project) -> int:
    """Work samples, counted no further than anybody has to know here."""
    work = Sample.objects.filter(project=project, purpose=Sample.Purpose.WORK)
    return int(work.values("pk")[: COUNTED_TO + 1].count())


def cost_ahead(policy: Policy, samples: int, price: Decimal | None) -> dict[str, Any] | None:
    """What the samples will take under a policy: annotations from and to, and money where a price is set. None without samples."""
    if not samples:
        return None
    low, high = (round(samples * (policy.first_round + share * policy.extra)) for share in USUALLY_ESCALATED)
    return {
        "samples": samples,
        "is_more": samples > COUNTED_TO,
        "annotations": (low, high),
        "money": None if price is None else (low * price, high * price),
        "shares": tuple(round(100 * share) for share in USUALLY_ESCALATED),
    }


def _step(title: str, text: str, name: str, slug: str, *, is_done: bool, is_needed: bool = True) -> dict[str, Any]:
    url = reverse(f"annotation:{name}", args=[slug])
    return {"title": title, "text": text, "url": url, "is_done": is_done, "is_needed": is_needed}


def _rubric(project: Project) -> dict[str, Any]:
    return _step(_("What is asked"), rules.rubric_text(project), "rubric", project.slug, is_done=True)


def _guideline(project: Project) -> dict[str, Any]:
    written = project.guideline
    text = (
        _("Version %d.") % written.version
        if written
        else _("Nothing is written yet. People read it before they begin.")
    )
    return _step(_("Guideline"), text, "guideline", project.slug, is_done=written is not None, is_needed=False)


def _policy(project: Project) -> dict[str, Any]:
    return _step(_("How it is decided"), rules.policy_text(project), "what-if", project.slug, is_done=True)


def _samples(project: Project, count: int) -> dict[str, Any]:
    if count > COUNTED_TO:
        text = _("More than %d samples.") % COUNTED_TO
    elif count:
        text = ngettext("%d sample.", "%d samples.", count) % count
    else:
        text = _("None yet. A file is tried out first: you see what would come in before it does.")
    return _step(_("Samples"), text, "import", project.slug, is_done=count > 0)


def _people(project: Project, count: int) -> dict[str, Any]:
    wanted = project.policy.first_round
    text = ngettext("%(count)d person may work here", "%(count)d people may work here", count) % {"count": count}
    if count < wanted:
        text += "; " + _("a first round needs %(wanted)d. Invite them by a link.") % {"wanted": wanted}
    return _step(_("People"), text, "invitations", project.slug, is_done=count >= wanted)


def _pay(project: Project) -> dict[str, Any]:
    if project.price_per_annotation is None:
        text = _("No price is set: statements count the work and name no sum.")
    else:
        text = _("%(price)s an annotation.") % {"price": _money(project.price_per_annotation)}
    is_done = project.price_per_annotation is not None
    return _step(_("Pay and settings"), text, "project-settings", project.slug, is_done=is_done, is_needed=False)


def _money(price: Decimal) -> str:
    """With two decimals, or with as many as it has."""
    return f"{price:.2f}" if price == round(price, 2) else f"{price.normalize():f}"
