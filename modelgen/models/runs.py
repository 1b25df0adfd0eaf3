"""Runs: what was asked of models, in stages and chunks, and everything that came of it.

A run is one going of a recipe, or a judge at work in a project. It goes through stages; a stage is known by the digest of
all that decides its outputs, so that two runs whose recipes begin alike share what they share and nothing is paid for
twice. A stage's rows are asked in chunks: a chunk is what one message to a worker does, leased while somebody does it.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from annotation.models import Judge, Project, User


class Run(models.Model):
    """A recipe that is carried out, or a judge that judges what its project has. Its state is what people want of it."""

    class Kind(models.TextChoices):
        RECIPE = "recipe"
        JUDGING = "judging"  # has no end: it rests while every sample has its word
        HIDDEN_STATES = "hidden-states"  # of every sample, for a reward head: has no end either

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")  # by somebody, who may resume it
        STOPPED = "stopped", _("Stopped")  # by itself, and `problem` says why; somebody may resume it
        CANCELLED = "cancelled", _("Cancelled")
        FINISHED = "finished", _("Finished")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=16, choices=Kind)
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    title = models.CharField(max_length=200)
    recipe = models.TextField(blank=True, help_text="the YAML as it was read, overrides included")
    digest = models.CharField(max_length=64, help_text="of all that decides what comes of it")
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    problem = models.TextField(blank=True, help_text="why it stopped, or what it is waiting for")
    chunk_rows = models.PositiveIntegerField(default=32, help_text="rows a chunk")
    most_failures = models.FloatField(default=0.2, help_text="share of rows without a usable answer at which it stops")
    failures_after = models.PositiveIntegerField(
        default=50, help_text="rows of a stage that must be done before that share counts"
    )
    excused = models.JSONField(
        default=dict, help_text="stage -> [rows, failures] that whoever resumed it had seen: they stop it no more"
    )
    judged_up_to = models.BigIntegerField(default=0, help_text="without an end: the last sample id put into a chunk")
    basis = models.CharField(
        max_length=200, blank=True, help_text="without an end: how far it has looked for new samples"
    )
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="next_rounds")
    lineage = models.JSONField(
        default=dict, help_text="the last round's model and data set version, as the recipe says"
    )
    landed = models.JSONField(default=dict, help_text="what of it came into the project: samples, judgments, version")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="run_kind_known", condition=Q(kind__in=["recipe", "judging", "hidden-states"])),
            models.CheckConstraint(
                name="run_state_known",
                condition=Q(state__in=["running", "paused", "stopped", "cancelled", "finished"]),
            ),
            models.CheckConstraint(
                name="run_is_of_a_recipe_or_a_judge",
                condition=Q(kind="recipe", judge=None) & ~Q(recipe="")
                | Q(kind="judging", judge__isnull=False)
                | Q(kind="hidden-states", judge=None),
            ),
            models.UniqueConstraint(
                fields=["project", "judge"], name="run_once_per_judge", condition=Q(kind="judging")
            ),
            models.UniqueConstraint(
                fields=["project", "digest"],
                name="run_once_at_a_time",
                condition=Q(state__in=["running", "paused", "stopped"]),
            ),
            models.CheckConstraint(
                name="run_ends_when_it_ends",
                condition=Q(state__in=["cancelled", "finished"], ended_at__isnull=False)
                | Q(state__in=["running", "paused", "stopped"], ended_at=None),
            ),
            models.CheckConstraint(name="run_stops_with_a_reason", condition=~Q(state="stopped", problem="")),
            models.CheckConstraint(name="run_chunks_have_rows", condition=Q(chunk_rows__gte=1, chunk_rows__lte=10_000)),
            models.CheckConstraint(
                name="run_failure_share_in_range", condition=Q(most_failures__gte=0, most_failures__lte=1)
            ),
        ]
        indexes = [models.Index(name="run_of_project", fields=["project", "-id"])]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.title}"

    @property
    def has_no_end(self) -> bool:
        """Whether it asks about the project's samples, whenever some come."""
        return self.kind != self.Kind.RECIPE


