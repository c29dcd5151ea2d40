"""What a door noticed of a message while it was kept: told with the message's other issues.

A door decodes nothing, yet it alone sees that a frame had no end, that a batch was miscounted, or
that a number was used before. It notes that in the message's `meta`; processing reads it here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hie.adapter import Issue, Severity

NOTICED = "noticed"  # in `meta`: [[stage, code, severity, path, expected], ...]
NUMBER_OF = "number_of"  # in `meta`: the first message with the same number

FRAME_TRUNCATED = Issue(
    "receive", "frame-truncated", Severity.HOLD, "message", "the end of the frame (0x1C 0x0D)"
)


def noted(issues: Sequence[Issue]) -> dict[str, Any]:
    """Issues as an entry of `meta`; the value found is left out."""
    if not issues:
        return {}
    return {NOTICED: [[i.stage, i.code, str(i.severity), i.path, i.expected] for i in issues]}


def noticed(meta: Mapping[str, Any]) -> list[Issue]:
    """The issues in a message's `meta`."""
    found = [
        Issue(stage, code, Severity(severity), path, expected)
        for stage, code, severity, path, expected in meta.get(NOTICED, ())
    ]
    if NUMBER_OF in meta:
        expected = f"a number of its own; message {meta[NUMBER_OF]} has it too"
        found.append(Issue("receive", "number-repeated", Severity.WARN, "MSH-10", expected))
    return found
