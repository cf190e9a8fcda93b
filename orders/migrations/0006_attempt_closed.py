from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0005_late_day_cents'),
    ]

    operations = [
        migrations.AddField(
            model_name='paymentattempt',
            name='closed_at',
            field=models.DateTimeField(editable=False, help_text='When the intent of a try that failed was cancelled: no other card can be tried on it.', null=True),
        ),
        migrations.AddField(
            model_name='paymentattempt',
            name='stray_cents',
            field=models.PositiveIntegerField(default=0, editable=False, help_text='Taken by its intent, not given back, and no payment stands for it.'),
        ),
    ]
