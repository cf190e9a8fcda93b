from django.db import migrations

KEPT = 200  # of each kind
EVERY = 61  # prime, so that kinds that take turns both get there


def note_changes(*, old: str) -> str:
    """The function as migration 0008 has it; `old`: by what it knows the rows that go, of those in `_OLD`."""
    return f"""
CREATE OR REPLACE FUNCTION inventory_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    noted bigint;
BEGIN
    INSERT INTO inventory_change ("of") VALUES (TG_ARGV[0]) RETURNING id INTO noted;
    IF noted % {EVERY} = 0 THEN
        -- What somebody else is removing is left to them: nobody waits here.
        DELETE FROM inventory_change WHERE {old};
    END IF;
    RETURN NULL;
END $$;
"""


_OLD = f'FROM inventory_change WHERE "of" = TG_ARGV[0] ORDER BY id DESC OFFSET {KEPT} FOR UPDATE SKIP LOCKED'
# By where they lie, not by a join on their ids: a planner that believes the table to be as empty as it was when it was
# last analyzed looked for the old ones anew for every row.
BY_PLACE = f"ctid = ANY (ARRAY(SELECT ctid {_OLD}))"
BY_ID = f"id IN (SELECT id {_OLD})"


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0008_old_changes_go_once_in_a_while"),
    ]

    operations = [migrations.RunSQL(note_changes(old=BY_PLACE), note_changes(old=BY_ID))]
