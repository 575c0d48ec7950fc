"""Read-only pages across packages: the work queue 工作台, the search, the audit trail 稽核, the drawn workflows."""
