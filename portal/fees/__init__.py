"""Service-fee schedules (服务费收费标准): a dealer drafts, headquarters approves (R70)."""
