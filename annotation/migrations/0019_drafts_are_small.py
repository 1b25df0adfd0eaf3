"""What a draft may hold."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0018_remarks_fit")]

    operations: list[migrations.operations.base.Operation] = []
