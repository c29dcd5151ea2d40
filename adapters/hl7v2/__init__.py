"""HL7 v2: ORU^R01 and OUL^R21 to R24 as Chinese LIS products send them.

`adapter` is the entry point. Modules: `batch` and `reader` cut bytes and text into segments;
`walk` attaches segments to orders; `report`, `result`, `patient`, `specimen` read one kind of
segment each; `values`, `loose`, `numbers`, `ranges`, `times`, `identifiers` read what stands in a
field. `profile` and `bindings` hold what one sender does differently, `coverage` what became of
each field, `panel` what need not be read again. `reading` is the state all of them share.
`acknowledge` reads a header for a door that answers on the line, and writes its answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from adapters.hl7v2 import acknowledge, compiled, decode
from adapters.hl7v2.batch import read_batch
from adapters.hl7v2.issues import ISSUE_CODES, TABLE
from adapters.hl7v2.profile_schema import profile_schema
from hie.adapter import Coverage, Decoded, Envelope, Issue, Refusal, Reply, Severity, Site

_MOST_SITES = 256


class Hl7v2Adapter:
    """Reads HL7 v2 messages and batch files (ER7 encoding)."""

    name: str = "hl7v2"
    version: str = "1.0.0"
    media_types: tuple[str, ...] = (
        "x-application/hl7-v2+er7",
        "application/hl7-v2",
        "application/hl7-v2+er7",
        "text/plain",
        "application/octet-stream",
    )
    profile_schema: Mapping[str, Any] = profile_schema()
    issue_codes: Mapping[str, str] = ISSUE_CODES

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[Mapping[str, Any], compiled.Compiled]] = {}

    def native_id(self, content: bytes, site: Site) -> str | None:
        """MSH-10 of the first message; None if it is empty or cannot be read."""
        return decode.native_id(content)

    def split(self, content: bytes) -> list[bytes]:
        """The messages of a batch file, each to be kept on its own; one message as it is."""
        return list(read_batch(content).messages)

    def batch_issues(self, content: bytes) -> tuple[Issue, ...]:
        """A wrong count or a missing trailer: found before the batch is split, told of its last."""
        return tuple(
            Issue("decode", code, TABLE[code][0], path, TABLE[code][1], found or None)
            for code, path, found in read_batch(content).findings
        )

    def envelope(self, content: bytes) -> Envelope | None:
        """The header line; see `hie.adapter.Answering`."""
        return acknowledge.read_header(content)

    def objection(self, envelope: Envelope, content: bytes, site: Site) -> Refusal | None:
        """MSH-11, MSH-9 and MSH-12 against the profile.

        A version that is not 2.2 to 2.9 is tried: it is refused if nothing can be read.
        """
        if not isinstance(envelope, acknowledge.Header):
            return None
        door = site.profile.get("mllp", {})
        allowed = site.profile.get("processing_ids", ("P",))
        refuses = door.get("unsupported") == "refuse"
        visits = site.profile.get("visits") is True
        found = acknowledge.objection(envelope, allowed, refuses=refuses, visits=visits)
        if found is None and acknowledge.is_strange_version(envelope):
            read = decode.is_read(envelope.kind, visits=visits) or not envelope.kind
            if read and not self.decode(content, site).records:
                return acknowledge.VERSION_REFUSED
        return found

    def acknowledge(self, envelope: Envelope | None, reply: Reply) -> bytes:
        """MSH, MSA, ERR; see `hie.adapter.Answering`."""
        known = envelope if isinstance(envelope, acknowledge.Header) else None
        return acknowledge.write(known, reply)

    def gather(self, content: bytes, answers: Sequence[bytes], control: str, at_us: int) -> bytes:
        """The answers to a batch in one."""
        return acknowledge.gather(content, answers, control, at_us)

    def decode(self, content: bytes, site: Site) -> Decoded:
        """What the message says; see `hie.adapter.Adapter`."""
        try:
            read_by = self._profile(site)
        except (msgspec.ValidationError, ValueError) as fault:
            issue = Issue("decode", "profile-invalid", Severity.HOLD, "profile", str(fault)[:200])
            return Decoded(decode.native_id(content), "", None, (), (issue,), Coverage())
        return decode.decode_all(content, read_by)

    def _profile(self, site: Site) -> compiled.Compiled:
        """The compiled profile of a site, kept while the profile stays the same value."""
        kept = self._compiled.get(site.id)
        if kept is not None and (kept[0] is site.profile or kept[0] == site.profile):
            return kept[1]
        fresh = compiled.compile_profile(site.profile)
        if len(self._compiled) >= _MOST_SITES:
            self._compiled.clear()
        self._compiled[site.id] = (site.profile, fresh)
        return fresh


adapter = Hl7v2Adapter()
