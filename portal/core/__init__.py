"""The kernel: settings, database, scope, permissions, workflow, money, clock, audit.

Knows no dealer's business and no web request; everything else stands on it.
"""
