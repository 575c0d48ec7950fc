"""Logs: one JSON object a line on stderr, with the zone in each instant, tracebacks as text and never with local values."""

from __future__ import annotations

import sys

import structlog


def configure() -> None:
    """Set structlog up; called once where the program starts."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
