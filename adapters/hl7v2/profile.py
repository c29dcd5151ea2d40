"""The site profile: what one sender does differently, as checked values.

Every key is optional. These classes are the one source: the JSON Schema, the shipped
`schemas/json-schema/site-profile-hl7v2.json` and the check of `docs/site-profile.md` are made
from them.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from adapters.hl7v2.profile_parts import (
    Attachments,
    Charset,
    Control,
    Identifiers,
    Imaging,
    Numbers,
    Sampling,
)
from adapters.hl7v2.profile_words import (
    CREDIT_CODE,
    ZONE,
    Absent,
    Flag,
    Path,
    ReportStatus,
    ResultStatus,
)
from hie.adapter import Mllp


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Profile of a site that sends HL7 v2."""

    extends: Annotated[
        str | None,
        Meta(
            description=(
                "A profile that comes with the adapter, e.g. vendor/shifted: its keys hold where "
                "this one has none of its own; tables are put together key by key."
            )
        ),
    ] = None
    charset: Annotated[Charset, Meta(description="How the bytes become text.")] = Charset()
    zone: Annotated[
        str,
        Meta(
            pattern=ZONE,
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
    visits: Annotated[
        bool,
        Meta(
            description=(
                "Read ADT messages (A01 to A08, A11 to A13, A38): which hospital treats whom."
            )
        ),
    ] = False
    mllp: Annotated[
        Mllp | None,
        Meta(description="Who may send for this site over MLLP; without it nobody may."),
    ] = None
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
        dict[str, Annotated[str, Meta(pattern=CREDIT_CODE)]],
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
    samples: Annotated[
        dict[str, Sampling],
        Meta(
            description=(
                "Local code of an array (OBX-2 NA, MA) to how it was sampled: it becomes a result "
                "of its own. The code * speaks for all; others are attachments."
            )
        ),
    ] = {}
    imaging: Annotated[
        Imaging, Meta(description="How imaging reports are told apart and read.")
    ] = Imaging()
    attachments: Annotated[
        Attachments, Meta(description="Printed reports inside or beside the message.")
    ] = Attachments()
