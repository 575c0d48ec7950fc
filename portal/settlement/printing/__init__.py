"""A dealer's monthly statement as its paper and its workbook, made once and kept (R53)."""

from portal.settlement.printing.book import book
from portal.settlement.printing.keeping import Kept, fetch, kept, make
from portal.settlement.printing.paper import entries_of, paper

__all__ = ["Kept", "book", "entries_of", "fetch", "kept", "make", "paper"]
