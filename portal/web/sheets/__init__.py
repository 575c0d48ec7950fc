"""Excel out: workbooks of typed columns (``workbook``), and every list of the portal as one (``lists``).

What a package's list holds is data in its ``sheets.py``: columns with a label, where the value comes from, and its kind.
"""

from portal.web.sheets.lists import MOST_ROWS, Listing, answer, by_key
from portal.web.sheets.workbook import Column, Sheet, workbook, write

__all__ = ["MOST_ROWS", "Column", "Listing", "Sheet", "answer", "by_key", "workbook", "write"]
