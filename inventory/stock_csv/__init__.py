"""Stock lists as CSV, of whichever tool: bytes in, rows and problems out. Pure: which printing a row means is
decided in inventory/stock_import.py.

Columns are known by their headings (headings.py), whatever their order, case and spacing; what is not known is
passed over. What stands in them is brought to one spelling in values.py.
"""

from inventory.stock_csv.reading import LARGEST_FILE, MOST_ROWS, StockFileError, StockSheet, read_stock_csv
from inventory.stock_csv.rows import RowProblem, StockRow
from inventory.stock_csv.values import cents, plainer_name

__all__ = [
    "LARGEST_FILE",
    "MOST_ROWS",
    "RowProblem",
    "StockFileError",
    "StockRow",
    "StockSheet",
    "cents",
    "plainer_name",
    "read_stock_csv",
]
