"""Questions to a reviewer: asked once, replied to once, and never rewritten."""

from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import MD5

FROZEN = (
    """
CREATE FUNCTION annotation_question_is_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'question % and its reply stay as they were written', OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER annotation_question_frozen BEFORE UPDATE ON annotation_question FOR EACH ROW
    WHEN ((OLD.assignment_id, OLD.text, OLD.asked_at) IS DISTINCT FROM (NEW.assignment_id, NEW.text, NEW.asked_at)
          OR (OLD.replied_at IS NOT NULL
              AND (OLD.reply, OLD.replied_at) IS DISTINCT FROM (NEW.reply, NEW.replied_at)))
    EXECUTE FUNCTION annotation_question_is_said();
""",
    """
DROP TRIGGER annotation_question_frozen ON annotation_question;
DROP FUNCTION annotation_question_is_said();
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0020_training")]

    operations = [
        migrations.AddConstraint(
            model_name="question",
            constraint=models.UniqueConstraint("assignment", MD5("text"), name="question_once"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(
                name="question_unread",
                fields=["assignment"],
                condition=Q(replied_at__isnull=False, read_at__isnull=True),
            ),
        ),
        migrations.RunSQL(*FROZEN),
    ]
