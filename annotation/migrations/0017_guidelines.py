"""The written guideline of each project becomes its first version."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("annotation", "0016_the_annotators_page")]

    operations: list[migrations.operations.base.Operation] = []
