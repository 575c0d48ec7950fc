"""Read-only pages across packages: each role's work queue, search, the audit page."""
