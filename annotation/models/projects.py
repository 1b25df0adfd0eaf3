"""Projects, and the frozen versions of what is asked (rubric) and how it is decided (policy)."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _


class Project(models.Model):
    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        ARCHIVED = "archived", _("Archived")

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    lease_minutes = models.PositiveSmallIntegerField(default=60)
    price_per_annotation = models.DecimalField(
        max_digits=8, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    hourly_floor = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="what an hour of active work should bring at least; empty: no floor",
    )
    allows_directed_claims = models.BooleanField(
        default=False, help_text="may a claim name its sample? For replays and for systems outside."
    )
    shuffles_responses = models.BooleanField(default=True)
    gold_rate = models.FloatField(default=0, help_text="share of claims that are answered with a gold sample")
    test_size = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="gold samples that a newcomer answers before real work; empty: no test"
    )
    pass_mark = models.FloatField(null=True, blank=True, help_text="share of the test that must be right, 0 to 1")
    head_start_hours = models.PositiveSmallIntegerField(
        default=4, help_text="for so long an escalated sample goes to people of at least median weight only"
    )
    lets_relatives_vote = models.BooleanField(
        default=False, help_text="do judges count on samples that have a response by a model of their own family?"
    )
    shows_thinking = models.BooleanField(default=True, help_text="may annotators unfold what a model thought?")
    shows_gold_accuracy = models.BooleanField(default=True, help_text="do people see how right they are on gold?")
    asks_about_contradictions = models.BooleanField(
        default=False, help_text="ask once when a comparison contradicts the ratings? It forbids nothing."
    )
    second_look_share = models.FloatField(
        default=0, help_text="share of annotations that a reviewer reads again, drawn at random"
    )
    second_look_first = models.PositiveSmallIntegerField(
        default=0, help_text="of every new person so many first annotations are read again"
    )
    slice_fields = ArrayField(
        models.CharField(max_length=50),
        default=list,
        blank=True,
        help_text="metadata fields by whose values figures are told apart; empty: found in the samples",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="project_state_known", condition=Q(state__in=["active", "paused", "archived"])),
            models.CheckConstraint(name="project_lease_has_length", condition=Q(lease_minutes__gt=0)),
            models.CheckConstraint(
                name="project_floor_not_negative", condition=Q(hourly_floor=None) | Q(hourly_floor__gte=0)
            ),
            models.CheckConstraint(
                name="project_gold_rate_in_range", condition=Q(gold_rate__gte=0, gold_rate__lte=0.5)
            ),
            models.CheckConstraint(
                name="project_second_look_share_in_range",
                condition=Q(second_look_share__gte=0, second_look_share__lte=1),
            ),
            models.CheckConstraint(
                name="project_test_has_a_pass_mark",
                condition=Q(test_size=None, pass_mark=None)
                | Q(
                    test_size__isnull=False,
                    pass_mark__isnull=False,
                    test_size__gte=1,
                    pass_mark__gte=0,
                    pass_mark__lte=1,
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @cached_property
    def rubric(self) -> "Rubric":
        """The version that new annotations follow, as this object read it: an object lives for one request or task."""
        return self.rubrics.latest("version")

    @cached_property
    def policy(self) -> "Policy":
        """The version that undecided samples follow, as this object read it."""
        return self.policies.latest("version")

    @cached_property
    def guideline(self) -> "Guideline | None":
        """The newest version of the written guideline, as this object read it; None where nothing is written."""
        return self.guidelines.order_by("-version").first()


class Guideline(models.Model):
    """The written guideline of a project. A change is a new version that says what changed."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="guidelines")
    version = models.PositiveIntegerField()
    text = models.TextField()
    what_changed = models.TextField(blank=True, help_text="since the version before, for those who knew that one")
    written_by = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="guideline_version_once"),
            models.CheckConstraint(name="guideline_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="guideline_says_what_changed",
                condition=Q(version=1, what_changed="") | (Q(version__gt=1) & ~Q(what_changed="")),
            ),
        ]

    def __str__(self) -> str:
        return f"guideline {self.version} of {self.project_id}"


