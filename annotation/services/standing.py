"""How a person stands in a project: paused, resumed, asked to take the test again, withdrawn, their work set aside; each by a
named human with a written reason, which the person reads and can answer.

No rule can do any of this (quality_rules.py). Every decision is a Notice to the person and a ProjectEvent of the project.
docs/people.md and docs/changes/withdrawing.md say what becomes of samples that have begun.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from annotation.models import Annotator, Assignment, Membership, Notice, Project, ProjectEvent, User
from annotation.services import invitations, leases, qualification, reconsideration, set_aside
from annotation.services.leases import LeaseGone
from annotation.services.people import require_admin, written

State = Annotator.State
Kind = Notice.Kind
ACCEPTED_WITH = ("message", "pause", "requalify", "withdraw")  # what may follow a rule's proposal
AT_ONCE = 50  # answers that are set aside before the admin's page comes back; beat does the rest


class NotPossible(Exception):
    """The decision does not fit how the person stands now; the message says how they do."""


# --- decisions of an admin ----------------------------------------------------------------------------------------
def pause(*, annotator: Annotator, by: User, reason: str, at: datetime) -> Notice:
    """Hand out nothing more to a person, until they are resumed. What they hold is given back to the samples.

    Raises NotAnAdmin, ReasonMissing, NotPossible.
    """
    with transaction.atomic():
        _stand(annotator, State.PAUSED, of=[State.ACTIVE])
        notice = _decide(annotator, Kind.PAUSED, by=by, reason=reason, at=at)
    _free(annotator, at)
    return notice


def resume(*, annotator: Annotator, by: User, reason: str, at: datetime) -> Notice:
    """Let a person work again who was paused, withdrawn, or held back by a rule. Work that was set aside stays so.

    Raises NotAnAdmin, ReasonMissing, NotPossible.
    """
    with transaction.atomic():
        person = _stand(annotator, State.ACTIVE, of=list(State))
        if person.state == State.ACTIVE and not (person.held_until and person.held_until > at):
            said = _("%(annotator)s is active and not held back: there is nothing to resume.")
            raise NotPossible(said % {"annotator": annotator})
        Annotator.objects.filter(pk=annotator.pk).update(held_until=None)
        notice = _decide(annotator, Kind.RESUMED, by=by, reason=reason, at=at)
    reconsideration.reconsider(project=annotator.project, at=at)
    return notice


def withdraw(*, annotator: Annotator, by: User, reason: str, at: datetime, keep_work: bool) -> Notice:
    """Take a person out of the project. Their work goes on counting, or is set aside, which cannot be undone.

    Raises NotAnAdmin, ReasonMissing, NotPossible.
    """
    with transaction.atomic():
        _stand(annotator, State.WITHDRAWN, of=[State.ACTIVE, State.PAUSED])
        notice = _decide(annotator, Kind.WITHDRAWN, by=by, reason=reason, at=at)
        order = None if keep_work else _decide(annotator, Kind.SET_ASIDE, by=by, reason=reason, at=at)
    _free(annotator, at)
    if order:
        set_aside.go_on(notice=order, at=at, limit=AT_ONCE)
    return notice


def set_work_aside(*, annotator: Annotator, by: User, reason: str, at: datetime) -> Notice:
    """Let nothing count that this person has submitted so far. They may go on working. It cannot be undone.

    Raises NotAnAdmin, ReasonMissing, NotPossible.
    """
    with transaction.atomic():
        _locked(annotator)
        if not set_aside.answers_of(annotator).exists():
            said = _("%(annotator)s has no answers that could be set aside.")
            raise NotPossible(said % {"annotator": annotator})
        order = _decide(annotator, Kind.SET_ASIDE, by=by, reason=reason, at=at)
    set_aside.go_on(notice=order, at=at, limit=AT_ONCE)
    reconsideration.reconsider(project=annotator.project, at=at)
    return order


def requalify(*, annotator: Annotator, by: User, reason: str, at: datetime) -> Notice:
    """Ask a person to take the test again before they get anything more. What they hold stays in their hands.

    Raises NotAnAdmin, ReasonMissing, NotPossible: there is no test, they are in it, or too little gold is left for one.
    """
    with transaction.atomic():
        require_admin(project=annotator.project, user=by)
        said = written(reason)
        if refused := qualification.why_no_test(_locked(annotator)):
            raise NotPossible(refused)
        notice = qualification.ask_again(annotator=annotator, by=by, reason=said, at=at)
        _close_proposals(annotator, by=by, said=said, at=at)
        log(annotator, "annotator_requalified", said, by, at)
    reconsideration.reconsider(project=annotator.project, at=at)
    return notice


def message(*, annotator: Annotator, by: User, text: str, at: datetime) -> Notice:
    """Write to a person. They read it on their record, may answer, and get a reply. Nothing else follows.

    Raises NotAnAdmin, ReasonMissing, NotPossible for somebody without an account, who reads nothing here.
    """
    require_admin(project=annotator.project, user=by)
    said = written(text, _("Write the message."))
    if annotator.user_id is None:
        refused = _("%(annotator)s has no account and would not read it. Write to them where they work.")
        raise NotPossible(refused % {"annotator": annotator})
    with transaction.atomic():
        notice = Notice.objects.create(
            annotator=annotator, kind=Kind.MESSAGE, text=said, by=by, by_name=_name(by), created_at=at
        )
        log(annotator, "annotator_messaged", said, by, at)
    return notice


def accept(*, proposal: Notice, decision: str, by: User, reason: str, at: datetime) -> None:
    """Follow a rule's proposal: with one of ACCEPTED_WITH, and the reason that the person reads.

    Raises NotAnAdmin, ReasonMissing, NotPossible.
    """
    with transaction.atomic():
        if not Notice.objects.select_for_update().filter(pk=proposal.pk, kind=Kind.PROPOSAL, closed_at=None).exists():
            raise NotPossible(_("This proposal was dealt with already."))
        about: dict[str, Any] = {"annotator": proposal.annotator, "by": by, "at": at}
        match decision:
            case "pause":
                pause(reason=reason, **about)
            case "requalify":
                requalify(reason=reason, **about)
            case "withdraw":
                withdraw(reason=reason, keep_work=True, **about)
            case "message":
                message(text=reason, **about)
                _close_proposals(proposal.annotator, by=by, said=written(reason), at=at)
            case other:
                refused = _("%(decision)r does not follow a proposal; it may be: %(choices)s.")
                raise NotPossible(refused % {"decision": other, "choices": ", ".join(ACCEPTED_WITH)})


def decline(*, proposal: Notice, by: User, reason: str, at: datetime) -> None:
    """Close a rule's proposal without doing anything. (A decision about the person closes it too.)

    Raises NotAnAdmin, ReasonMissing, NotPossible.
    """
    require_admin(project=proposal.annotator.project, user=by)
    said = written(reason)
    with transaction.atomic():
        opened = Notice.objects.filter(pk=proposal.pk, kind=Kind.PROPOSAL, closed_at=None)
        if not opened.update(closed_at=at, closed_by=by, reply=said):
            raise NotPossible(_("This proposal was dealt with already."))
        log(proposal.annotator, "proposal_declined", said, by, at)


def take_role(*, project: Project, user: User, role: str, by: User, reason: str, at: datetime) -> None:
    """End an account's part in a project. An annotator is withdrawn and keeps their work; they can still read why.

    Links by which they could take the role again are withdrawn too.

    Raises NotAnAdmin, ReasonMissing, NotPossible.
    """
    require_admin(project=project, user=by)
    said = written(reason)
    with transaction.atomic():
        # One after the other, so that of the last two admins only one can go.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        held = Membership.objects.filter(project=project, role=role)
        if not held.filter(user=user).exists():
            refused = _("%(user)s is no %(role)s of %(project)s.")
            raise NotPossible(refused % {"user": user, "role": _role(role), "project": project.slug})
        if role == Membership.Role.ADMIN and held.count() == 1:
            refused = _("%(user)s is the last admin of %(project)s. Make somebody else one first.")
            raise NotPossible(refused % {"user": user, "project": project.slug})
        invitations.withdraw_behind(project=project, user=user, role=role, by=by, at=at)
        held.filter(user=user).delete()
        _log(project, "role_taken", f"{user} is no longer {role}: {said}", by, at)
    annotator = project.annotators.filter(user=user).exclude(state=State.WITHDRAWN).first()
    if role == Membership.Role.ANNOTATOR and annotator:
        withdraw(annotator=annotator, by=by, reason=reason, at=at, keep_work=True)


# --- the person's own word ----------------------------------------------------------------------------------------
def leave(*, annotator: Annotator, at: datetime, keep_work: bool = True, message: str = "") -> Notice:
    """A person goes at their own wish. Their work goes on counting unless they ask for the other, and is credited.

    `message`: what they want to say to the admins. Raises NotPossible when they are out already.
    """
    name = _name(annotator.user) if annotator.user else str(annotator)
    told = {"annotator": annotator, "by": annotator.user, "by_name": name, "created_at": at, "read_at": at}
    with transaction.atomic():
        _stand(annotator, State.WITHDRAWN, of=[State.ACTIVE, State.PAUSED])
        answered = {"answer": message.strip(), "answered_at": at} if message.strip() else {}
        notice = Notice.objects.create(
            kind=Kind.WITHDRAWN, text=_("You left this project at your own wish."), **told, **answered
        )
        order = None
        if not keep_work:
            text = _("You asked that your answers no longer count.")
            order = Notice.objects.create(kind=Kind.SET_ASIDE, text=text, **told)
        kept = "stays" if keep_work else "is set aside"
        text = f"{annotator} left at their own wish; their work {kept}."
        _log(annotator.project, "annotator_left", text, annotator.user, at, annotator)
    _free(annotator, at)
    if order:
        set_aside.go_on(notice=order, at=at, limit=AT_ONCE)
    return notice


def notices_for(annotator: Annotator) -> list[Notice]:
    """What the person may read, newest first: everything but a rule's proposal to the admins."""
    return list(annotator.notices.exclude(kind=Kind.PROPOSAL).select_related("closed_by").order_by("-pk"))


