"""What an admin would like to know before a policy is changed."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class WhatIf(models.Model):
    """Policies beside the one in force, replayed on the project's own annotations. The row is the work: leased, finished once."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="what_ifs")
    policy = models.ForeignKey("annotation.Policy", on_delete=models.CASCADE, related_name="+")
    candidates = models.JSONField(help_text="the whole content of each policy that stands beside the one in force")
    fingerprint = models.CharField(max_length=32, help_text="the same for the same question about the same policy")
    basis = models.CharField(
        max_length=300, blank=True, help_text="what was there when it was answered; unchanged means that it still holds"
    )
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="only the last one to take it may write")
    done = models.PositiveIntegerField(default=0)
    of = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    problem = models.TextField(blank=True)
    requested_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    applied_as = models.ForeignKey("annotation.Policy", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="what_if_state_known",
                condition=Q(state__in=["waiting", "running", "ready", "failed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="what_if_finished_says_how",
                condition=(Q(state="ready", result__isnull=False) | ~Q(state="ready"))
                & (Q(state="failed") & ~Q(problem="") | ~Q(state="failed"))
                & (Q(state__in=["waiting", "running"], finished_at=None) | ~Q(state__in=["waiting", "running"])),
            ),
            models.CheckConstraint(name="what_if_done_is_a_part", condition=Q(done__lte=models.F("of"))),
            models.CheckConstraint(name="what_if_applied_when_ready", condition=Q(applied_as=None) | Q(state="ready")),
            # Asked twice while nobody has answered, it is the same question.
            models.UniqueConstraint(
                name="what_if_asked_once",
                fields=["project", "fingerprint"],
                condition=Q(state__in=["waiting", "running"]),
            ),
        ]
        indexes = [
            # services.what_if.take_waiting: what nobody has
            models.Index(name="what_if_to_do", fields=["id"], condition=Q(state__in=["waiting", "running"])),
            # the list on the page
            models.Index(name="what_if_of_project", fields=["project", "-id"]),
        ]

    def __str__(self) -> str:
        return f"what-if {self.pk} of {self.project_id}: {self.state}"
