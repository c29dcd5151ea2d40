"""What rules may ask, one gate a module; a new condition is a function there and its words.

The name of each is in schemas/json-schema/gate.json, and every rule of a gate file asks one.
"""

from hie.recognition.conditions import (
    context,
    imaging,
    measurement,
    quality,
    scope,
    time,
    usable,
)
from hie.recognition.conditions.condition import CONDITIONS, Answer, Condition

__all__ = [
    "CONDITIONS",
    "Answer",
    "Condition",
    "context",
    "imaging",
    "measurement",
    "quality",
    "scope",
    "time",
    "usable",
]