def trail_of(annotator: Annotator) -> list[ProjectEvent]:
    """What was decided about a person, as they may read it: everything but what became of a rule's proposals."""
    return list(annotator.events.exclude(kind__startswith="proposal_").select_related("actor").order_by("pk"))


def has_unread(annotator: Annotator) -> bool:
    return annotator.notices.filter(read_at=None).exclude(kind=Kind.PROPOSAL).exists()


def mark_read(*, annotator: Annotator, at: datetime) -> None:
    annotator.notices.filter(read_at=None).exclude(kind=Kind.PROPOSAL).update(read_at=at)


def answer(*, notice: Notice, text: str, at: datetime) -> None:
    """What the person says to a notice; they may change it until an admin has replied.

    Raises ReasonMissing for an empty answer, NotPossible after a reply.
    """
    said = written(text, _("Write what you want to say."))
    waiting = Notice.objects.filter(pk=notice.pk, reply="").exclude(kind=Kind.PROPOSAL)
    if not waiting.update(answer=said, answered_at=at):
        raise NotPossible(_("An admin has replied to this already. Answer a newer notice, or write to the project."))
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=at)


def reply(*, notice: Notice, by: User, text: str, at: datetime) -> None:
    """What an admin says to a person's answer. Raises NotAnAdmin, ReasonMissing, NotPossible."""
    require_admin(project=notice.annotator.project, user=by)
    said = written(text, _("Write the reply."))
    # An order to set work aside is closed when it is carried out, not when it was talked about.
    closed = {} if notice.kind == Kind.SET_ASIDE else {"closed_at": at}
    waiting = Notice.objects.filter(pk=notice.pk, answered_at__isnull=False, reply="")
    if not waiting.update(reply=said, closed_by=by, **closed):
        raise NotPossible(_("There is no answer here that waits for a reply."))


