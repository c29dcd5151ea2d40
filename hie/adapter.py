"""What an adapter is: bytes and a site's profile in; records, issues and coverage out.

An adapter is pure: it opens nothing, reads no clock, draws no random number, builds no FHIR.
A third party ships one as an entry point of the group `hie.adapters`; the hub's own are found the
same way. The only imports an adapter needs are this module, `hie.records`, `hie.charset` and
`hie.errors`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

import msgspec

from hie.records import Record


class Severity(StrEnum):
    """How much an issue matters."""

    INFO = "info"  # accepted and normalised
    WARN = "warn"  # accepted; somebody should look
    HOLD = "hold"  # the message waits for a person: map, identity, profile
    ERROR = "error"  # this part cannot be used


class Issue(msgspec.Struct, frozen=True, gc=False):
    """One finding: a machine code, where, and what was expected.

    `found` is the value met. It is kept with the message, shown only in the console to the site's
    own people, and never in a receipt, an error or a log.
    """

    stage: str  # "decode", "build", "check", "identify", "store"
    code: str  # kebab-case, declared in the adapter's `issue_codes`
    severity: Severity
    path: str  # e.g. "OBX[3]-5"
    expected: str = ""
    found: str | None = None


class Site(msgspec.Struct, frozen=True):
    """A registered sender: one system of one institution."""

    id: str  # short name in URLs: [a-z0-9][a-z0-9-]{0,63}
    institution: str  # unified social credit code
    adapter: str  # entry-point name, e.g. "hl7v2"
    profile: Mapping[str, Any]  # the site profile (TOML), validated by the adapter's profile_schema


class Coverage(msgspec.Struct, frozen=True, gc=False):
    """What became of each non-empty source field: none is dropped in silence.

    Each tuple holds paths such as "OBX[3]-5". `ignored` names fields that a rule leaves aside.
    """

    used: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Decoded(msgspec.Struct, frozen=True):
    """What one message said.

    `native_id` is the sender's own message number (MSH-10), `sent` the sender's message time as
    an ISO text with zone, or None. A message with an issue of severity HOLD, or with ERROR issues
    and no record, is held whole; other ERROR issues concern their part only.
    """

    native_id: str | None
    kind: str  # e.g. "ORU^R01"
    sent: str | None
    records: tuple[Record, ...]
    issues: tuple[Issue, ...]
    coverage: Coverage


class Adapter(Protocol):
    """A source format the hub can read."""

    name: str
    version: str
    media_types: tuple[str, ...]  # what POST /intake/{site} may declare
    profile_schema: Mapping[str, Any]  # JSON Schema of a site profile; each key described
    issue_codes: Mapping[str, str]  # issue code -> what it means, one sentence

    def native_id(self, content: bytes, site: Site) -> str | None:
        """The sender's number of this message, read without decoding the rest; None if unreadable.

        Linear, never raises: it runs before the message is acknowledged.
        """
        ...

    def decode(self, content: bytes, site: Site) -> Decoded:
        """What the bytes say. Never raises for any bytes: what is wrong is an Issue."""
        ...
