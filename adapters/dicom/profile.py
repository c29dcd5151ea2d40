"""The profile of a site that sends DICOM: what one sender does differently, as checked values.

Every key is optional. The classes are the one source: the JSON Schema, the shipped
`schemas/json-schema/site-profile-dicom.json` and the check of `docs/dicom.md` are made from them.
"""

import functools
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

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
_AET = r"^[ -\[\]-~]{1,16}$"  # PS3.5 section 6.2, AE: no backslash, no control characters
# A DICOMweb base; over plain HTTP only this machine is asked. No user, query or fragment.
_SOURCE = (
    r"^(https://([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"|http://(127\.0\.0\.1|localhost|\[::1\]))(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?$"
)
_FILE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"  # a name in the folder, never a path
_File = Annotated[str, Meta(pattern=_FILE)]

CharsetName = Literal[
    "utf-8", "gb18030", "gbk", "gb2312", "big5", "big5-hkscs", "cp950", "iso-8859-1", "cp1252"
]
HubType = Literal[
    "resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit", "insurance",
    "officer-card", "household-book", "driving-licence", "outpatient-no", "inpatient-no",
    "patient", "other",
]  # fmt: skip
# Elements that may hold an order's number.
OrderField = Literal[
    "(0008,0050)", "(0040,2016)", "(0040,2017)", "(0040,1001)", "(0020,0010)", "(0010,0020)"
]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the profile; an unknown key is refused."""


class Charset(_Part, frozen=True):
    """How texts are read."""

    force: Annotated[
        CharsetName | None,
        Meta(description="Read every text in this charset, whatever (0008,0005) says."),
    ] = None
    fallback: Annotated[
        CharsetName | None,
        Meta(description="Try this charset after UTF-8 and GB18030, e.g. big5."),
    ] = None
    repair_mojibake: Annotated[
        bool,
        Meta(description="Put right what the sender read in a wrong charset; off: flag only."),
    ] = False


class Patient(_Part, frozen=True):
    """Numbers of patients."""

    type: Annotated[
        HubType, Meta(description="What PatientID (0010,0020) is when its type is not stated.")
    ] = "patient"
    issuer: Annotated[
        str | None,
        Meta(description="Assigning authority (OID, URI or name) of a PatientID without issuer."),
    ] = None
    issuers: Annotated[
        dict[str, str],
        Meta(description="Sender's IssuerOfPatientID (0010,0021) to an OID or URI."),
    ] = {}
    types: Annotated[
        dict[str, HubType],
        Meta(description="Issuer as sent to the hub type of the numbers it issues."),
    ] = {}


class Accession(_Part, frozen=True):
    """Accession numbers."""

    issuer: Annotated[
        str | None,
        Meta(description="Assigning authority of AccessionNumber when (0008,0051) names none."),
    ] = None


class Orders(_Part, frozen=True):
    """Where the numbers of the order stand; reports and orders find the study by them."""

    placer: Annotated[
        tuple[OrderField, ...],
        Meta(description="Elements that hold the placer's number; the first filled one counts."),
    ] = ("(0040,2016)",)
    filler: Annotated[
        tuple[OrderField, ...],
        Meta(description="Elements that hold the filler's number; the first filled one counts."),
    ] = ("(0040,2017)",)


class Study(_Part, frozen=True):
    """When a study counts as arrived."""

    quiet_seconds: Annotated[
        int,
        Meta(
            ge=0,
            le=86400,
            description="A study is published when no instance came for so many seconds.",
        ),
    ] = 120
    expected: Annotated[
        tuple[Literal["header", "manifest", "qido", "report"], ...],
        Meta(
            description=(
                "Whose statement of the number of instances counts: the header's "
                "(0020,1208), a manifest's, the source's QIDO answer, the report's."
            )
        ),
    ] = ("header", "manifest", "qido", "report")


class Dicom(_Part, frozen=True):
    """Who may send here, and what becomes of the files."""

    aets: Annotated[
        tuple[Annotated[str, Meta(pattern=_AET)], ...],
        Meta(description="Application entity titles this site calls from; none: no C-STORE."),
    ] = ()
    allow: Annotated[
        tuple[str, ...],
        Meta(description="Networks it may call from, e.g. 10.1.0.0/16; empty: loopback only."),
    ] = ()
    keep: Annotated[
        Literal["hub", "source"],
        Meta(description="Instances are kept by the hub as received, or left at the source."),
    ] = "hub"
    overwrite: Annotated[
        bool,
        Meta(
            description=(
                "An instance sent again with other bytes replaces the first; off: the "
                "first stays current, the other is kept and told."
            )
        ),
    ] = False
    private_sop_classes: Annotated[
        bool, Meta(description="Instances of private SOP classes are kept; off: held.")
    ] = True


class Source(_Part, frozen=True):
    """Where images left at the source are fetched from; files lie in the hub's folder sources/."""

    url: Annotated[
        Annotated[str, Meta(pattern=_SOURCE)] | None,
        Meta(
            description=(
                "Base of the source's DICOMweb, https; http only on this machine. No other "
                "address is ever called."
            ),
        ),
    ] = None
    ca: Annotated[
        _File | None,
        Meta(description="File of the authorities whose certificate the source shows (PEM)."),
    ] = None
    certificate: Annotated[
        _File | None, Meta(description="File of the certificate the hub shows (PEM).")
    ] = None
    key: Annotated[_File | None, Meta(description="File of that certificate's private key.")] = None
    token: Annotated[_File | None, Meta(description="File of the bearer token the hub sends.")] = (
        None
    )
    timeout_seconds: Annotated[
        float,
        Meta(ge=0.1, le=120, description="How long the source may be silent before it is off."),
    ] = 10
    most_bytes: Annotated[
        int, Meta(ge=1024, le=2**40, description="Largest instance that is fetched.")
    ] = 2**31 - 1
    at_once: Annotated[
        int, Meta(ge=1, le=32, description="Instances fetched at the same time.")
    ] = 4
    shown: Annotated[
        bool,
        Meta(
            description=(
                "Studies name the source's own address in a second Endpoint; off: the hub's "
                "door alone, and nobody learns the source's address."
            )
        ),
    ] = False