# --- beat ---------------------------------------------------------------------------------------------------------
def finish_begun(*, at: datetime) -> None:
    """Carry out what somebody was killed over: leases of people who are out, work that is to be set aside."""
    held = Assignment.objects.filter(state=Assignment.State.LEASED).exclude(annotator__state=State.ACTIVE)
    for assignment in held.order_by("sample_id"):
        _release(assignment, at)
    for notice in set_aside.under_way():
        set_aside.go_on(notice=notice, at=at)


# --- how ----------------------------------------------------------------------------------------------------------
def _locked(annotator: Annotator) -> Annotator:
    return Annotator.objects.select_for_update(no_key=True).get(pk=annotator.pk)


def _stand(annotator: Annotator, state: str, *, of: list[State]) -> Annotator:
    """Change the state of a person who is in one of the given ones; returns them as they were. Raises NotPossible."""
    person = _locked(annotator)
    if person.state not in of:
        said = _("%(annotator)s is %(state)s already.")
        raise NotPossible(said % {"annotator": annotator, "state": person.get_state_display().lower()})
    Annotator.objects.filter(pk=annotator.pk).update(state=state)
    annotator.state = state
    return person


def _decide(annotator: Annotator, kind: Kind, *, by: User, reason: str, at: datetime) -> Notice:
    """Tell the person and the project, and close the rules' proposals: somebody has looked. Raises NotAnAdmin, ReasonMissing."""
    require_admin(project=annotator.project, user=by)
    said = written(reason)
    notice = Notice.objects.create(annotator=annotator, kind=kind, text=said, by=by, by_name=_name(by), created_at=at)
    _close_proposals(annotator, by=by, said=said, at=at, are_followed=kind != Kind.RESUMED)
    event = "work_set_aside" if kind == Kind.SET_ASIDE else f"annotator_{kind.value}"
    log(annotator, event, said, by, at)
    return notice


