"""Data set versions: what leaves, frozen."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class DatasetVersion(models.Model):
    """An immutable export. While it is building, the row itself is the work: leased, renewed, finished once."""

    class State(models.TextChoices):
        BUILDING = "building", _("Building")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    class Origin(models.TextChoices):
        PEOPLE = "people"  # this project's labels, with the votes behind them
        MODELS = "models"  # rows that models made and nobody judged: machine-generated, and says so

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=State, default=State.BUILDING)
    origin = models.CharField(max_length=16, choices=Origin, default=Origin.PEOPLE)
    about = models.JSONField(default=dict, help_text="of machine-generated rows: recipe, models, licences, lineage")
    filters = models.JSONField(default=dict)
    policy = models.ForeignKey("annotation.Policy", on_delete=models.PROTECT, related_name="+")
    rubric = models.ForeignKey("annotation.Rubric", on_delete=models.PROTECT, related_name="+")
    counts = models.JSONField(default=dict)
    reliability = models.JSONField(default=dict)
    files = models.JSONField(default=list, help_text="path, sha256, bytes and rows of every file")
    problem = models.TextField(blank=True)
    requested_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    requested_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    snapshot_at = models.DateTimeField(null=True, help_text="what was there at this moment is in the files, and stands")
    folder = models.CharField(
        max_length=200, blank=True, help_text="in the storage; every attempt writes to one of its own"
    )
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="dataset_version_number_once"),
            models.CheckConstraint(
                name="dataset_version_state_known", condition=Q(state__in=["building", "ready", "failed"])
            ),
            models.CheckConstraint(
                name="dataset_version_origin_known", condition=Q(origin="people") | Q(origin="models", snapshot_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number} of {self.project_id}"
