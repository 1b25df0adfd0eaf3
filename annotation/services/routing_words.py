"""What a look at the random slice found, in sentences with the values: for the page, the audit trail and the history of samples."""

from collections.abc import Iterator, Sequence

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
    return (
        f"The judge {name} has yet to speak of {count} samples, which wait for it: let it judge them, or switch it off."
    )


def _promise(found: Routing, look: int) -> str:
    """With the risk of this look, and the whole of which it is a part (consensus.routing.risk_of_look)."""
    asked = found.risk * look * (look + 1)
    return f"{per_cent(found.target)} agreement at a risk of {per_cent(found.risk)}, this look's part of your {per_cent(asked)}"


def _found(found: Routing, look: int) -> str:
    promise = _promise(found, look)
    if found.chosen:
        return (
            f"Judges that are at least {per_cent(found.chosen.threshold)} sure may settle "
            f"{per_cent(found.chosen.coverage)} of the samples: {_seen(found.chosen)}, enough for {promise}."
        )
    if found.reason == "too_few_tested":
        return (
            f"The random slice has {found.tested} samples to test on, one a prompt. Even without a single error "
            f"{found.needed} are needed for {promise}."
        )
    if found.reason == "nothing_judged":
        return (
            "No sample outside the random slice has been judged by every judge at work, so there is nothing to settle."
        )
    return f"Not even where judges are surest: {_seen(found.steps[0])}, not enough for {promise}."


def _seen(step: Step) -> str:
    share = "" if step.agreement is None else f" ({per_cent(step.agreement)})"
    return f"where they are, they agreed with people on {step.agreed} of {step.count} tested samples{share}"


def remedies_of(reason: str, *, needed: int, tested: int) -> list[str]:
    """What would help where the promise cannot be made; nothing where it is."""
    return list(_remedies(reason, needed - tested)) if reason != "promised" else []


def _remedies(reason: str, missing: int) -> Iterator[str]:
    if reason == "nothing_judged":
        yield "Let the judges judge all samples of the project."
        return
    if reason == "too_few_tested":
        yield f"Wait until people have finished {missing} further samples of the slice, each of a prompt of its own."
        yield (
            "Give the policy a larger slice_share: further samples are drawn at random. Below a hundred samples that people rated "
            "outside the slice, half of it is for learning what the judges' words are worth, and not for the test."
        )
    else:
        yield "A larger random slice shows more exactly how right judges are. It does not make them better."
        yield "Better judges, or another panel: a judge that people agree with more is surer where it is right."
    yield "A lower target agreement, or a higher risk, if your purpose allows it. Choose by the purpose, not by what passes."


def settled(fit: RoutingFit, sureness: float) -> str:
    """What stands in the history of a sample that judges settled."""
    return (
        f"Judges are {per_cent(sureness)} sure, {per_cent(fit.threshold or 0.0)} or more is enough "
        f"(look {fit.look}: {per_cent(fit.details['target'])} agreement with people). Nobody was asked."
    )
