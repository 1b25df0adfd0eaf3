"""Statistics of a project: sums that a task keeps up to date, so that no page counts while somebody waits.

docs/statistics.md says what each is, and why they are exact.
"""

from django.db import models
from django.db.models import Q


class StatisticsChange(models.Model):
    """Something about a sample is new that counts. Written by triggers, taken by the next fold; nothing else is known of it.

    No foreign keys and no index: a submission pays for one narrow insert, and shares no row with another.
    """

    sample_id = models.BigIntegerField()
    project_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"change of sample {self.sample_id}"


class StatisticsEdition(models.Model):
    """One counting of a project's samples, under one rubric and one set of slices."""

    class Role(models.TextChoices):
        STANDING = "standing"  # what pages show
        COMING = "coming"  # is being counted, and takes the standing one's place when it is complete
        CHECK = "check"  # is being counted to be compared, then thrown away

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="statistics_editions")
    role = models.CharField(max_length=10, choices=Role)
    rules = models.JSONField(help_text="the rubric and the slices that were counted under")
    cursor = models.BigIntegerField(default=0, help_text="samples up to this one have been looked at")
    done = models.PositiveIntegerField(default=0)
    of = models.PositiveIntegerField(default=0, help_text="samples that there were when the counting began")
    is_complete = models.BooleanField(default=False)
    began_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True, help_text="everything that was committed before this moment is counted")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "role"], name="statistics_edition_one_a_role"),
            models.CheckConstraint(
                name="statistics_edition_role_known", condition=Q(role__in=["standing", "coming", "check"])
            ),
            models.CheckConstraint(
                name="statistics_edition_stands_when_complete", condition=~Q(role="standing") | Q(is_complete=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} statistics of {self.project_id}"


class Statistic(models.Model):
    """Sums of one kind over the samples of one slice. `cells` packs (cell, value) pairs, `annotation.statistics.cells`."""

    edition = models.ForeignKey(StatisticsEdition, on_delete=models.CASCADE, related_name="statistics", db_index=False)
    name = models.CharField(max_length=40)
    slice = models.CharField(max_length=200, blank=True, help_text="field=value; empty: all samples")
    subject = models.CharField(
        max_length=100, blank=True, help_text="an attribute, a person's or a judge's id, a cause"
    )
    cells = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "name", "slice", "subject"], name="statistic_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.slice or 'all'}"


class CountedSample(models.Model):
    """A sample's facts as they were counted: what has to be taken out again when they change."""

    pk = models.CompositePrimaryKey("edition_id", "sample_id")
    edition = models.ForeignKey(
        StatisticsEdition, on_delete=models.CASCADE, related_name="counted", db_index=False, db_constraint=False
    )
    sample_id = models.BigIntegerField()
    facts = models.TextField(help_text="a JSON list, annotation.statistics.facts")

    def __str__(self) -> str:
        return f"sample {self.sample_id} as counted"