class Rubric(models.Model):
    """A frozen list of attributes: name, title, scope, level of measurement, values; and of remarks. A change is a new version."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rubrics")
    version = models.PositiveIntegerField()
    attributes = models.JSONField()
    remarks = models.JSONField(
        default=list, help_text="what is asked beside ratings and decides nothing: words, sources, reasons, confidence"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="rubric_version_once"),
        ]

    def __str__(self) -> str:
        return f"rubric {self.version} of {self.project_id}"


class Policy(models.Model):
    """How many people are asked, when two more are, and how labels are made. A change is a new version."""

    class Name(models.TextChoices):
        SPREAD = "spread"  # three people, then two more where they disagree
        UNANIMOUS = "unanimous"  # the same, where they differ at all
        SEQUENTIAL = "sequential"  # one more at a time, until nobody could change the label
        CONFIDENCE = "confidence"  # one more at a time, until the posterior is sure, or cannot become so

    class LabelRule(models.TextChoices):
        CLOSEST_THREE = "closest-three"
        MEAN = "mean"
        MEDIAN = "median"
        MAJORITY = "majority"
        POSTERIOR = "posterior"

    class Unsettled(models.TextChoices):
        CONTESTED = "contested"
        EXCLUDED = "excluded"
        RESOLVED = "resolved"  # it keeps its label, and the reason says that it is ambiguous

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="policies")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=16, choices=Name, default=Name.SPREAD)
    first_round = models.PositiveSmallIntegerField(default=3)
    extra = models.PositiveSmallIntegerField(default=2)
    triggers = models.JSONField(
        help_text="attribute -> {escalate_above, settle_within}: the two limits of each trigger"
    )
    target = models.FloatField(default=0.95, help_text="of the confidence policy: how probable a trigger value must be")
    hopeless_below = models.FloatField(
        default=0.05,
        help_text="of the confidence policy: the chance of reaching its target below which nobody more is asked",
    )
    label_rule = models.CharField(max_length=16, choices=LabelRule, default=LabelRule.CLOSEST_THREE)
    unsettled = models.CharField(max_length=16, choices=Unsettled, default=Unsettled.CONTESTED)
    judges_weight_at_most = models.FloatField(
        default=1, db_default=1, help_text="judges weigh in the merge what they have earned, and no more than this"
    )
    slice_share = models.FloatField(
        default=0, help_text="share of samples, drawn at random, that get a fixed number of people and never escalate"
    )
    slice_overlap = models.PositiveSmallIntegerField(default=4, help_text="how many people each of those gets")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="policy_version_once"),
            models.CheckConstraint(
                name="policy_name_known", condition=Q(name__in=["spread", "unanimous", "sequential", "confidence"])
            ),
            models.CheckConstraint(
                name="policy_label_rule_known",
                condition=Q(label_rule__in=["closest-three", "mean", "median", "majority", "posterior"]),
            ),
            models.CheckConstraint(
                name="policy_unsettled_known",
                condition=Q(unsettled__in=["contested", "excluded"]) | Q(unsettled="resolved", name="confidence"),
            ),
            models.CheckConstraint(
                name="policy_asks_enough_people",
                condition=Q(name__in=["spread", "unanimous"], first_round__gte=3, extra__gte=1)
                | Q(name="sequential", first_round__gte=1, extra__gte=1)
                | Q(name="confidence", first_round__gte=1, extra__gte=0),
            ),
            models.CheckConstraint(name="policy_asks_100_at_most", condition=Q(first_round__lte=100 - F("extra"))),
            models.CheckConstraint(
                name="policy_suits_its_label_rule",
                condition=(~Q(label_rule="closest-three") | Q(first_round__gte=3))
                & (~Q(name="sequential") | Q(label_rule__in=["majority", "median"])),
            ),
            models.CheckConstraint(
                name="policy_confidence_in_range",
                condition=Q(target__gt=0, target__lt=1, hopeless_below__gte=0, hopeless_below__lt=1),
            ),
            models.CheckConstraint(
                name="policy_judges_weight_in_range",
                condition=Q(judges_weight_at_most__gte=0, judges_weight_at_most__lte=1),
            ),
            models.CheckConstraint(
                name="policy_slice_in_range", condition=Q(slice_share__gte=0, slice_share__lte=1, slice_overlap__gte=3)
            ),
        ]

    def __str__(self) -> str:
        return f"policy {self.version} of {self.project_id}"


class Requirement(models.Model):
    """A set of skills or languages that some samples of a project ask of whoever judges them."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="requirements")
    skills = ArrayField(models.CharField(max_length=50), help_text="sorted; a person needs every one")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "skills"], name="requirement_once_per_project"),
            models.CheckConstraint(name="requirement_asks_something", condition=~Q(skills=[])),
        ]

    def __str__(self) -> str:
        return ", ".join(self.skills)


class ProjectEvent(models.Model):
    """What somebody changed in a project as a whole, and why: the audit trail beside that of each sample."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=40, help_text="a short name that programs read")
    text = models.TextField(blank=True, help_text="the same for people, with the values")
    actor = models.ForeignKey("annotation.User", on_delete=models.SET_NULL, null=True, related_name="+")
    annotator = models.ForeignKey(
        "annotation.Annotator",
        on_delete=models.RESTRICT,
        null=True,
        related_name="events",
        db_index=False,
        help_text="whom it is about, where it is about one person",
    )
    before = models.JSONField(null=True, help_text="what it was, by name; empty where nothing had a value before")
    after = models.JSONField(null=True, help_text="what it became, by the same names")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(name="project_event_trail", fields=["project", "id"]),
            # the page of a person
            models.Index(
                name="project_event_of_person", fields=["annotator", "id"], condition=models.Q(annotator__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.project_id}"


class ProjectFigures(models.Model):
    """The figures that pages and reports show, computed by a task: no page counts rows while somebody waits."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="figures", primary_key=True)
    figures = models.JSONField()
    basis = models.CharField(
        max_length=200, help_text="what the figures were computed from; unchanged means up to date"
    )
    computed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "project figures"

    def __str__(self) -> str:
        return f"figures of {self.project_id}"
