"""What the explorer finds samples by (built afterwards, in rows that no claim or submission touches), and what is done from it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class SampleDocument(models.Model):
    """The words of a sample's texts, written once: texts never change (annotation_words in migration 0028)."""

    sample = models.OneToOneField(
        "annotation.Sample", on_delete=models.CASCADE, related_name="document", primary_key=True
    )
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="sample_document_words", fields=["words"])]

    def __str__(self) -> str:
        return f"words of sample {self.sample_id}"


class SampleFacets(models.Model):
    """What else a sample is found and sorted by, as it was a few seconds ago (annotation/explorer/facets.py)."""

    sample = models.OneToOneField(
        "annotation.Sample", on_delete=models.CASCADE, related_name="facets", primary_key=True
    )
    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="+", db_index=False)
    tokens = ArrayField(
        models.TextField(), help_text="what is true of it, each a short text that begins with the project"
    )
    disagreement = models.FloatField(
        null=True, help_text="of its first round: the widest range of a trigger value, as a share of its scale"
    )
    priority = models.SmallIntegerField(default=0)
    imported_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, help_text="when it was resolved, contested or excluded the last time")

    class Meta:
        verbose_name_plural = "sample facets"
        indexes = [
            GinIndex(name="sample_facets_tokens", fields=["tokens"]),
            # the pages of the explorer, one an order
            models.Index(name="sample_facets_in_order", fields=["project", "sample"]),
            models.Index(
                name="sample_facets_disagreement",
                fields=["project", "disagreement", "sample"],
                condition=Q(disagreement__isnull=False),
            ),
            models.Index(name="sample_facets_priority", fields=["project", "priority", "sample"]),
            models.Index(name="sample_facets_imported", fields=["project", "imported_at"]),
            models.Index(
                name="sample_facets_decided", fields=["project", "decided_at"], condition=Q(decided_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"facets of sample {self.sample_id}"


class SearchMark(models.Model):
    """How far the search has followed one table, over all projects.

    Ids are given out before rows are committed. Up to `settled` no further row can appear; `latest` is what was there, and is
    settled once every transaction before `horizon` is over.
    """

    table = models.CharField(max_length=63, primary_key=True)
    followed = models.BigIntegerField(null=True, help_text="what came up to here is in the search; empty: not begun")
    settled = models.BigIntegerField(null=True)
    latest = models.BigIntegerField()
    horizon = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.table} up to {self.followed}"


class SearchProgress(models.Model):
    """How far the search covers one project: its samples up to an id, so many."""

    project = models.OneToOneField(
        "annotation.Project", on_delete=models.CASCADE, related_name="search_progress", primary_key=True
    )
    through = models.BigIntegerField(default=0)
    covered = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="samples that there were to cover when it was last looked")
    basis = models.CharField(
        max_length=40, blank=True, help_text="rubric and policy; under others facets are made anew"
    )
    as_of = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "search progress"

    def __str__(self) -> str:
        return f"search of {self.project_id}: {self.covered} samples"


class SavedFilter(models.Model):
    """A filter of the explorer under a name, for all reviewers and admins of the project."""

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000, help_text="as it stands in the address of the page")
    by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="saved_filter_once_per_project"),
            models.CheckConstraint(name="saved_filter_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class SampleOrder(models.Model):
    """What somebody asked to be done to many samples at once: the ids as they were found then, and how far it has come.

    Where `done` stands is where whoever carries it on begins.
    """

    class Kind(models.TextChoices):
        PRIORITISE = "prioritise", _("Give a priority")
        SEND = "send", _("Offer to people")
        EXCLUDE = "exclude", _("Exclude")
        TAKE_BACK = "take_back", _("Take back in")

    project = models.ForeignKey("annotation.Project", on_delete=models.CASCADE, related_name="sample_orders")
    kind = models.CharField(max_length=16, choices=Kind)
    samples = ArrayField(models.BigIntegerField(), help_text="ids, ascending")
    total = models.PositiveIntegerField()
    query = models.CharField(
        max_length=2000, blank=True, help_text="the filter that found them; empty: chosen one by one"
    )
    details = models.JSONField(default=dict, help_text="the priority, the annotators' ids")
    reason = models.TextField(blank=True)
    by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    done = models.PositiveIntegerField(default=0, help_text="samples looked at")
    changed = models.PositiveIntegerField(default=0)
    refusals = models.JSONField(default=dict, help_text="why samples were left as they are -> how many")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sample_order_kind_known", condition=Q(kind__in=["prioritise", "send", "exclude", "take_back"])
            ),
            models.CheckConstraint(
                name="sample_order_counts", condition=Q(done__lte=F("total"), changed__lte=F("done"))
            ),
            models.CheckConstraint(
                name="sample_order_says_why",
                condition=~Q(kind__in=["exclude", "take_back"]) | ~Q(reason=""),
            ),
        ]
        indexes = [
            # explorer.orders: what is still to be done
            models.Index(name="sample_order_open", fields=["id"], condition=Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.total} samples"


class SampleOffer(models.Model):
    """A sample that one person is to be given before others, if they still may have it when they ask for work.

    It keeps nobody else from the sample, and is gone when their claim has looked at it.
    """

    sample = models.ForeignKey("annotation.Sample", on_delete=models.CASCADE, related_name="offers", db_index=False)
    annotator = models.ForeignKey(
        "annotation.Annotator", on_delete=models.CASCADE, related_name="offers", db_index=False
    )
    offered_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "annotator"], name="sample_offer_once")]
        indexes = [
            # statements.claiming: what this person is to be given first
            models.Index(name="sample_offer_next", fields=["annotator", "id"]),
        ]

    def __str__(self) -> str:
        return f"sample {self.sample_id} for annotator {self.annotator_id}"
