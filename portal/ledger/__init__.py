"""The ledger (账务): accounts, journals, postings, months. The only writer of money; it knows no document."""
