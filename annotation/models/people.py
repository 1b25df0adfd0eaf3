"""Accounts, what each may do in a project, and the annotators whom assignments point at."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Somebody who can log in."""

    language = models.CharField(max_length=10, blank=True, help_text="of the pages; empty: what the browser asks for")
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name; empty: the browser's")


class Membership(models.Model):
    """What an account may do in a project. An annotator's own figures stand on Annotator."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator", _("Annotator")
        REVIEWER = "reviewer", _("Reviewer")
        ADMIN = "admin", _("Admin")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "project", "role"], name="membership_once_per_role"),
            models.CheckConstraint(
                name="membership_role_known", condition=Q(role__in=["annotator", "reviewer", "admin"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} of {self.project}"


class Annotator(models.Model):
    """A person as one project knows them: with or without an account, so that recorded and outside people count too.

    Qualification and cap stand here and not on Membership, because people without an account have them as well.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="annotators")
    external_id = models.CharField(max_length=200)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="annotators")
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    is_qualified = models.BooleanField(default=True)
    tested_at = models.DateTimeField(null=True, blank=True, help_text="when the qualification test was finished")
    trained_at = models.DateTimeField(null=True, blank=True, help_text="when the training samples were finished")
    guideline_read = models.PositiveIntegerField(default=0, help_text="the newest version of the guideline they opened")
    rubric_read = models.PositiveIntegerField(
        default=0, help_text="the newest version of the rubric when they opened the guideline"
    )
    cap = models.PositiveIntegerField(null=True, blank=True, help_text="most samples this person may be given")
    skills = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, help_text="languages and skills, as samples ask for"
    )
    weight = models.FloatField(
        null=True, blank=True, help_text="how far their answers have earned trust; empty counts as the median"
    )
    held_until = models.DateTimeField(null=True, blank=True, help_text="a rule hands out nothing new until then")
    # How far this person has come, so that a claim never looks at their history: in the fresh lane, in the returned
    # lane, among the gold samples; and the transaction before which nothing is left for them (docs/claiming.md).
    fresh_cursor = models.BigIntegerField(default=-1)
    returned_cursor = models.BigIntegerField(default=0)
    gold_cursor = models.BigIntegerField(default=-1)
    nothing_before = models.BigIntegerField(default=0)
    nothing_at = models.DateTimeField(null=True, help_text="when that was found")
    given_count = models.PositiveIntegerField(
        default=0, help_text="samples ever given, also those that were given back"
    )
    joined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "external_id"], name="annotator_once_per_project"),
            models.UniqueConstraint(
                fields=["project", "user"], name="annotator_one_per_account", condition=Q(user__isnull=False)
            ),
            models.CheckConstraint(
                name="annotator_state_known", condition=Q(state__in=["active", "paused", "withdrawn"])
            ),
            models.CheckConstraint(name="annotator_weight_not_negative", condition=Q(weight=None) | Q(weight__gte=0)),
        ]

    def __str__(self) -> str:
        return self.external_id


class ApiToken(models.Model):
    """A key for the REST interface. Only its SHA-256 is kept; the key itself is shown once."""

    class Scope(models.TextChoices):
        READ = "read"  # samples, labels, exports
        WORK = "work"  # claim and submit as oneself
        ACT_FOR = "act_for"  # claim and submit for a project's people without accounts, post judgments

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope))
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="api_token_scopes_known", condition=Q(scopes__contained_by=["read", "work", "act_for"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
