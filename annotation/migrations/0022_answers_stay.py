"""What was answered, skipped or set aside is never leased again."""

from django.db import migrations

# A claim that waited for a sample may have seen a lease of its own that had run out, while its answer was on the way. Raised as a
# race, so that the claim is run once more and sees the answer (services/retrying.py).
NOT_LEASED_AGAIN = (
    """
CREATE FUNCTION annotation_assignment_has_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'assignment % is % and is not leased again', OLD.id, OLD.state USING ERRCODE = 'serialization_failure';
END $$;
CREATE TRIGGER annotation_assignment_not_leased_again BEFORE UPDATE OF state ON annotation_assignment FOR EACH ROW
    WHEN (NEW.state = 'leased' AND OLD.state NOT IN ('leased', 'expired', 'released'))
    EXECUTE FUNCTION annotation_assignment_has_ended();
""",
    """
DROP TRIGGER annotation_assignment_not_leased_again ON annotation_assignment;
DROP FUNCTION annotation_assignment_has_ended();
""",
)


class Migration(migrations.Migration):
    dependencies = [("annotation", "0021_questions")]

    operations = [migrations.RunSQL(*NOT_LEASED_AGAIN)]
