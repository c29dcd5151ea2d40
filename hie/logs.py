"""What the hub logs: one JSON line an event, with machine words only; personal data never is."""

import logging
import sys
from typing import Any

import structlog


def configure(level: str) -> None:
    """Write logs as JSON to standard error from this level on. A second call changes the level."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_to_standard_error,
    )


def _to_standard_error(*_: Any) -> structlog.PrintLogger:
    """A logger for what standard error is now: whoever replaced it may have closed theirs."""
    return structlog.PrintLogger(sys.stderr)
