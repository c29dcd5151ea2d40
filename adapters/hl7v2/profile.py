"""The site profile: what one sender does differently, as checked values.

Every key is optional. The classes below are the one source: the JSON Schema, the shipped
`schemas/json-schema/site-profile-hl7v2.json` and the check of `docs/site-profile.md` are made
from them.
"""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

# Where each bindable field is read by default; a profile may name other places.
BINDABLE: Final[dict[str, tuple[str, int]]] = {
    "name": ("PID", 5),
    "birth_date": ("PID", 7),
    "sex": ("PID", 8),
    "visit_class": ("PV1", 2),
    "department": ("PV1", 3),
    "visit_number": ("PV1", 19),
    "placer": ("OBR", 2),
    "filler": ("OBR", 3),
    "report_code": ("OBR", 4),
    "collected": ("OBR", 7),
    "clinical": ("OBR", 13),
    "received": ("OBR", 14),
    "specimen": ("OBR", 15),
    "requester": ("OBR", 16),
    "issued": ("OBR", 22),
    "report_status": ("OBR", 25),
    "reviewer": ("OBR", 32),
    "author": ("OBR", 34),
    "value_type": ("OBX", 2),
    "code": ("OBX", 3),
    "sub_id": ("OBX", 4),
    "value": ("OBX", 5),
    "unit": ("OBX", 6),
    "range": ("OBX", 7),
    "flag": ("OBX", 8),
    "status": ("OBX", 11),
    "observed": ("OBX", 14),
    "responsible": ("OBX", 16),
    "method": ("OBX", 17),
    "device": ("OBX", 18),
    "analysed": ("OBX", 19),
    "result_number": ("OBX", 21),
    "performer": ("OBX", 23),
}
_PATH = r"^[A-Z][A-Z0-9]{2}-[1-9][0-9]{0,2}(\.[1-9][0-9]?){0,2}$"
_CREDIT_CODE = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
ZONES: Final = {
    "UTC": 0,
    "Z": 0,
    "Asia/Shanghai": 480,
    "Asia/Chongqing": 480,
    "Asia/Harbin": 480,
    "Asia/Hong_Kong": 480,
    "Asia/Macau": 480,
    "Asia/Taipei": 480,
    "Asia/Urumqi": 360,
}
_ZONE = rf"^({'|'.join(ZONES)}|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"

