"""Decisions of reviewers with their cause, what they had seen of judges, and one queue of everything that waits for them."""

import django.db.models.deletion
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

CAUSES = [
    ("prompt_unclear", "The prompt is unclear"),
    ("taste", "A matter of taste"),
    ("refusal", "About a refusal"),
    ("error", "Somebody's error"),
    ("bad_sample", "A bad sample"),
]
ACTIONS = [
    ("accept", "Accepted as proposed"),
    ("set", "Label set"),
    ("escalate", "Sent back to people"),
    ("exclude", "Excluded"),
]
KINDS = [
    ("contested", "Contested"),
    ("judge_disagrees", "A measured judge disagrees strongly"),
    ("late_annotation", "An annotation came after the sample was closed"),
    ("gold_dispute", "A known answer is disputed"),
    ("question", "A question from an annotator"),
]


def many_to_one(to, **kwargs):
    return models.ForeignKey(to=to, **{"on_delete": django.db.models.deletion.CASCADE, "related_name": "+", **kwargs})


# A decision stays as it was taken. Only the account behind it may go.
FROZEN = (
    """
CREATE TRIGGER annotation_decision_frozen BEFORE UPDATE ON annotation_decision FOR EACH ROW
    WHEN (NEW.by_id IS NOT NULL
          OR (OLD.sample_id, OLD.action, OLD.cause, OLD.note, OLD.saw_judges, OLD.by_name, OLD.at, OLD.before, OLD.after)
             IS DISTINCT FROM
             (NEW.sample_id, NEW.action, NEW.cause, NEW.note, NEW.saw_judges, NEW.by_name, NEW.at, NEW.before, NEW.after))
    EXECUTE FUNCTION annotation_refuse_change();
""",
    "DROP TRIGGER annotation_decision_frozen ON annotation_decision;",
)

# Causes are counted (annotation/statistics).
COUNTED = (
    """
CREATE TRIGGER annotation_decision_noted AFTER INSERT ON annotation_decision
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION annotation_note_samples();
""",
    "DROP TRIGGER annotation_decision_noted ON annotation_decision;",
)

