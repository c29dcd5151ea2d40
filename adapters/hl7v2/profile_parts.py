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


class Sampling(Part, frozen=True):
    """How an array was sampled: HL7 v2 sends the numbers alone."""

    period: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$",
            description='Milliseconds between two samples, as a text: "4", "0.5".',
        ),
    ]
    origin: Annotated[
        str,
        Meta(
            pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$",
            description="The value that a sample of zero stands for; 0 by default.",
        ),
    ] = "0"


class Imaging(Part, frozen=True):
    """How this sender's imaging reports are told apart and read."""

    always: Annotated[
        bool, Meta(description="Every report of this sender is an imaging report.")
    ] = False
    never: Annotated[
        tuple[str, ...],
        Meta(
            description="Codes or names (OBR-4) of reports that are no imaging, whatever they say."
        ),
    ] = ()
    classes: Annotated[
        dict[str, Literal["XRAY", "CT", "MRI", "US", "NM", "MG", "none"]],
        Meta(
            description=(
                "Code or name of an examination (OBR-4) or section (OBR-24) to its class; none: "
                "imaging, but none of the six."
            )
        ),
    ] = {}
    findings: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of what was seen.")
    ] = ()
    conclusion: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of what is concluded.")
    ] = ()
    technique: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of how it was done.")
    ] = ()
    body_part: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of the part examined.")
    ] = ()
    laterality: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of the side examined.")
    ] = ()
    tracer: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of the tracer.")
    ] = ()
    study_uid: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of the StudyInstanceUID.")
    ] = ()
    accession: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of the accession number.")
    ] = ()
    images: Annotated[
        tuple[str, ...], Meta(description="Codes or names (OBX-3) of the number of images.")
    ] = ()


class Control(Part, frozen=True):
    """Which field says that the analyser's quality control was in or out."""

    path: Annotated[Path, Meta(description="The field that holds the word, e.g. OBX-20.")]
    within: Annotated[tuple[str, ...], Meta(description="Words for: in control.")] = msgspec.field(
        default=(), name="in"
    )
    out: Annotated[tuple[str, ...], Meta(description="Words for: out of control.")] = ()
