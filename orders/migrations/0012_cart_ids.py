from django.db import migrations, models

import orders.models.order


def give_ids(apps, schema_editor):
    Order = apps.get_model("orders", "Order")
    for order in Order.objects.filter(cart_id=None).iterator():
        order.cart_id = orders.models.order.new_cart_id()
        order.save(update_fields=["cart_id"])


class Migration(migrations.Migration):
    """Every order gets an id of its own that cannot be guessed: programs know a cart by it."""

    dependencies = [("orders", "0011_what_was_left_out_of_a_deck")]
    atomic = False  # rows are filled before their column is made unique

    operations = [
        migrations.AddField(
            "order", "cart_id", models.CharField(max_length=32, null=True, editable=False)
        ),
        migrations.RunPython(give_ids, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            "order",
            "cart_id",
            models.CharField(
                max_length=32, unique=True, default=orders.models.order.new_cart_id, editable=False
            ),
        ),
    ]
