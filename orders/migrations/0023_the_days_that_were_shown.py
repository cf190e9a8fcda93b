from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0022_refunds_paid_back_in_another_way'),
    ]

    operations = [
        migrations.AddField(
            model_name='orderchange',
            name='days',
            field=models.JSONField(default=list, help_text='The days that it leads to, as they were shown (orders/shown_days.py).'),
        ),
        migrations.AddField(
            model_name='paymentattempt',
            name='days',
            field=models.JSONField(default=list, editable=False, help_text='Of a cart: its days as the page showed them (orders/shown_days.py).'),
        ),
    ]
