import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    """Without a list of what is to be indexed later, which every look into the index would have to read through."""

    dependencies = [
        ("inventory", "0006_changes_of_catalogue_and_stock"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="card",
            name="card_folded_names",
        ),
        migrations.AddIndex(
            model_name="card",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["folded_names"], name="card_folded_names"
            ),
        ),
    ]