class RunFile(models.Model):
    """A file that a recipe names, as it was read: a worker elsewhere has no folder to read it from."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=300)
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="run_file_once")]

    def __str__(self) -> str:
        return f"{self.name} of run {self.run_id}"


class Stage(models.Model):
    """One step, known in its project by the digest of everything that decides its outputs."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")  # for the stages that it builds on
        ASKING = "asking", _("Asking")  # its rows are in chunks
        FINISHED = "finished", _("Finished")

    JUDGING = "judging"
    HIDDEN_STATES = "hidden-states"
    OF_SAMPLES = (JUDGING, HIDDEN_STATES)
    """Kinds whose rows are ids of samples, and whose outputs have tables of their own."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="model_stages")
    kind = models.CharField(max_length=60)
    digest = models.CharField(max_length=64)
    configuration = models.JSONField(help_text="kind, version, options, models with their revisions and sampling, seed")
    models_asked = ArrayField(models.CharField(max_length=200), help_text="who must be served where it is worked on")
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    taken_at = models.DateTimeField(
        null=True, help_text="when a chunk of it was last begun: whose turn is longest ago is next"
    )
    rests_until = models.DateTimeField(null=True, help_text="nobody answered: until then other stages have their turn")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "digest"], name="stage_once_per_project"),
            models.CheckConstraint(name="stage_state_known", condition=Q(state__in=["waiting", "asking", "finished"])),
            models.CheckConstraint(
                name="stage_finishes_when_it_finishes",
                condition=Q(state="finished", finished_at__isnull=False)
                | Q(state__in=["waiting", "asking"], finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:8]}"


class RunStage(models.Model):
    """A stage's place in a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="places")
    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="places")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)

    class Meta:
        ordering = ("run", "position")
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="run_stage_position_once"),
            models.UniqueConstraint(fields=["run", "name"], name="run_stage_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of run {self.run_id}"


class Chunk(models.Model):
    """Rows that are asked together: leased by whoever asks, done once, with what that cost."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    rows = models.JSONField(help_text="prepared rows; of a run without an end: ids of samples")
    row_count = models.PositiveIntegerField()
    is_done = models.BooleanField(default=False)
    lease = models.UUIDField(null=True, help_text="of whoever has it; another's word is not taken")
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="how often somebody began it")
    answered_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    silent_count = models.PositiveIntegerField(default=0, help_text="rows on which a judge has nothing to say")
    raw_texts = models.JSONField(
        default=dict, help_text="row -> all that models said; of a judge it is with the judgment"
    )
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    cached_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField(
        max_digits=14, decimal_places=6, null=True, help_text="at the prices of the models; empty: no price is known"
    )
    seconds = models.FloatField(default=0, help_text="from lease to landing")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stage", "number"], name="chunk_number_once"),
            models.CheckConstraint(
                name="chunk_counts_its_rows",
                condition=Q(is_done=False, answered_count=0, failed_count=0, silent_count=0, done_at=None)
                | Q(
                    is_done=True,
                    done_at__isnull=False,
                    row_count=F("answered_count") + F("failed_count") + F("silent_count"),
                ),
            ),
            models.CheckConstraint(
                name="chunk_lease_has_an_end",
                condition=Q(lease=None, leased_until=None) | Q(lease__isnull=False, leased_until__isnull=False),
            ),
            models.CheckConstraint(name="chunk_done_is_nobodys", condition=Q(is_done=False) | Q(lease=None)),
        ]
        indexes = [
            # running.leasing: the next chunk that nobody has
            models.Index(name="chunk_to_do", fields=["stage", "number"], condition=Q(is_done=False)),
            # running.progress: what was done lately
            models.Index(name="chunk_done_lately", fields=["stage", "done_at"], condition=Q(is_done=True)),
        ]

    def __str__(self) -> str:
        return f"chunk {self.number} of {self.stage}"


class Output(models.Model):
    """One row that a stage made. Its stage says by which model, revision, prompt version and parameters."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="outputs", db_index=False)
    key = models.CharField(max_length=300, help_text="the row's own id")
    place = models.BigIntegerField(help_text="the order of rows, whoever finished first")
    content = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stage", "key"], name="output_once_per_stage"),
            models.UniqueConstraint(fields=["stage", "place"], name="output_place_once"),
        ]

    def __str__(self) -> str:
        return self.key


class Unanswered(models.Model):
    """A row without a usable answer: its problem in words, and what the models said."""

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="unanswered", db_index=False)
    chunk = models.ForeignKey(Chunk, on_delete=models.CASCADE, related_name="unanswered")
    key = models.CharField(max_length=300)
    problem = models.TextField()
    raw_text = models.TextField(blank=True)
    is_silent = models.BooleanField(default=False, help_text="a judge that has nothing to say here: not a failure")

    class Meta:
        verbose_name_plural = "unanswered"
        constraints = [models.UniqueConstraint(fields=["stage", "key"], name="unanswered_once_per_stage")]

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"
