"""Parts orders (配件申请单), their quotes, shipments and receipts, and the dealer's layers of own parts (R20–R26)."""