# What waits for a reviewer is in the queue exactly as long as its cause is there, whoever writes the cause. Its worth is a
# guess from its kind until beat has weighed it (services.weighing).
QUEUE = (
    """
CREATE FUNCTION annotation_queue_add(of_kind text, source bigint, of_sample bigint, since timestamptz, guess float)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO annotation_queueentry
        (project_id, sample_id, kind, source_id, opened_at, worth, is_weighed, attributes, likely_cause)
    SELECT s.project_id, s.id, of_kind, source, since, guess * (1 + greatest(s.priority, 0)), false, '{}', ''
    FROM annotation_sample s WHERE s.id = of_sample
    ON CONFLICT DO NOTHING;
$$;
CREATE FUNCTION annotation_queue_take(of_kind text, source bigint) RETURNS void LANGUAGE sql AS $$
    DELETE FROM annotation_queueentry WHERE kind = of_kind AND source_id = source;
$$;

CREATE FUNCTION annotation_queue_sample() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'contested' THEN
        PERFORM annotation_queue_add('contested', NEW.id, NEW.id, coalesce(
            (SELECT e.at FROM annotation_sampleevent e WHERE e.sample_id = NEW.id ORDER BY e.id DESC LIMIT 1), now()), 1);
    ELSE
        PERFORM annotation_queue_take('contested', NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_queue_contested AFTER UPDATE OF state ON annotation_sample FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state AND 'contested' IN (OLD.state, NEW.state) AND NEW.purpose = 'work')
    EXECUTE FUNCTION annotation_queue_sample();
CREATE TRIGGER annotation_queue_came_contested AFTER INSERT ON annotation_sample FOR EACH ROW
    WHEN (NEW.state = 'contested' AND NEW.purpose = 'work') EXECUTE FUNCTION annotation_queue_sample();

CREATE FUNCTION annotation_queue_priority() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE annotation_queueentry SET is_weighed = false WHERE sample_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_queue_weighs_priority AFTER UPDATE OF priority ON annotation_sample FOR EACH ROW
    WHEN (OLD.priority IS DISTINCT FROM NEW.priority) EXECUTE FUNCTION annotation_queue_priority();

CREATE FUNCTION annotation_queue_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM annotation_queue_take(OLD.kind, OLD.id);
    ELSIF NEW.closed_at IS NULL THEN
        PERFORM annotation_queue_add(NEW.kind, NEW.id, NEW.sample_id, NEW.opened_at, 1);
    ELSE
        PERFORM annotation_queue_take(NEW.kind, NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_queue_review_item AFTER INSERT OR UPDATE OR DELETE ON annotation_reviewitem
    FOR EACH ROW EXECUTE FUNCTION annotation_queue_item();

CREATE FUNCTION annotation_queue_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM annotation_queue_take('gold_dispute', OLD.id);
    ELSIF NEW.outcome = '' THEN
        PERFORM annotation_queue_add('gold_dispute', NEW.id, a.sample_id, NEW.opened_at, 2)
        FROM annotation_assignment a WHERE a.id = NEW.assignment_id;
    ELSE
        PERFORM annotation_queue_take('gold_dispute', NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_queue_gold_dispute AFTER INSERT OR UPDATE OR DELETE ON annotation_golddispute
    FOR EACH ROW EXECUTE FUNCTION annotation_queue_dispute();

CREATE FUNCTION annotation_queue_asked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM annotation_queue_take('question', OLD.id);
    ELSIF NEW.replied_at IS NULL THEN
        PERFORM annotation_queue_add('question', NEW.id, a.sample_id, NEW.asked_at, 3)
        FROM annotation_assignment a WHERE a.id = NEW.assignment_id;
    ELSE
        PERFORM annotation_queue_take('question', NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER annotation_queue_question AFTER INSERT OR UPDATE OF replied_at OR DELETE ON annotation_question
    FOR EACH ROW EXECUTE FUNCTION annotation_queue_asked();
""",
    """
DROP TRIGGER annotation_queue_question ON annotation_question;
DROP TRIGGER annotation_queue_gold_dispute ON annotation_golddispute;
DROP TRIGGER annotation_queue_review_item ON annotation_reviewitem;
DROP TRIGGER annotation_queue_weighs_priority ON annotation_sample;
DROP TRIGGER annotation_queue_came_contested ON annotation_sample;
DROP TRIGGER annotation_queue_contested ON annotation_sample;
DROP FUNCTION annotation_queue_asked();
DROP FUNCTION annotation_queue_dispute();
DROP FUNCTION annotation_queue_item();
DROP FUNCTION annotation_queue_priority();
DROP FUNCTION annotation_queue_sample();
DROP FUNCTION annotation_queue_take(text, bigint);
DROP FUNCTION annotation_queue_add(text, bigint, bigint, timestamptz, float);
""",
)

WAITING = """
SELECT annotation_queue_add('contested', s.id, s.id, coalesce(
    (SELECT e.at FROM annotation_sampleevent e WHERE e.sample_id = s.id ORDER BY e.id DESC LIMIT 1), s.created_at), 1)
FROM annotation_sample s WHERE s.state = 'contested' AND s.purpose = 'work';
SELECT annotation_queue_add(i.kind, i.id, i.sample_id, i.opened_at, 1)
FROM annotation_reviewitem i WHERE i.closed_at IS NULL;
SELECT annotation_queue_add('gold_dispute', d.id, a.sample_id, d.opened_at, 2)
FROM annotation_golddispute d JOIN annotation_assignment a ON a.id = d.assignment_id WHERE d.outcome = '';
SELECT annotation_queue_add('question', q.id, a.sample_id, q.asked_at, 3)
FROM annotation_question q JOIN annotation_assignment a ON a.id = q.assignment_id WHERE q.replied_at IS NULL;
"""

# Older decisions stand in events: the cause in the text, in English. Accepting and setting were one event, so both are
# "set". Judges lay open on the page then, so none of these decisions measures one.
CARRIED_OVER = """
INSERT INTO annotation_decision (sample_id, action, cause, note, saw_judges, by_id, by_name, at, before, after)
SELECT e.sample_id,
       CASE e.reason WHEN 'adjudicated' THEN 'set' WHEN 'sent_back' THEN 'escalate' ELSE 'exclude' END,
       coalesce(replace(substring(e.text FROM '^Cause: (prompt unclear|taste|refusal|error|bad sample)\\.'), ' ', '_'), ''),
       regexp_replace(e.text, '^Cause: (prompt unclear|taste|refusal|error|bad sample)\\. ?', ''),
       true, e.actor_id, u.username, e.at,
       jsonb_build_object('state', coalesce(opened.source, e.source), 'label', '[]'::jsonb),
       jsonb_build_object('state', e.target, 'label', coalesce(given.label, '[]'::jsonb))
FROM annotation_sampleevent e
JOIN annotation_user u ON u.id = e.actor_id
LEFT JOIN LATERAL (
    SELECT o.source FROM annotation_sampleevent o
    WHERE o.sample_id = e.sample_id AND o.id < e.id AND o.at = e.at AND o.reason = 'reopened' ORDER BY o.id DESC LIMIT 1
) opened ON e.reason = 'excluded'
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('attribute', l.attribute, 'response', l.response, 'value', l.human_value)
                     ORDER BY l.id) AS label
    FROM annotation_consensuslabel l
    WHERE l.sample_id = e.sample_id AND l.method = 'adjudication' AND l.created_at = e.at
) given ON e.reason = 'adjudicated'
WHERE e.reason IN ('adjudicated', 'sent_back', 'excluded')
ORDER BY e.id;
"""


