"""Messages for the adapter's tests; each test says only what it is about.

All people are invented.
"""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.hl7v2 import adapter
from hie.adapter import Decoded, Severity, Site

MSH = "MSH|^~\\&|LIS|LAB|HIE|HUB|20260612120000||ORU^R01^ORU_R01|MSG1|P|2.5.1||||||UNICODE UTF-8"
PID = "PID|1||P001^^^LAB^MR||张三||19800101|F"
ORC = "ORC|RE|A1|B1"
OBR = "OBR|1|A1|B1|CHEM^生化^L|||20260612080000|||||||20260612083000||||||||20260612110000|||F"
OBX = "OBX|1|NM|K^钾^L||4.10|mmol/L|3.5-5.3|N|||F|||20260612081000"


def site(**profile: Any) -> Site:
    """A site whose profile is the keywords."""
    return Site("lab", "91110000000000000A", "hl7v2", profile)


@pytest.fixture(scope="session")
def read() -> Callable[..., Decoded]:
    """Decode a message given as segments: `read(MSH, PID, ..., zone="+09:00")`."""

    def decode(*segments: str, encoding: str = "utf-8", **profile: Any) -> Decoded:
        text = "".join(f"{s}\r" for s in segments)
        return adapter.decode(text.encode(encoding), site(**profile))

    return decode


@pytest.fixture(scope="session")
def read_obx(read: Callable[..., Decoded]) -> Callable[..., Decoded]:
    """Decode a whole message with these OBX (and NTE, SPM ...) segments in it."""

    def decode(*segments: str, **profile: Any) -> Decoded:
        return read(MSH, PID, ORC, OBR, *segments, **profile)

    return decode


@pytest.fixture(scope="session")
def codes() -> Callable[[Decoded], set[str]]:
    """The issue codes of a decoded message."""
    return lambda decoded: {i.code for i in decoded.issues}


@pytest.fixture(scope="session")
def held() -> Callable[[Decoded], bool]:
    """Whether the hub would hold the message."""

    def is_held(decoded: Decoded) -> bool:
        severities = {i.severity for i in decoded.issues}
        return Severity.HOLD in severities or (Severity.ERROR in severities and not decoded.records)

    return is_held
