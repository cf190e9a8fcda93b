from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0023_the_days_that_were_shown'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='address_changed_at',
            field=models.DateTimeField(editable=False, help_text='When its customer gave another name or address, after it was accepted.', null=True),
        ),
    ]
