from django.db import migrations

KEPT = 200  # of each kind
EVERY = 61  # prime, so that kinds that take turns both get there

# Rows that a transaction removes stay where they are until it has ended, and are read again by every statement that
# looks for more. So it is seldom looked for them, and an import of many statements does not slow down.
NOTE_CHANGES = f"""
CREATE OR REPLACE FUNCTION inventory_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted bigint;
BEGIN
    INSERT INTO inventory_change ("of") VALUES (TG_ARGV[0]) RETURNING id INTO noted;
    IF noted % {EVERY} = 0 THEN
        -- What somebody else is removing is left to them: nobody waits here.
        DELETE FROM inventory_change WHERE id IN (
            SELECT id FROM inventory_change WHERE "of" = TG_ARGV[0]
             ORDER BY id DESC OFFSET {KEPT} FOR UPDATE SKIP LOCKED);
    END IF;
    RETURN NULL;
END $$;
"""
NOTE_CHANGES_BEFORE = """
CREATE OR REPLACE FUNCTION inventory_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM inventory_change WHERE id IN (
        SELECT id FROM inventory_change WHERE "of" = TG_ARGV[0]
         ORDER BY id DESC OFFSET 200 FOR UPDATE SKIP LOCKED);
    INSERT INTO inventory_change ("of") VALUES (TG_ARGV[0]);
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0007_names_of_cards_are_found_at_once"),
    ]

    operations = [migrations.RunSQL(NOTE_CHANGES, NOTE_CHANGES_BEFORE)]