def _close_proposals(annotator: Annotator, *, by: User, said: str, at: datetime, are_followed: bool = True) -> None:
    """Somebody has looked: what rules proposed about this person is dealt with, and the trail says by whom and how."""
    proposals = Notice.objects.filter(annotator=annotator, kind=Kind.PROPOSAL, closed_at=None)
    if proposals.update(closed_at=at, closed_by=by, reply=said):
        log(annotator, "proposal_accepted" if are_followed else "proposal_declined", said, by, at)


def _role(role: str) -> str:
    return str(dict(Membership.Role.choices).get(role, role)).lower()


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()


def log(annotator: Annotator, kind: str, said: str, by: User | None, at: datetime) -> None:
    """The trail of the project, and of the person."""
    _log(annotator.project, kind, f"{annotator}: {said}", by, at, annotator)


def _log(
    project: Project, kind: str, text: str, by: User | None, at: datetime, annotator: Annotator | None = None
) -> None:
    ProjectEvent.objects.create(project=project, kind=kind, text=text, actor=by, annotator=annotator, at=at)


def _free(annotator: Annotator, at: datetime) -> None:
    """Give back what the person holds, so that no slot waits for them; then look again at what counted on them."""
    for assignment in annotator.assignments.filter(state=Assignment.State.LEASED).order_by("sample_id"):
        _release(assignment, at)
    reconsideration.reconsider(project=annotator.project, at=at)


def _release(assignment: Assignment, at: datetime) -> None:
    try:
        leases.release(assignment=assignment, at=at)
    except LeaseGone:
        return  # submitted or given back meanwhile
