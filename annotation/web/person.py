"""A person in words: their figures, how they stand, and what they were told. For their own page and for the admins'."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from annotation.models import Annotator, Notice, QualityRule
from annotation.services import quality_rules
from annotation.web import beside

State = Annotator.State
KIND_WORDS = {
    Notice.Kind.WARNING: gettext_lazy("Warning"),
    Notice.Kind.HOLD: gettext_lazy("No new samples for a while"),
    Notice.Kind.PROPOSAL: gettext_lazy("Proposal of a rule"),
    Notice.Kind.TEST_RESULT: gettext_lazy("Test"),
    Notice.Kind.PAUSED: gettext_lazy("Paused"),
    Notice.Kind.RESUMED: gettext_lazy("Resumed"),
    Notice.Kind.SET_ASIDE: gettext_lazy("Work set aside"),
    Notice.Kind.WITHDRAWN: gettext_lazy("Withdrawn"),
    Notice.Kind.MESSAGE: gettext_lazy("Message"),
}
STATE_WORDS = {
    State.ACTIVE: gettext_lazy("active"),
    State.PAUSED: gettext_lazy("paused"),
    State.WITHDRAWN: gettext_lazy("withdrawn"),
}


def standing_of(person: Annotator, at: datetime) -> dict[str, Any]:
    """How they stand now; `held_until` only while a hold runs."""
    is_held = person.state == State.ACTIVE and person.held_until is not None and person.held_until > at
    return {
        "state": person.state,
        "state_text": STATE_WORDS[State(person.state)],
        "held_until": person.held_until if is_held else None,
        "is_qualified": person.is_qualified,
    }


def figures_of(person: Annotator, names: Mapping[int, str] | None = None) -> dict[str, Any]:
    """The kept figures in words; empty ones before the first were computed. names: as in `beside.of`."""
    kept: Mapping[str, Any] = person.figures.figures if hasattr(person, "figures") else {}
    accuracy = kept.get("gold_accuracy") or {"value": None, "low": None, "high": None, "count": 0}
    seconds, share = kept.get("median_seconds"), kept.get("skip_share")
    seen = parse_datetime(kept.get("last_seen") or "")
    return {
        **{name: kept.get(name, 0) for name in ("answered", "counted", "late", "gold", "set_aside", "skipped")},
        "as_of": person.figures.computed_at if kept else None,
        "accuracy": accuracy,
        "accuracy_text": _accuracy_text(accuracy),
        "pace_text": "" if seconds is None else pace(seconds),
        "skip_text": "" if share is None else quality_rules.limit_text(QualityRule.Measure.SKIP_SHARE, share),
        "beside": beside.of(kept.get("among_others") or {}, names),
        "last_seen": seen,
        "last_seen_text": _("%(time)s ago") % {"time": timesince(seen, depth=1)} if seen else "",
    }


def notice_of(notice: Notice) -> dict[str, Any]:
    """A notice with the answer and the reply, and what may still be said to it."""
    is_proposal = notice.kind == Notice.Kind.PROPOSAL
    return {
        "pk": notice.pk,
        "kind": notice.kind,
        "title": KIND_WORDS[Notice.Kind(notice.kind)],
        "text": notice.text,
        "by": notice.by_name,
        "at": notice.created_at,
        "is_new": notice.read_at is None and not is_proposal,
        "is_proposal": is_proposal,
        "is_open": notice.closed_at is None,
        "answer": notice.answer,
        "reply": notice.reply,
        "replied_by": str(notice.closed_by or ""),
        "waits_for_reply": bool(notice.answer and not notice.reply),
        "can_be_answered": not is_proposal and not notice.reply,
    }


def pace(seconds: float) -> str:
    """Seconds below two minutes, minutes above."""
    if seconds < 120:
        return ngettext("%(count)d second", "%(count)d seconds", round(seconds)) % {"count": round(seconds)}
    return _("%(minutes).0f minutes") % {"minutes": seconds / 60}


def _accuracy_text(accuracy: Mapping[str, Any]) -> str:
    if accuracy["value"] is None:
        return ""
    return beside.share_text(accuracy)