class Profile(_Part, frozen=True):
    """Profile of a site that sends DICOM."""

    zone: Annotated[
        str,
        Meta(
            pattern=_ZONE,
            description=(
                "Zone of times when (0008,0201) names none: an offset (+08:00) or a name "
                "with a fixed one (Asia/Shanghai)."
            ),
        ),
    ] = "Asia/Shanghai"
    charset: Annotated[Charset, Meta(description="How texts are read.")] = Charset()
    patient: Annotated[Patient, Meta(description="Numbers of patients.")] = Patient()
    accession: Annotated[Accession, Meta(description="Accession numbers.")] = Accession()
    orders: Annotated[Orders, Meta(description="Where the order's numbers stand.")] = Orders()
    sex: Annotated[
        dict[str, Literal["male", "female", "other", "unknown"]],
        Meta(description="Sender's PatientSex to a FHIR gender."),
    ] = {}
    institutions: Annotated[
        dict[str, Annotated[str, Meta(pattern=_CREDIT_CODE)]],
        Meta(description="Sender's InstitutionName to its unified social credit code."),
    ] = {}
    study: Annotated[Study, Meta(description="When a study counts as arrived.")] = Study()
    dicom: Annotated[Dicom, Meta(description="Who may send here.")] = Dicom()
    source: Annotated[
        Source, Meta(description="Where images left at the source are fetched from.")
    ] = Source()


class Compiled(msgspec.Struct, frozen=True):
    """A checked profile and its zone in minutes east of UTC."""

    profile: Profile
    offset: int


def compile_profile(profile: Mapping[str, Any]) -> Compiled:
    """The checked profile. Raises msgspec.ValidationError or ValueError if it is not one."""
    checked = msgspec.convert(dict(profile), Profile)
    return Compiled(checked, _offset(checked.zone))


def _offset(zone: str) -> int:
    if zone in ZONES:
        return ZONES[zone]
    if not re.fullmatch(r"[+-]\d\d:\d\d", zone):
        raise ValueError("zone")
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


@functools.cache
def profile_schema() -> Mapping[str, Any]:
    """The JSON Schema of a site profile (draft 2020-12)."""
    _, parts = msgspec.json.schema_components((Profile,), ref_template="#/$defs/{name}")
    schema = {**parts["Profile"], "$defs": {k: v for k, v in parts.items() if k != "Profile"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://hie.example/json-schema/site-profile-dicom.json",
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
