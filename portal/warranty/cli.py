"""``portal load products|policy FILE``; how they run stands in ``portal.catalog.cli``."""

from __future__ import annotations

import click

from portal.catalog.cli import load_command
from portal.warranty import loads


def register(group: click.Group) -> None:
    """Put this package's commands under ``portal load``."""
    for load in (loads.PRODUCTS, loads.POLICY):
        group.add_command(load_command(load))
