"""The tables of a site profile: charset, identifiers, numbers, attachments, quality control."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from adapters.hl7v2.profile_words import CharsetName, HubType, Path


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the profile; an unknown key is refused."""


class Charset(Part, frozen=True):
    """How the bytes become text."""

    force: Annotated[
        CharsetName | None, Meta(description="Read every message in this charset and no other.")
    ] = None
    fallback: Annotated[
        CharsetName | None,
        Meta(
            description=(
                "Try this charset after UTF-8 and GB18030, e.g. big5. Big5 bytes "
                "usually pass as GB18030: a Big5 sender needs `force`."
            )
        ),
    ] = None
    repair_mojibake: Annotated[
        bool,
        Meta(
            description=(
                "Put right what the sender read in a wrong charset before sending; off: flag only."
            )
        ),
    ] = False


class Identifiers(Part, frozen=True):
    """Numbers of patients."""

    types: Annotated[
        dict[str, HubType],
        Meta(
            description=(
                "Sender's type code (CX.5) to hub type: resident-id, passport, "
                "residence-permit, hk-macao-permit, taiwan-permit, insurance, "
                "officer-card, household-book, driving-licence, outpatient-no, "
                "inpatient-no, patient, other."
            )
        ),
    ] = {}
    authorities: Annotated[
        dict[str, str], Meta(description="Sender's assigning authority (CX.4) to an OID or URI.")
    ] = {}
    primary: Annotated[
        tuple[str, ...],
        Meta(
            description=(
                "Types or authorities, best first: the first number that has one is"
                " the patient's number at this site."
            )
        ),
    ] = ()
    fields: Annotated[
        dict[Annotated[str, Meta(pattern=r"^PID-[1-9][0-9]?$")], HubType],
        Meta(
            description=(
                "More places that hold a patient's number, each with its hub type, "
                "e.g. PID-18 = inpatient-no."
            )
        ),
    ] = {}


class Numbers(Part, frozen=True):
    """How numbers are written."""

    thousands: Annotated[
        Literal[",", " ", "'"] | None,
        Meta(description="Separator of thousands in numbers; none by default."),
    ] = None
    decimal: Annotated[Literal[".", ","], Meta(description="Decimal sign; a point by default.")] = (
        "."
    )


class Attachments(Part, frozen=True):
    """Printed reports inside or beside the message."""

    max_bytes: Annotated[
        int, Meta(ge=0, le=67108864, description="Largest attachment in bytes after decoding.")
    ] = 10485760
    url_allow: Annotated[
        tuple[str, ...],
        Meta(
            description=(
                "Addresses that may be kept as links: each entry is a scheme and "
                "host, with a port or path prefix if wanted, e.g. "
                "https://lis.example/reports/."
            )
        ),
    ] = ()


class Control(Part, frozen=True):
    """Which field says that the analyser's quality control was in or out."""

    path: Annotated[Path, Meta(description="The field that holds the word, e.g. OBX-20.")]
    within: Annotated[tuple[str, ...], Meta(description="Words for: in control.")] = msgspec.field(
        default=(), name="in"
    )
    out: Annotated[tuple[str, ...], Meta(description="Words for: out of control.")] = ()