class Migration(migrations.Migration):
    dependencies = [("annotation", "0023_statistics")]

    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sample", many_to_one("annotation.sample", related_name="decisions", db_index=False)),
                ("action", models.CharField(choices=ACTIONS, max_length=16)),
                ("cause", models.CharField(blank=True, choices=CAUSES, help_text="empty: not said", max_length=20)),
                ("note", models.TextField(blank=True)),
                (
                    "saw_judges",
                    models.BooleanField(help_text="the reviewer knew what judges say: it measures no judge"),
                ),
                (
                    "by",
                    many_to_one(settings.AUTH_USER_MODEL, null=True, on_delete=django.db.models.deletion.SET_NULL),
                ),
                (
                    "by_name",
                    models.CharField(blank=True, help_text="stays when the account goes", max_length=150),
                ),
                ("at", models.DateTimeField()),
                ("before", models.JSONField(default=dict, help_text="state and label as they were")),
                ("after", models.JSONField(default=dict, help_text="state and label as they are since")),
            ],
            options={
                "indexes": [models.Index(fields=["sample", "id"], name="decision_of_sample")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(action__in=["accept", "set", "escalate", "exclude"]), name="decision_action_known"
                    ),
                    models.CheckConstraint(
                        condition=Q(cause__in=["", "prompt_unclear", "taste", "refusal", "error", "bad_sample"]),
                        name="decision_cause_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JudgesOpened",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sample", many_to_one("annotation.sample", db_index=False)),
                ("by", many_to_one(settings.AUTH_USER_MODEL)),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("sample", "by"), name="judges_opened_once")],
            },
        ),
        migrations.CreateModel(
            name="QueueEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("project", many_to_one("annotation.project", db_index=False)),
                ("sample", many_to_one("annotation.sample", related_name="queue_entries")),
                ("kind", models.CharField(choices=KINDS, max_length=20)),
                (
                    "source_id",
                    models.BigIntegerField(
                        help_text="the row that it stands for: of the sample, item, dispute or question"
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                (
                    "worth",
                    models.FloatField(default=1.0, help_text="what a decision is worth, in labels (consensus.worth)"),
                ),
                (
                    "is_weighed",
                    models.BooleanField(
                        default=False, help_text="the worth was computed, not only guessed from the kind"
                    ),
                ),
                (
                    "attributes",
                    ArrayField(
                        base_field=models.CharField(max_length=100),
                        default=list,
                        help_text="on which people differ too much",
                        size=None,
                    ),
                ),
                (
                    "likely_cause",
                    models.CharField(
                        blank=True,
                        choices=CAUSES,
                        help_text="what the rows point to; empty: nothing",
                        max_length=20,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["project", "-worth", "id"], name="queue_entry_by_worth"),
                    models.Index(fields=["project", "kind", "-worth", "id"], name="queue_entry_by_kind"),
                    models.Index(fields=["id"], name="queue_entry_unweighed", condition=Q(is_weighed=False)),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "source_id"), name="queue_entry_once"),
                    models.CheckConstraint(
                        condition=Q(
                            kind__in=["contested", "judge_disagrees", "late_annotation", "gold_dispute", "question"]
                        ),
                        name="queue_entry_kind_known",
                    ),
                    models.CheckConstraint(condition=Q(worth__gte=0), name="queue_entry_worth_not_negative"),
                ],
            },
        ),
        migrations.RunSQL(*FROZEN),
        migrations.RunSQL(*COUNTED),
        migrations.RunSQL(*QUEUE),
        # Data last: a table with rows of this transaction can no longer be changed in it.
        migrations.RunSQL(WAITING, migrations.RunSQL.noop),
        migrations.RunSQL(CARRIED_OVER, migrations.RunSQL.noop),
    ]
