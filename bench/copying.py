"""Millions of rows into PostgreSQL in seconds: COPY in its binary format, written by numpy.

The format: https://www.postgresql.org/docs/18/sql-copy.html, "Binary Format".
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from django.db import connection
from django.db.models import Model
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Column: TypeAlias = (
    NDArray[Any] | None
)  # in the bytes that COPY wants, one value per row; None: NULL in every row

POSTGRES_EPOCH = np.datetime64("2000-01-01")
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_BATCH = 1 << 24  # bytes given to the server at a time


def bigints(values: Ints) -> NDArray[Any]:
    return values.astype(">i8")


def integers(values: Ints) -> NDArray[Any]:
    return values.astype(">i4")


def dates(days: Ints, *, today: np.datetime64) -> NDArray[Any]:
    """Days counted from `today`."""
    return (days + (today - POSTGRES_EPOCH).astype(int)).astype(">i4")


def moments(microseconds: Ints, *, today: np.datetime64) -> NDArray[Any]:
    """Microseconds counted from the first moment of `today` in UTC."""
    since_epoch = (today - POSTGRES_EPOCH).astype("timedelta64[us]").astype(int)
    return (microseconds + since_epoch).astype(">i8")


def texts(text: str, rows: int) -> NDArray[Any]:
    """The same short text in every row."""
    encoded = text.encode()
    return np.full(rows, encoded, dtype=f"S{len(encoded)}")


def copy_rows(table: str, groups: Sequence[tuple[Ints, Mapping[str, Column]]]) -> None:
    """Writes rows into `table`.

    A group is rows of one form, in which a column is NULL in all or in none: (their places among all rows,
    values by column). All groups have the same columns, and their places together are 0, 1, 2 …
    """
    blocks = [
        (places, _block(list(columns.values()), len(places))) for places, columns in groups if len(places)
    ]
    widths = np.empty(sum(len(places) for places, _ in blocks), dtype=np.int64)
    for places, block in blocks:
        widths[places] = block.shape[1]
    starts = np.cumsum(widths) - widths
    stream = np.empty(int(widths.sum()), dtype=np.uint8)
    for places, block in blocks:
        for byte in range(block.shape[1]):
            stream[starts[places] + byte] = block[:, byte]
    names = ", ".join(groups[0][1])
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(_HEADER)
        view = stream.data
        for start in range(0, len(view), _BATCH):
            copy.write(view[start : start + _BATCH])
        copy.write(_TRAILER)


def _block(columns: Sequence[Column], rows: int) -> NDArray[np.uint8]:
    """Rows of equal width as the bytes of binary COPY: a count of fields, and for each field length and value."""
    fields: list[tuple[str, Any]] = [("count", ">i2")]
    for index, column in enumerate(columns):
        fields.append((f"length{index}", ">i4"))
        if column is not None:
            fields.append((f"value{index}", column.dtype))
    table = np.zeros(rows, dtype=fields)
    table["count"] = len(columns)
    for index, column in enumerate(columns):
        table[f"length{index}"] = -1 if column is None else column.dtype.itemsize
        if column is not None:
            table[f"value{index}"] = column
    return table.view(np.uint8).reshape(rows, -1)


def copy_records(model: type[Model], records: Iterator[Mapping[str, object]]) -> None:
    """Writes rows of Python values by column, all of the same columns: slower, for tables with text.

    What they leave out is as in a new object of the model: the database itself knows no defaults.
    """
    first = next(records)
    left_out = {
        field.column: field.get_db_prep_save(field.get_default(), connection)
        for field in model._meta.concrete_fields
        if field.column not in first and not field.primary_key
    }
    columns = ", ".join((*first, *left_out))
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy,
    ):
        for record in chain([first], records):
            copy.write_row([*record.values(), *left_out.values()])


@contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Takes the indexes and constraints of a table away, and makes them again once it is filled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('f', 'u', 'c')",
            [table],
        )
        constraints = cursor.fetchall()
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = %s::regclass"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _ in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            cursor.execute(definition)
        for name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


def reset_sequence(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT MAX(id) FROM {table}))"
        )
