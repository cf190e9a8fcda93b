from django.db import migrations, models

KEPT = 200  # of each kind

NOTE_CHANGES = f"""
CREATE FUNCTION inventory_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- What somebody else is removing is left to them: nobody waits here.
    DELETE FROM inventory_change WHERE id IN (
        SELECT id FROM inventory_change WHERE "of" = TG_ARGV[0]
         ORDER BY id DESC OFFSET {KEPT} FOR UPDATE SKIP LOCKED);
    INSERT INTO inventory_change ("of") VALUES (TG_ARGV[0]);
    RETURN NULL;
END $$;
"""
TABLES = {
    "inventory_card": "catalogue",
    "inventory_printing": "catalogue",
    "inventory_stockmovement": "stock",
}


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0005_what_stands_in_the_corner_of_a_card"),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "of",
                    models.CharField(
                        choices=[("catalogue", "Cards and printings"), ("stock", "Stock")],
                        editable=False,
                        max_length=10,
                    ),
                ),
            ],
        ),
        migrations.RunSQL(NOTE_CHANGES, "DROP FUNCTION inventory_note_change()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION inventory_note_change('{kind}')",
                f"DROP TRIGGER note_change ON {table}",
            )
            for table, kind in TABLES.items()
        ),
    ]
