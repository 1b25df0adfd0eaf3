"""What a look at the random slice found, in sentences with the values: for the page, the audit trail and the history of samples."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotation.models import RoutingFit
from consensus.routing import Routing, Step


def per_cent(share: float) -> str:
    """As short as it is exact: 95 %, 2.5 %, 0.83 %."""
    return f"{100 * share:.3g} %"


def sentence(found: Routing, unheard: Sequence[tuple[str, int]] = (), *, look: int) -> str:
    """Whether the promise can be made, and on what that rests. unheard: judges that samples wait for, with how many.

    look: from 1, the how manieth of the project it is or would be.
    """
    waits_for_judges = found.reason in ("too_few_tested", "nothing_judged")
    return " ".join([_found(found, look), *map(_unheard, unheard if waits_for_judges else ())])


def _unheard(judge: tuple[str, int]) -> str:
    name, count = judge
    return ngettext(
        "The judge %(name)s has yet to speak of %(count)d sample, which waits for it: let it judge it, or switch it off.",
        "The judge %(name)s has yet to speak of %(count)d samples, which wait for it: let it judge them, or switch it off.",
        count,
    ) % {"name": name, "count": count}


def _promise(found: Routing, look: int) -> str:
    """With the risk of this look, and the whole of which it is a part (consensus.routing.risk_of_look)."""
    asked = found.risk * look * (look + 1)
    return _("%(target)s agreement at a risk of %(risk)s, this look's part of your %(asked)s") % {
        "target": per_cent(found.target),
        "risk": per_cent(found.risk),
        "asked": per_cent(asked),
    }


def _found(found: Routing, look: int) -> str:
    promise = _promise(found, look)
    if found.chosen:
        return _(
            "Judges that are at least %(sure)s sure may settle %(share)s of the samples: %(seen)s, enough for %(promise)s."
        ) % {
            "sure": per_cent(found.chosen.threshold),
            "share": per_cent(found.chosen.coverage),
            "seen": _seen(found.chosen),
            "promise": promise,
        }
    if found.reason == "too_few_tested":
        return _(
            "The random slice has %(tested)d samples to test on, one a prompt. Even without a single error %(needed)d are "
            "needed for %(promise)s."
        ) % {"tested": found.tested, "needed": found.needed, "promise": promise}
    if found.reason == "nothing_judged":
        return _(
            "No sample outside the random slice has been judged by every judge at work, so there is nothing to settle."
        )
    said = _("Not even where judges are surest: %(seen)s, not enough for %(promise)s.")
    return said % {"seen": _seen(found.steps[0]), "promise": promise}


def _seen(step: Step) -> str:
    about = {"agreed": step.agreed, "count": step.count}
    if step.agreement is None:
        return _("where they are, they agreed with people on %(agreed)d of %(count)d tested samples") % about
    said = _("where they are, they agreed with people on %(agreed)d of %(count)d tested samples (%(share)s)")
    return said % {**about, "share": per_cent(step.agreement)}


def remedies_of(reason: str, *, needed: int, tested: int) -> list[str]:
    """What would help where the promise cannot be made; nothing where it is."""
    return list(_remedies(reason, needed - tested)) if reason != "promised" else []


def _remedies(reason: str, missing: int) -> Iterator[str]:
    if reason == "nothing_judged":
        yield _("Let the judges judge all samples of the project.")
        return
    if reason == "too_few_tested":
        yield _(
            "Wait until people have finished %(missing)d further samples of the slice, each of a prompt of its own."
        ) % {"missing": missing}
        yield _(
            "Give the policy a larger slice_share: further samples are drawn at random. Below a hundred samples that people rated "
            "outside the slice, half of it is for learning what the judges' words are worth, and not for the test."
        )
    else:
        yield _("A larger random slice shows more exactly how right judges are. It does not make them better.")
        yield _("Better judges, or another panel: a judge that people agree with more is surer where it is right.")
    yield _(
        "A lower target agreement, or a higher risk, if your purpose allows it. Choose by the purpose, not by what passes."
    )


def settled(fit: RoutingFit, sureness: float) -> str:
    """What stands in the history of a sample that judges settled."""
    return (
        f"Judges are {per_cent(sureness)} sure, {per_cent(fit.threshold or 0.0)} or more is enough "
        f"(look {fit.look}: {per_cent(fit.details['target'])} agreement with people). Nobody was asked."
    )
