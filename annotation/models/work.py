"""Assignments (a sample leased to a person), drafts of what they write, and annotations (what they submitted)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import MD5
from django.utils.translation import gettext_lazy as _


class Assignment(models.Model):
    """A sample in one person's hands. Unique for the pair: one that was given back is leased again in place."""

    class State(models.TextChoices):
        LEASED = "leased", _("Leased")
        SUBMITTED = "submitted", _("Submitted")
        SKIPPED = "skipped", _("Skipped")
        EXPIRED = "expired", _("Expired")  # the lease ran out; it may be leased again
        RELEASED = "released", _("Released")  # given back unjudged; it may be leased again
        LATE = "late", _("Late")  # submitted when its slot was gone: kept, counted nowhere
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class SkipReason(models.TextChoices):
        PERSONAL_DATA = "personal_data", _("Personal data")
        WRONG_LANGUAGE = "wrong_language", _("Not in a language I read")
        NEEDS_EXPERTISE = "needs_expertise", _("Needs knowledge I do not have")
        ASKS_IDENTITY = "asks_identity", _("Asks the assistant who it is")
        BROKEN = "broken", _("Broken or unreadable")
        DISTRESSING = "distressing", _("I would rather not read this")

    sample = models.ForeignKey(
        "annotation.Sample", on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    annotator = models.ForeignKey(
        "annotation.Annotator", on_delete=models.PROTECT, related_name="assignments", db_index=False
    )
    state = models.CharField(max_length=16, choices=State, default=State.LEASED)
    lease_place = models.PositiveSmallIntegerField(null=True, help_text="0 the current sample, 1 the one ahead")
    claimed_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    shown_order = ArrayField(
        models.PositiveSmallIntegerField(), help_text="canonical places of the responses, as shown"
    )
    skip_reason = models.CharField(max_length=20, choices=SkipReason, blank=True)
    is_gold = models.BooleanField(
        default=False, help_text="given to measure the person against a known answer: never counts for the sample"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sample", "annotator"], name="assignment_once_per_sample"),
            models.UniqueConstraint(
                fields=["annotator", "lease_place"],
                name="assignment_two_leases_a_person",
                condition=Q(lease_place__isnull=False),
            ),
            models.CheckConstraint(
                name="assignment_state_known",
                condition=Q(state__in=["leased", "submitted", "skipped", "expired", "released", "late", "withdrawn"]),
            ),
            models.CheckConstraint(
                name="assignment_lease_has_a_place",
                condition=Q(state="leased", lease_place__isnull=False, lease_place__in=[0, 1])
                | (~Q(state="leased") & Q(lease_place=None)),
            ),
            models.CheckConstraint(
                name="assignment_skip_has_a_reason", condition=Q(state="skipped") ^ Q(skip_reason="")
            ),
        ]
        indexes = [
            # services.leases.expire: whose time is up
            models.Index(name="assignment_leases", fields=["lease_expires_at"], condition=Q(state="leased")),
            # statements.claiming, asking: what does not count towards a cap
            models.Index(
                name="assignment_given_back", fields=["annotator"], condition=Q(state__in=["expired", "released"])
            ),
            # the person's own last submission and history
            models.Index(name="assignment_history", fields=["annotator", "finished_at"]),
        ]

    def __str__(self) -> str:
        return f"sample {self.sample_id} for annotator {self.annotator_id}: {self.state}"


class Annotation(models.Model):
    """One person's whole judgement of one sample. Never changed: a correction is a further revision.

    `ratings` is packed: for each response in canonical order its response-scoped attributes in the rubric's order,
    then the attributes of the whole sample. NULL is "not given". A trigger checks it against the frozen rubric.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="annotations", db_index=False)
    revision = models.PositiveSmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    rubric = models.ForeignKey("annotation.Rubric", on_delete=models.PROTECT, related_name="+", db_index=False)
    ratings = ArrayField(models.SmallIntegerField(null=True))
    neither_valid = models.BooleanField(default=False)
    round = models.PositiveSmallIntegerField(help_text="1 until the first decision, 2 after it")
    remarks = models.JSONField(
        default=dict, help_text="what the rubric asks beside ratings, by name (annotation/remarks.py)"
    )
    comment = models.TextField(blank=True)
    active_seconds = models.PositiveIntegerField(null=True)
    client_key = models.CharField(max_length=64)
    was_counted = models.BooleanField(
        db_default=True, help_text="what the receipt said: the same key again is answered the same, whatever came after"
    )
    submitted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "revision"], name="annotation_revision_once"),
            models.UniqueConstraint(fields=["assignment"], name="annotation_one_current", condition=Q(is_current=True)),
            models.UniqueConstraint(fields=["assignment", "client_key"], name="annotation_once_per_client_key"),
            models.CheckConstraint(name="annotation_round_known", condition=Q(round__in=[1, 2])),
            models.CheckConstraint(name="annotation_has_a_client_key", condition=~Q(client_key="")),
        ]

    def __str__(self) -> str:
        return f"revision {self.revision} of assignment {self.assignment_id}"


class Draft(models.Model):
    """What somebody has chosen and typed of an answer that they have not submitted yet. Gone with the submission.

    Nothing reads it but the page of its author: a draft is nobody's opinion yet.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="drafts", db_index=False)
    of_revision = models.PositiveSmallIntegerField(default=1, help_text="1 the first answer; more: a correction")
    fields = models.JSONField(help_text="the fields of the form by name, as texts")
    saves = models.PositiveIntegerField(default=1, help_text="how often it was saved: the later of two is the higher")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "of_revision"], name="draft_once_per_revision"),
            models.CheckConstraint(name="draft_is_of_a_revision", condition=Q(of_revision__gte=1)),
        ]
        indexes = [models.Index(name="draft_age", fields=["saved_at"])]  # services.drafts: forgotten after a while

    def __str__(self) -> str:
        return f"draft of assignment {self.assignment_id}"


class Question(models.Model):
    """What an annotator asks a reviewer about a sample. The sample stays theirs meanwhile."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="questions")
    text = models.TextField()
    asked_at = models.DateTimeField()
    reply = models.TextField(blank=True)
    replied_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    replied_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True, help_text="when the person had read the reply")

    class Meta:
        constraints = [
            # Sent again because the line was lost, it is the same question.
            models.UniqueConstraint("assignment", MD5("text"), name="question_once"),
            models.CheckConstraint(name="question_asks_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="question_replied_in_words",
                condition=Q(reply="", replied_at=None, read_at=None) | (~Q(reply="") & Q(replied_at__isnull=False)),
            ),
        ]
        indexes = [
            # what waits for a reviewer
            models.Index(name="question_open", fields=["asked_at"], condition=Q(replied_at__isnull=True)),
            # services.questions.unread_reply
            models.Index(
                name="question_unread",
                fields=["assignment"],
                condition=Q(replied_at__isnull=False, read_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"question about assignment {self.assignment_id}"
