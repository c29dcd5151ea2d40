"""What a held message is told in: its cause in words, and who can do something about it.

Every issue that holds a message has its sentences (`hold-…`, `hold-why-…` of the catalogues), and
one of five remedies. An adapter of somebody else speaks by its own sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hie.adapter import Adapter
from hie.web.language import Language, say


class Remedy(StrEnum):
    """Who can do something."""

    MAP = "map"  # whoever connects systems, here: a code gets its map
    PROFILE = "profile"  # the same with the hub's operator: the site profile
    SENDER = "sender"  # whoever runs the sending system
    IDENTITY = "identity"  # whoever looks after the register of persons
    HUB = "hub"  # whoever runs the hub


STEPS = ("receive", "decode", "build", "check", "identify", "store")
WERE = ("done", "failed", "left")
_BROKEN, _UID, _OTHER = "broken-file", "uid-missing", "other"


@dataclass(frozen=True, slots=True)
class Words:
    """The key of the sentences, the remedy, and the key of the site profile that it turns on."""

    key: str
    remedy: Remedy
    profile: str = ""


def _by(remedy: Remedy, *codes: str) -> dict[str, Words]:
    return {code: Words(code, remedy) for code in codes}


def _in_profile(**keys: str) -> dict[str, Words]:
    return {
        code.replace("_", "-"): Words(code.replace("_", "-"), Remedy.PROFILE, key)
        for code, key in keys.items()
    }


HELD: Mapping[str, Words] = {
    "unmapped-code": Words("unmapped-code", Remedy.MAP),
    **_in_profile(
        profile_invalid="",
        charset_undecodable="charset.force",
        processing_id="processing_ids",
        unsupported_type="other_types",
        visit_number_missing="bindings.visit_number",
        order_number_missing="bindings.filler",
        code_missing="bindings.code",
        report_status_missing="default_report_status",
        report_status_unknown="report_status_codes",
        status_missing="default_status",
        status_unknown="status_codes",
        number_separator="numbers.thousands",
        time_ahead="future_hours",
        attachment_too_large="attachments.max_bytes",
        sop_class_refused="dicom.private_sop_classes",
    ),
    **_by(
        Remedy.SENDER,
        "not-hl7", "charset-truncated", "characters-lost", "control-character", "truncated",
        "delimiters-invalid", "frame-truncated", "no-report", "patient-missing",
        "report-status-error", "attachment-invalid", "attachment-refused", "result-conflict",
        "time-invalid", "future-time", "nothing-to-store", "report-number-twice", "not-dicom",
        "study-accession-conflict",
    ),
    **_by(
        Remedy.IDENTITY,
        "report-of-another-patient", "visit-of-another-patient", "study-of-another-patient",
        "study-patient-conflict",
    ),
    **_by(Remedy.HUB, "internal-fault"),
    "no-report-number": Words("order-number-missing", Remedy.PROFILE, "bindings.filler"),
    "no-visit-number": Words("visit-number-missing", Remedy.PROFILE, "bindings.visit_number"),
    "dicomdir": Words("not-dicom", Remedy.SENDER),
    "out-of-memory": Words("internal-fault", Remedy.HUB),
    **{
        code: Words(_BROKEN, Remedy.SENDER)
        for code in (
            "too-large", "inflate-failed", "inflate-bomb", "length-lies", "sequence-broken",
            "nesting-too-deep", "too-many-elements", "element-repeated",
        )
    },
    **{
        code: Words(_UID, Remedy.SENDER)
        for code in (
            "study-uid-missing", "series-uid-missing", "sop-uid-missing", "sop-class-missing",
            "uid-unusable",
        )
    },
}  # fmt: skip
_CHECK = Words("check", Remedy.SENDER)
_REST = Words(_OTHER, Remedy.HUB)
KEYS = tuple(dict.fromkeys((*(one.key for one in HELD.values()), _CHECK.key, _REST.key)))


def words_of(code: str, stage: str) -> Words:
    """The words for an issue; what R4 itself demands of a resource has one sentence for all."""
    return HELD.get(code) or (_CHECK if stage == "check" else _REST)


def title(code: str, stage: str, adapter: Adapter | None, lang: Language) -> str:
    """The cause in one short sentence."""
    words = words_of(code, stage)
    if words is _REST and adapter is not None and code in adapter.issue_codes:
        return adapter.issue_codes[code]
    return say(f"hold-{words.key}", lang)


def steps(stage: str, *, is_stored: bool) -> list[tuple[str, str]]:
    """The road of a message, each step done, failed or not reached.

    `is_stored`: it is held, and what it says is stored all the same. One that is kept and waits has
    been received, and no more.
    """
    if stage == "kept":
        return [(step, "done" if n == 0 else "left") for n, step in enumerate(STEPS)]
    at = STEPS.index(stage) if stage in STEPS else len(STEPS)
    after = "done" if is_stored else "left"
    return [
        (step, "done" if n < at else "failed" if n == at else after) for n, step in enumerate(STEPS)
    ]
