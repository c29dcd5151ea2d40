"""What an adapter is: bytes and a site's profile in; records, issues and coverage out.

An adapter is pure: it opens nothing, reads no clock, draws no random number, builds no FHIR.
A third party ships one as an entry point of the group `hie.adapters`; the hub's own are found the
same way. The only imports an adapter needs are this module, `hie.records`, `hie.charset` and
`hie.errors`.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta

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


class Mllp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table `mllp` of a site profile: who may send for this site over MLLP, how it is answered.

    An adapter that is spoken to over MLLP takes this table into its `profile_schema`.
    """

    applications: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...],
        Meta(
            min_length=1,
            description=(
                "Who sends for this site: MSH-3 and MSH-4 as LIS^HOSP, or LIS alone for any MSH-4."
            ),
        ),
    ]
    allow: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$")], ...],
        Meta(min_length=1, description="Networks or addresses it may come from."),
    ] = ("127.0.0.0/8", "::1/128")
    certificates: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=253)], ...],
        Meta(
            description=(
                "Names of which the client certificate must bear one (subject alternative name, "
                "or common name); none: any certificate of the listener's authorities will do."
            )
        ),
    ] = ()
    ack: Annotated[
        Literal["on_store", "on_process"],
        Meta(description="Answer AA once the bytes are durable, or once they are processed."),
    ] = "on_store"
    unsupported: Annotated[
        Literal["ignore", "refuse"],
        Meta(
            description=(
                "Message types that are not read: taken and left aside with a warning, or "
                "refused with AR."
            )
        ),
    ] = "ignore"
    unavailable: Annotated[
        Literal["AR", "AE"],
        Meta(description="The answer when the hub cannot keep or finish a message now."),
    ] = "AR"


class Envelope(msgspec.Struct, frozen=True):
    """What the header of a message says to a door that must answer on the same line.

    An adapter may return a subclass with what it needs itself to write the answer.
    """

    native_id: str | None  # the sender's number (MSH-10)
    sender: tuple[str, str]  # application and facility (MSH-3, MSH-4), first components
    kind: str  # e.g. "ORU^R01"
    accept: str = ""  # MSH-15: when to acknowledge that it was kept: AL, NE, ER, SU
    application: str = ""  # MSH-16: when to answer for its content; both empty: original mode


class Refusal(msgspec.Struct, frozen=True):
    """Why a message is not taken: a condition of HL7 table 0357, where, and in words."""

    condition: str  # "202"
    path: str  # "MSH-11"
    text: str  # ASCII, no value of the message
    reason: str  # machine word for metrics and the audit log
    code: Literal["AR", "AE"] = "AR"  # AE: the content is wrong and the sender must mend it


class Reply(msgspec.Struct, frozen=True):
    """One acknowledgement, before an adapter writes it in the sender's own dialect."""

    code: str  # HL7 table 0008: AA AE AR CA CE CR
    control: str  # the acknowledgement's own number
    number: str  # what it acknowledges: the sender's number, or one made from the content
    at_us: int
    refusal: Refusal | None = None
    issues: Sequence[Issue] = ()  # each becomes an error segment, without the value found


class Answering(Protocol):
    """What an adapter offers beside `Adapter` to be spoken to over MLLP; all or none of it.

    `split` alone may be offered too: then a door keeps each message of a file on its own.
    """

    def split(self, content: bytes) -> list[bytes]:
        """The messages of a batch, each as it stands there; one message as it is."""
        ...

    def batch_issues(self, content: bytes) -> tuple[Issue, ...]:
        """What is wrong with a batch's own envelope, such as a wrong count."""
        ...

    def envelope(self, content: bytes) -> Envelope | None:
        """The header of a message or of its beginning; None if there is none. Never raises."""
        ...

    def objection(self, envelope: Envelope, content: bytes, site: Site) -> Refusal | None:
        """Why this site's door must refuse the message before it is kept, or None."""
        ...

    def acknowledge(self, envelope: Envelope | None, reply: Reply) -> bytes:
        """The acknowledgement in the sender's delimiters and charset, not framed.

        Nothing of the sender's that is echoed can end a segment or a frame.
        """
        ...

    def gather(self, content: bytes, answers: Sequence[bytes], control: str, at_us: int) -> bytes:
        """The acknowledgements of a batch's messages as one answer."""
        ...
