"""The patient of an instance: PS3.3 section C.2.2 (Patient Identification) and C.2.3.

A PatientID means something only together with its issuer; without one it is the site's own
number. A name has up to three groups, `Alphabetic=Ideographic=Phonetic` (PS3.5 section 6.2.1):
hanzi come first here, the spelling in letters second.
"""

import unicodedata
from typing import Final, Literal

from adapters.dicom.tags import (
    BIRTH_DATE,
    IDENTITY_REMOVED,
    ISSUER_OF_PATIENT_ID,
    ISSUER_OF_PATIENT_ID_QUALIFIERS,
    OTHER_PATIENT_IDS,
    OTHER_PATIENT_IDS_SEQUENCE,
    PATIENT_ADDRESS,
    PATIENT_ID,
    PATIENT_NAME,
    PATIENT_PHONES,
    SEX,
    UNIVERSAL_ENTITY_ID,
)
from adapters.dicom.text import BLANKS
from adapters.dicom.view import View
from hie.records import Identifier, Name, PatientRecord, Staff, Time, Val

Sex = Literal["male", "female", "other", "unknown"]

_SEX: Final[dict[str, Sex]] = {
    "M": "male", "F": "female", "O": "other", "U": "unknown", "1": "male", "2": "female",
    "0": "unknown", "9": "unknown", "男": "male", "女": "female", "男性": "male",
    "女性": "female", "未知": "unknown", "MALE": "male", "FEMALE": "female", "OTHER": "other",
    "UNKNOWN": "unknown", "N": "other",
}  # fmt: skip
_NO_NUMBERS: Final = frozenset(
    {"无", "不详", "未知", "未提供", "暂无", "没有", "NULL", "NONE", "NA", "N/A", "UNKNOWN"}
)
_NOBODY: Final = ("无名", "未知", "不详", "佚名", "无姓名", "UNKNOWN", "NONAME", "ANONYM")
_NEWBORN: Final = ("之子", "之女", "之婴", "新生儿", "BABY")
_PERSONAL: Final = frozenset({
    "resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit",
    "insurance", "officer-card", "household-book", "driving-licence",
})  # fmt: skip
_RESIDENT: Final = "2.16.156.10011.1.3"
_OLDEST: Final = 130


def read_patient(view: View, started: Time | None) -> PatientRecord:
    """The patient as this instance states them; what is doubtful is an issue."""
    reading = view.reading
    identifiers = _identifiers(view)
    if not identifiers:
        reading.issue("patient-without-identifier", view.path(PATIENT_ID))
    names = _names(view)
    if not names:
        reading.issue("name-missing", view.path(PATIENT_NAME))
    if view.word(IDENTITY_REMOVED).upper() == "YES":
        reading.issue("identity-removed", view.path(IDENTITY_REMOVED))
    at = view.day(BIRTH_DATE)
    birth = Time(at.text, at.precision, view.path(BIRTH_DATE)) if at is not None else None
    if birth is not None and started is not None:
        if birth.text > started.text[:10]:
            reading.issue("birth-after-study", birth.path)
        elif int(started.text[:4]) - int(birth.text[:4]) > _OLDEST:
            reading.issue("age-impossible", birth.path)
    return PatientRecord(
        identifiers=identifiers,
        names=names,
        sex=_sex(view),
        birth_date=birth,
        phones=_vals(view, PATIENT_PHONES),
        addresses=_vals(view, PATIENT_ADDRESS),
    )


def staff(view: View, tag: int) -> Staff | None:
    """The first person of a name element."""
    text = view.text(tag).split("\\")[0]
    groups = _groups(text)
    best = next((join_name(one) for one in groups if join_name(one)), "")
    return Staff(view.path(tag), name=best) if best else None


def authority(view: View, plain_tag: int, sequence_tag: int) -> str | None:
    """An assigning authority: the universal id of its qualifiers, else its plain name."""
    for item in view.items(sequence_tag):
        universal = item.text(UNIVERSAL_ENTITY_ID)
        if universal:
            return universal.removeprefix("urn:oid:")
    return view.text(plain_tag) or None


def number(view: View, tag: int) -> str:
    """A number (accession, patient, order) without typing accidents; "" if it is a placeholder."""
    sent = view.text(tag, is_number=True)
    if not sent:
        return ""
    value = sent
    if not sent.isascii():
        value = unicodedata.normalize("NFKC", sent).strip(BLANKS)
        if value != sent:
            view.reading.issue("identifier-normalised", view.path(tag))
    if is_placeholder(value):
        view.reading.issue("identifier-placeholder", view.path(tag), value)
        return ""
    return value


