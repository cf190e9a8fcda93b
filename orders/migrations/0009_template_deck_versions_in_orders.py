import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Max, Min, OuterRef, Subquery, Sum


def note_the_first_version(apps, schema_editor):
    """Of every deck there was but one state so far."""
    first = apps.get_model('inventory', 'TemplateDeckVersion').objects.filter(number=1)
    rows = apps.get_model('orders', 'OrderTemplateDeck').objects
    rows.update(version=Subquery(first.filter(deck=OuterRef('template_deck')).values('pk')))


def note_only_the_deck(apps, schema_editor):
    """Backwards: whichever version it was. Two versions of a deck in an order are one row again."""
    versions = apps.get_model('inventory', 'TemplateDeckVersion').objects
    rows = apps.get_model('orders', 'OrderTemplateDeck').objects
    rows.update(template_deck=Subquery(versions.filter(pk=OuterRef('version')).values('deck')))
    several = rows.values('order', 'template_deck').annotate(first=Min('pk'), last=Max('pk'), in_all=Sum('copies'))
    for row in several.exclude(first=models.F('last')):
        rows.filter(order=row['order'], template_deck=row['template_deck']).exclude(pk=row['first']).delete()
        rows.filter(pk=row['first']).update(copies=row['in_all'])


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0004_template_deck_versions'),
        ('orders', '0008_agreed_worth_and_told_to_pay_again'),
    ]

    operations = [
        migrations.AddField(
            model_name='ordertemplatedeck',
            name='version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.templatedeckversion'),
        ),
        migrations.RemoveConstraint(
            model_name='ordertemplatedeck',
            name='one_row_per_order_and_template_deck',
        ),
        migrations.AlterField(  # so that it can come back over rows that are there
            model_name='ordertemplatedeck',
            name='template_deck',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.templatedeck'),
        ),
        # PostgreSQL alters no table whose rows still wait for a check of their references.
        migrations.RunSQL(migrations.RunSQL.noop, 'SET CONSTRAINTS ALL IMMEDIATE'),
        migrations.RunPython(note_the_first_version, note_only_the_deck),
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='ordertemplatedeck',
            name='template_deck',
        ),
        migrations.AlterField(
            model_name='ordertemplatedeck',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.templatedeckversion'),
        ),
        migrations.AddConstraint(
            model_name='ordertemplatedeck',
            constraint=models.UniqueConstraint(fields=('order', 'version'), name='one_row_per_order_and_template_deck_version'),
        ),
    ]
