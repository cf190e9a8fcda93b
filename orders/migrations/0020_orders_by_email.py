import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0019_what_a_change_was_shown_to_do'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='order',
            name='guest_order_by_email',
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(django.db.models.functions.text.Lower('email'), condition=models.Q(('email', ''), _negated=True), name='order_by_email'),
        ),
    ]