def is_placeholder(value: str) -> bool:
    """A word for none, or one digit throughout."""
    text = value.upper()
    return text in _NO_NUMBERS or (len(text) > 4 and len(set(text)) == 1)


def join_name(components: list[str]) -> str:
    """Family, given, middle in reading order: hanzi without blanks, family first."""
    family, given, middle = (*components, "", "", "")[:3]
    if not (family and given):
        return family or given
    if family.isascii() and given.isascii():
        return " ".join(p for p in (given, middle, family) if p)
    return f"{family}{given}{middle}"


def _identifiers(view: View) -> tuple[Identifier, ...]:
    found: dict[tuple[str, str | None, str | None], Identifier] = {}
    _add(view, PATIENT_ID, found)
    for item in view.items(OTHER_PATIENT_IDS_SEQUENCE):
        _add(item, PATIENT_ID, found)
    others = view.text(OTHER_PATIENT_IDS, is_number=True)
    for value in others.split("\\") if others else ():
        text = value.strip(BLANKS)
        if text and not is_placeholder(text) and not any(k[0] == text for k in found):
            one = Identifier(text, "other", None, view.path(OTHER_PATIENT_IDS))
            found[text, "other", None] = one
    return tuple(found.values())


def _add(view: View, tag: int, found: dict[tuple[str, str | None, str | None], Identifier]) -> None:
    value = number(view, tag)
    if not value:
        return
    own = view.reading.profile.patient
    sent = authority(view, ISSUER_OF_PATIENT_ID, ISSUER_OF_PATIENT_ID_QUALIFIERS)
    kind = own.types.get(sent or "", own.type if not view.depth else "other")
    if sent == _RESIDENT:
        kind = "resident-id"
    if kind in _PERSONAL:
        value = "".join(value.split()).upper()
    issuer = own.issuers.get(sent, sent) if sent else own.issuer if not view.depth else None
    key = (value, kind, issuer)
    found.setdefault(key, Identifier(value, kind, issuer, view.path(tag)))


def _names(view: View) -> tuple[Name, ...]:
    """Every group of PatientName: ideographic, alphabetic; phonetic only when it is alone."""
    text = view.text(PATIENT_NAME).split("\\")[0]
    path = view.path(PATIENT_NAME)
    found: dict[str, Name] = {}
    for components in _groups(text):
        whole = join_name(components)
        if not whole or whole in found:
            continue
        family, given = (*components, "", "")[:2]
        both = bool(family and given)
        found[whole] = Name(whole, path, family if both else None, given if both else None)
        plain = unicodedata.normalize("NFKC", whole).replace(" ", "").upper()
        parts = [plain, *(part.upper() for part in components)]
        if any(p.startswith(_NOBODY) for p in parts) or any(w in plain for w in _NEWBORN):
            view.reading.issue("name-placeholder", path)
        elif "??" in whole:
            view.reading.issue("characters-lost", path, whole)
    return tuple(found.values())


def _groups(text: str) -> list[list[str]]:
    """Component groups, the ideographic first; each family, given, middle."""
    groups = [_components(group) for group in text.split("=")[:3]]
    alphabetic, ideographic, phonetic = (*groups, [], [], [])[:3]
    filled = [one for one in (ideographic, alphabetic) if any(one)]
    return filled or ([phonetic] if any(phonetic) else [])


def _components(group: str) -> list[str]:
    """The parts of one group; a caret in full width is a caret (case met with Chinese input)."""
    return [" ".join(part.split()).strip(BLANKS) for part in group.split("^")][:3]


def _sex(view: View) -> Sex | None:
    text = view.text(SEX)
    if not text:
        return None
    own = view.reading.profile.sex
    if text in own:
        return own[text]
    found = _SEX.get(unicodedata.normalize("NFKC", text).upper())
    if found is None:
        view.reading.issue("sex-unknown", view.path(SEX), text, expected="M, F or O")
    return found


def _vals(view: View, tag: int) -> tuple[Val, ...]:
    text = view.text(tag)
    parts = (one.strip(BLANKS) for one in text.split("\\")) if text else ()
    return tuple(Val(one, view.path(tag)) for one in parts if one)
