"""What a check says: right, wrong, or that it could not be verified."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """is_met: None when it could not be verified, which is neither right nor wrong. reason: a sentence why, "" when met."""

    is_met: bool | None
    reason: str = ""


def all_of(verdicts: list[Verdict]) -> Verdict:
    """Met when all are, not met when one is not; otherwise it could not be verified."""
    for wanted in (False, None):
        for verdict in verdicts:
            if verdict.is_met is wanted:
                return verdict
    return Verdict(True)
