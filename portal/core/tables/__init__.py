"""Tables 表格 that people bring: workbooks and comma-separated files, read safely and understood column by column.

``files`` turns bytes into rows (or refuses), ``cells`` one cell into a value, ``sheets`` finds the headings and walks
the rows below them. Nothing here knows a database, a request or what a price list is: a package's ``sheets.py`` says
which columns it wants. Words are codes; their sentences stand in ``portal.web.sheet_labels``.
"""

from portal.core.tables.files import read_table, read_tables
from portal.core.tables.sheets import Column, FoundColumn, Note, Problem, Sheet, lines_above, understand
from portal.core.tables.values import Cell, Row, Table, TableRefused

__all__ = [
    "Cell",
    "Column",
    "FoundColumn",
    "Note",
    "Problem",
    "Row",
    "Sheet",
    "Table",
    "TableRefused",
    "lines_above",
    "read_table",
    "read_tables",
    "understand",
]
