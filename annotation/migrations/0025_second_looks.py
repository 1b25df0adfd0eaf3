"""Second looks at annotations: drawn once, never of gold, never by their own author."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

HONEST = (
    """
CREATE FUNCTION annotation_second_look_is_honest() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    author bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.annotation_id, OLD.project_id, OLD.annotator_id, OLD.why, OLD.probability, OLD.drawn_at)
        IS DISTINCT FROM (NEW.annotation_id, NEW.project_id, NEW.annotator_id, NEW.why, NEW.probability, NEW.drawn_at)
    THEN
        RAISE EXCEPTION 'second look %: what was drawn stays as it was drawn', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    SELECT annotator.user_id INTO author
    FROM annotation_annotation annotation
    JOIN annotation_assignment assignment ON assignment.id = annotation.assignment_id
    JOIN annotation_annotator annotator ON annotator.id = assignment.annotator_id
    WHERE annotation.id = NEW.annotation_id AND NOT assignment.is_gold
        AND annotator.id = NEW.annotator_id AND annotator.project_id = NEW.project_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'annotation % is to gold, or not by annotator % of project %', NEW.annotation_id, NEW.annotator_id,
            NEW.project_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.reviewer_id = author THEN
        RAISE EXCEPTION 'user % cannot take the second look at their own annotation %', NEW.reviewer_id, NEW.annotation_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER annotation_second_look_honest BEFORE INSERT OR UPDATE ON annotation_secondlook
    FOR EACH ROW EXECUTE FUNCTION annotation_second_look_is_honest();
""",
    """
DROP TRIGGER annotation_second_look_honest ON annotation_secondlook;
DROP FUNCTION annotation_second_look_is_honest();
""",
)
WHY = [
    ("random", "Drawn at random"),
    ("first_ones", "Among a new person's first"),
    ("again", "Revised after it came back"),
]
STATES = [("waiting", "Waiting"), ("accepted", "Accepted"), ("returned", "Returned"), ("revised", "Revised")]
CONSTRAINTS = [
    models.CheckConstraint(name="second_look_why_known", condition=Q(why__in=["random", "first_ones", "again"])),
    models.CheckConstraint(
        name="second_look_state_known", condition=Q(state__in=["waiting", "accepted", "returned", "revised"])
    ),
    models.CheckConstraint(name="second_look_probability_in_range", condition=Q(probability__gt=0, probability__lte=1)),
    models.CheckConstraint(
        name="second_look_decided_by_a_human",
        condition=Q(state="waiting", decided_at=None, reviewer=None, reviewer_name="", word="")
        | (~Q(state="waiting") & Q(decided_at__isnull=False) & ~Q(reviewer_name="")),
    ),
    models.CheckConstraint(
        name="second_look_returned_with_a_word", condition=Q(state__in=["waiting", "accepted"]) | ~Q(word="")
    ),
    models.CheckConstraint(
        name="second_look_revised_has_a_time",
        condition=Q(state="revised", revised_at__isnull=False, revised_at__gte=F("decided_at"))
        | (~Q(state="revised") & Q(revised_at=None)),
    ),
]
INDEXES = [
    models.Index(name="second_look_waiting", fields=["project", "id"], condition=Q(state="waiting")),
    models.Index(name="second_look_found", fields=["project", "annotator", "why", "probability", "state"]),
    models.Index(name="second_look_returned", fields=["annotator"], condition=Q(state="returned")),
]
CASCADE, SET_NULL = django.db.models.deletion.CASCADE, django.db.models.deletion.SET_NULL


class Migration(migrations.Migration):
    dependencies = [("annotation", "0024_reviewing")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="second_look_share",
            field=models.FloatField(
                default=0, help_text="share of annotations that a reviewer reads again, drawn at random"
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="second_look_first",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="of every new person so many first annotations are read again"
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                name="project_second_look_share_in_range",
                condition=Q(second_look_share__gte=0, second_look_share__lte=1),
            ),
        ),
        migrations.CreateModel(
            name="SecondLookMark",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=CASCADE,
                        primary_key=True,
                        related_name="second_look_mark",
                        serialize=False,
                        to="annotation.project",
                    ),
                ),
                ("drawn_until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SecondLook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "annotation",
                    models.OneToOneField(
                        help_text="one revision",
                        on_delete=CASCADE,
                        related_name="second_look",
                        to="annotation.annotation",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(db_index=False, on_delete=CASCADE, related_name="+", to="annotation.project"),
                ),
                (
                    "annotator",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="second_looks", to="annotation.annotator"
                    ),
                ),
                ("why", models.CharField(choices=WHY, max_length=10)),
                (
                    "probability",
                    models.FloatField(help_text="how likely it was to be drawn; 1 for what is drawn in any case"),
                ),
                ("drawn_at", models.DateTimeField()),
                ("state", models.CharField(choices=STATES, default="waiting", max_length=10)),
                (
                    "reviewer",
                    models.ForeignKey(null=True, on_delete=SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "reviewer_name",
                    models.CharField(blank=True, help_text="who, also when the account is gone", max_length=150),
                ),
                (
                    "word",
                    models.TextField(
                        blank=True, help_text="what the person is asked to look at again, as they read it"
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(help_text="when the person had read the word", null=True)),
                ("revised_at", models.DateTimeField(null=True)),
            ],
            options={"constraints": CONSTRAINTS, "indexes": INDEXES},
        ),
        migrations.RunSQL(*HONEST),
    ]
