"""Invitations: a link that gives whoever opens it a part in a project."""

from django.db import models
from django.db.models import F, Q

from annotation.models.people import Membership


class Invitation(models.Model):
    """A link that can be opened so many times until a day. Only its SHA-256 is kept; the link itself is shown once."""

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=16, choices=Membership.Role)
    digest = models.CharField(max_length=64, unique=True)
    note = models.CharField(max_length=200, blank=True, help_text="for whom, for those who look after the project")
    places = models.PositiveIntegerField(help_text="how many people may join by it")
    taken = models.PositiveIntegerField(default=0)
    made_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="invitation_role_known", condition=Q(role__in=["annotator", "reviewer", "admin"])
            ),
            models.CheckConstraint(
                name="invitation_never_overfilled", condition=Q(places__gte=1, places__lte=1000, taken__lte=F("places"))
            ),
            models.CheckConstraint(name="invitation_ends_after_it_began", condition=Q(ends_at__gt=F("made_at"))),
        ]
        indexes = [models.Index(name="invitation_of_project", fields=["project", "id"])]

    def __str__(self) -> str:
        return f"{self.role} of {self.project_id}: {self.taken} of {self.places}"