Path = Annotated[str, Meta(pattern=_PATH)]
Flag = Literal[
    "<", ">", "A", "AA", "B", "CAR", "D", "DET", "E", "EX", "EXP", "H", "HH", "HU", "I", "IE",
    "IND", "L", "LL", "LU", "N", "NCL", "ND", "NEG", "NR", "NS", "POS", "R", "RR", "S", "SDD",
    "SYN-R", "SYN-S", "TOX", "U", "UNE", "W", "WR",
]  # fmt: skip
Absent = Literal[
    "unknown", "asked-unknown", "temp-unknown", "not-asked", "asked-declined", "masked",
    "not-applicable", "unsupported", "as-text", "error", "not-a-number", "not-performed",
    "not-permitted",
]  # fmt: skip
CharsetName = Literal[
    "utf-8", "utf-16", "gb18030", "gbk", "gb2312", "big5", "big5-hkscs", "cp950", "iso-8859-1",
    "cp1252",
]  # fmt: skip
HubType = Literal[
    "resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit", "insurance",
    "officer-card", "household-book", "driving-licence", "outpatient-no", "inpatient-no",
    "patient", "other",
]  # fmt: skip
ResultStatus = Literal["registered", "preliminary", "final", "amended", "corrected"]
ReportStatus = Literal["registered", "partial", "preliminary", "final", "amended", "corrected"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the profile; an unknown key is refused."""


class Charset(_Part, frozen=True):
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


class Identifiers(_Part, frozen=True):
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


class Numbers(_Part, frozen=True):
    """How numbers are written."""

    thousands: Annotated[
        Literal[",", " ", "'"] | None,
        Meta(description="Separator of thousands in numbers; none by default."),
    ] = None
    decimal: Annotated[Literal[".", ","], Meta(description="Decimal sign; a point by default.")] = (
        "."
    )


class Attachments(_Part, frozen=True):
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


class Control(_Part, frozen=True):
    """Which field says that the analyser's quality control was in or out."""

    path: Annotated[Path, Meta(description="The field that holds the word, e.g. OBX-20.")]
    within: Annotated[tuple[str, ...], Meta(description="Words for: in control.")] = msgspec.field(
        default=(), name="in"
    )
    out: Annotated[tuple[str, ...], Meta(description="Words for: out of control.")] = ()


class Profile(_Part, frozen=True):
    """Profile of a site that sends HL7 v2."""

    charset: Annotated[Charset, Meta(description="How the bytes become text.")] = Charset()
    zone: Annotated[
        str,
        Meta(
            pattern=_ZONE,
            description=(
                "Zone of times sent without one: an offset (+08:00) or a name with "
                "a fixed one (Asia/Shanghai)."
            ),
        ),
    ] = "Asia/Shanghai"
    two_digit_years: Annotated[
        bool,
        Meta(
            description=(
                "Read dates such as 24-01-15 and 240115 as years of this or the last century."
            )
        ),
    ] = False
    future_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=8760,
            description=(
                "How many hours a time may lie ahead of MSH-7 before the message is held."
            ),
        ),
    ] = 24
    processing_ids: Annotated[
        tuple[str, ...],
        Meta(description="Values of MSH-11 that this site may send; empty MSH-11 always may."),
    ] = ("P",)
    other_types: Annotated[
        Literal["ignore", "hold"],
        Meta(
            description=(
                "What happens to message types that are not read here: kept with a "
                "warning, or held."
            )
        ),
    ] = "ignore"
    bindings: Annotated[
        dict[str, Path | tuple[Path, ...]],
        Meta(
            description=(
                "Where a field of the record stands when it is not where HL7 puts "
                "it. The first place that is filled counts (for a status: the first"
                " that holds a known one); an empty list takes the field from "
                "nowhere."
            )
        ),
    ] = {}
    default_status: Annotated[
        ResultStatus | None,
        Meta(
            description=(
                "Status of a result whose OBX-11 is empty; without it such a message is held."
            )
        ),
    ] = None
    default_report_status: Annotated[
        ReportStatus | None,
        Meta(
            description=(
                "Status of a report whose OBR-25 is empty; final counts only if "
                "OBR-22 is filled. Without it such a message is held."
            )
        ),
    ] = None
    status_codes: Annotated[
        dict[str, str],
        Meta(description="Sender's result status to a code of HL7 table 0085, e.g. 审核 = F."),
    ] = {}
    report_status_codes: Annotated[
        dict[str, str], Meta(description="Sender's report status to a code of HL7 table 0123.")
    ] = {}
    identifiers: Annotated[Identifiers, Meta(description="Numbers of patients.")] = Identifiers()
    sex: Annotated[
        dict[str, Literal["male", "female", "other", "unknown"]],
        Meta(description="Sender's sex code to a FHIR gender."),
    ] = {}
    institutions: Annotated[
        dict[str, Annotated[str, Meta(pattern=_CREDIT_CODE)]],
        Meta(
            description=(
                "Sender's code or name of an institution or laboratory to its "
                "unified social credit code."
            )
        ),
    ] = {}
    numbers: Annotated[Numbers, Meta(description="How numbers are written.")] = Numbers()
    scale: Annotated[
        dict[str, Literal["Qn", "Ord", "Nar"]],
        Meta(
            description=(
                "Local code to scale: a numeric text (OBX-2 ST, TX) of a Qn code is"
                " a number. The code * speaks for all that are not named."
            )
        ),
    ] = {}
    values: Annotated[
        dict[str, Flag],
        Meta(
            description=(
                "Sender's result word to a code of v3-ObservationInterpretation, e.g. 阴 = NEG."
            )
        ),
    ] = {}
    absent_values: Annotated[
        dict[str, Absent],
        Meta(
            description=(
                "Sender's word for no value to a code of data-absent-reason, e.g. "
                "拒检 = not-performed."
            )
        ),
    ] = {}
    flags: Annotated[
        dict[str, Flag],
        Meta(description="Sender's flag (OBX-8) to a code of v3-ObservationInterpretation."),
    ] = {}
    units: Annotated[
        dict[str, str],
        Meta(
            description=(
                "Sender's unit to the unit that was meant, e.g. mg/d1 = mg/dL. The "
                "unit as sent is no longer seen."
            )
        ),
    ] = {}
    control: Annotated[
        Control | None, Meta(description="Which field says that quality control was in or out.")
    ] = None
    attachments: Annotated[
        Attachments, Meta(description="Printed reports inside or beside the message.")
    ] = Attachments()


@functools.cache
def profile_schema() -> Mapping[str, Any]:
    """The JSON Schema of a site profile (draft 2020-12)."""
    _, parts = msgspec.json.schema_components((Profile,), ref_template="#/$defs/{name}")
    schema = {**parts["Profile"], "$defs": {k: v for k, v in parts.items() if k != "Profile"}}
    bindings = schema["properties"]["bindings"]
    bindings["propertyNames"] = {"enum": sorted(BINDABLE)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://hie.example/json-schema/site-profile-hl7v2.json",
        **_plain(schema),
    }


def _plain(node: Any) -> Any:
    """The schema in JSON's own types: no tuples, no empty `required`, no class names."""
    if isinstance(node, dict):
        return {
            k: _plain(v)
            for k, v in node.items()
            if not (k == "required" and not v) and k != "title"
        }
    if isinstance(node, list | tuple):
        return [_plain(v) for v in node]
    return node
