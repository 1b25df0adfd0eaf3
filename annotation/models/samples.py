"""A sample: a narrow row that claims rewrite, its texts beside it, and one event row for every move it makes."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _


class Sample(models.Model):
    RANKS_OF_A_DRAW = 2**45  # what is imported after work began gets ranks of a further draw (services/importing.py)

    class Purpose(models.TextChoices):
        WORK = "work", _("Work")
        GOLD = "gold", _("Gold")
        TRAINING = "training", _("Training")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        ESCALATED = "escalated", _("Escalated")  # the first round disagreed: two more are asked
        CONTESTED = "contested", _("Contested")  # people could not settle it: a reviewer must
        RESOLVED = "resolved", _("Resolved")  # has its labels; left only by withdrawal, correction or a reviewer
        EXCLUDED = "excluded", _("Excluded")

    # Foreign keys here have no index of their own where another begins with them: each costs every claim a write.
    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="samples", db_index=False)
    external_id = models.CharField(max_length=200)
    purpose = models.CharField(max_length=16, choices=Purpose, default=Purpose.WORK)
    state = models.CharField(max_length=16, choices=State, default=State.OPEN)
    target = models.PositiveSmallIntegerField(help_text="annotations wanted now")
    leased_count = models.PositiveSmallIntegerField(default=0)
    counted_count = models.PositiveSmallIntegerField(default=0)
    open_slots = models.GeneratedField(
        expression=F("target") - F("leased_count") - F("counted_count"),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )
    response_count = models.PositiveSmallIntegerField()
    priority = models.SmallIntegerField(default=0)
    rank = models.BigIntegerField(help_text="random and never changed: the order of the fresh lane")
    requirement = models.ForeignKey(
        "annotation.Requirement", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    is_fixed_overlap = models.BooleanField(
        default=False, help_text="in the random slice: a fixed number of people, never escalated"
    )
    head_start_until = models.DateTimeField(
        null=True, help_text="until then an escalated sample goes to people of at least median weight only"
    )
    # Both written by the trigger annotation_sample_place, whenever a sample becomes claimable for somebody anew.
    lane_seq = models.BigIntegerField(
        null=True, help_text="place in the returned lane; empty while the sample is fresh"
    )
    claimable_xid = models.BigIntegerField(default=0, help_text="the transaction that made it claimable last")
    waits_for_people = models.BooleanField(default=False, help_text="contested only because nobody was left to ask")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "external_id"], name="sample_once_per_project"),
            models.CheckConstraint(
                name="sample_state_known",
                condition=Q(state__in=["open", "escalated", "contested", "resolved", "excluded"]),
            ),
            models.CheckConstraint(name="sample_purpose_known", condition=Q(purpose__in=["work", "gold", "training"])),
            models.CheckConstraint(
                name="sample_never_over_target", condition=Q(target__gte=F("leased_count") + F("counted_count"))
            ),
            models.CheckConstraint(name="sample_only_work_has_slots", condition=Q(purpose="work") | Q(target=0)),
            models.CheckConstraint(
                name="sample_waits_only_if_contested", condition=Q(waits_for_people=False) | Q(state="contested")
            ),
            models.CheckConstraint(name="sample_has_a_response", condition=Q(response_count__gt=0)),
        ]
        indexes = [
            # statements.claiming: the next sample that nobody gave back
            models.Index(
                F("project"),
                F("rank"),
                Coalesce(F("requirement"), 0),
                name="sample_fresh",
                condition=Q(state="open", lane_seq__isnull=True, open_slots__gt=0),
            ),
            # statements.claiming: escalated, given back, re-prioritised; the highest priority first
            models.Index(
                F("project"),
                F("priority").desc(),
                F("lane_seq"),
                Coalesce(F("requirement"), 0),
                name="sample_returned",
                condition=Q(state__in=["open", "escalated"], lane_seq__isnull=False, open_slots__gt=0),
            ),
            # statements.claiming: the exact pass before "nothing left", over what became claimable since the last one
            models.Index(
                name="sample_claimable",
                fields=["project", "claimable_xid"],
                condition=Q(state__in=["open", "escalated"], open_slots__gt=0),
            ),
            # the review queue, the export of a state, the funnel's counts
            models.Index(name="sample_by_state", fields=["project", "state", "id"]),
            # what was drawn at random, and how much of it is decided: the page about routing
            models.Index(
                name="sample_random_slice",
                fields=["project", "state"],
                condition=Q(is_fixed_overlap=True, purpose="work"),
            ),
            # services.reconsideration: whose head start is over
            models.Index(
                name="sample_head_start",
                fields=["head_start_until"],
                condition=Q(head_start_until__isnull=False),
            ),
            # services.reconsideration: when somebody joins, and every hour
            models.Index(name="sample_waiting", fields=["project"], condition=Q(waits_for_people=True)),
            # the same, of the random slice: has anybody left for those whose last people are missing?
            models.Index(
                name="sample_short_overlap",
                fields=["project"],
                condition=Q(is_fixed_overlap=True, state="open", counted_count__gte=3),
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def is_claimable(self) -> bool:
        return self.state in (self.State.OPEN, self.State.ESCALATED) and self.open_slots > 0


class SampleContent(models.Model):
    """The texts of a sample. Apart from the narrow row, because a claim rewrites that row and never these."""

    sample = models.OneToOneField(Sample, on_delete=models.CASCADE, related_name="content", primary_key=True)
    messages = models.JSONField(help_text="role, content, and optionally thinking, tool_calls, tool_call_id, name")
    responses = models.JSONField(help_text="each with an id, and text or messages; unknown keys are kept")
    tools = models.JSONField(null=True)
    metadata = models.JSONField(default=dict)
    extra = models.JSONField(default=dict, help_text="keys of the imported row that Concord does not know")
    sensitive = models.CharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        help_text="what makes it sensitive, in a word; empty: nothing does",
    )
    prompt_digest = models.CharField(max_length=32, db_index=True, help_text="the same for every sample of a prompt")

    def __str__(self) -> str:
        return f"content of sample {self.sample_id}"


class SampleEvent(models.Model):
    """One row a move: the audit trail. Written in the transaction that moves the sample."""

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="events", db_index=False)
    source = models.CharField(max_length=16)
    target = models.CharField(max_length=16)
    reason = models.CharField(max_length=40, help_text="a short name that programs read")
    text = models.TextField(blank=True, help_text="the same for people, with the values")
    actor = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, db_index=False)
    policy = models.ForeignKey("annotation.Policy", on_delete=models.PROTECT, null=True, db_index=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="sample_event_trail", fields=["sample", "id"])]

    def __str__(self) -> str:
        return f"{self.source} -> {self.target} ({self.reason})"
