import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Max, OuterRef, Subquery


def make_a_first_version_of_every_deck(apps, schema_editor):
    """A deck as it stands is its version 1, since it was made."""
    deck_model = apps.get_model('inventory', 'TemplateDeck')
    version_model = apps.get_model('inventory', 'TemplateDeckVersion')
    line_model = apps.get_model('inventory', 'TemplateDeckCard')
    version_model.objects.bulk_create(
        [
            version_model(deck_id=pk, number=1, created_at=created_at)
            for pk, created_at in deck_model.objects.values_list('pk', 'created_at')
        ]
    )
    version = version_model.objects.filter(deck=OuterRef('deck')).values('pk')
    line_model.objects.update(version=Subquery(version))


def keep_the_current_version_of_every_deck(apps, schema_editor):
    """Backwards: a deck is as it stands now. What it was before is not known any more."""
    version_model = apps.get_model('inventory', 'TemplateDeckVersion')
    line_model = apps.get_model('inventory', 'TemplateDeckCard')
    newest = version_model.objects.values('deck').annotate(newest=Max('number')).values_list('deck', 'newest')
    for deck, number in newest:
        line_model.objects.filter(version__deck=deck).exclude(version__number=number).delete()
    deck_of = version_model.objects.filter(pk=OuterRef('version')).values('deck')
    line_model.objects.update(deck=Subquery(deck_of))
    line_model.objects.update(version=None)
    version_model.objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0003_reservation_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='templatedeck',
            name='saves',
            field=models.PositiveIntegerField(default=1, editable=False, help_text='How often it was saved: by it two people at once are noticed.'),
        ),
        migrations.CreateModel(
            name='TemplateDeckVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('deck', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='inventory.templatedeck')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('deck', 'number'), name='one_version_per_deck_and_number'), models.CheckConstraint(condition=models.Q(('number__gt', 0)), name='template_deck_versions_count_from_1')],
            },
        ),
        migrations.AddField(
            model_name='templatedeckcard',
            name='version',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deck_cards', to='inventory.templatedeckversion'),
        ),
        migrations.RemoveConstraint(
            model_name='templatedeckcard',
            name='one_line_per_deck_card_and_zone',
        ),
        migrations.AlterField(  # so that it can come back over rows that are there
            model_name='templatedeckcard',
            name='deck',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deck_cards', to='inventory.templatedeck'),
        ),
        # PostgreSQL alters no table whose rows still wait for a check of their references.
        migrations.RunSQL(migrations.RunSQL.noop, 'SET CONSTRAINTS ALL IMMEDIATE'),
        migrations.RunPython(make_a_first_version_of_every_deck, keep_the_current_version_of_every_deck),
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='templatedeckcard',
            name='deck',
        ),
        migrations.AlterField(
            model_name='templatedeckcard',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deck_cards', to='inventory.templatedeckversion'),
        ),
        migrations.AddConstraint(
            model_name='templatedeckcard',
            constraint=models.UniqueConstraint(fields=('version', 'card', 'zone'), name='one_line_per_version_card_and_zone'),
        ),
    ]
