"""PID and PV1: the patient and the visit as this site knows them."""

import unicodedata
from collections.abc import Callable
from typing import Final, Literal, cast

from adapters.hl7v2 import identifiers
from adapters.hl7v2.compiled import source
from adapters.hl7v2.parties import join_name
from adapters.hl7v2.reader import Segment
from adapters.hl7v2.reading import Reading
from hie.adapter import Severity
from hie.charset import has_lost_characters, mojibake
from hie.records import Identifier, Name, PatientRecord, Time, Val, Visit

Sex = Literal["male", "female", "other", "unknown"]

# HL7 table 0001 by the v2-to-FHIR guide, GB/T 2261.1 (0 1 2 9), and words.
_SEX: Final[dict[str, Sex]] = {
    "M": "male", "F": "female", "O": "other", "U": "unknown", "A": "other", "N": "other",
    "1": "male", "2": "female", "0": "unknown", "9": "unknown",
    "男": "male", "女": "female", "男性": "male", "女性": "female", "未知": "unknown",
    "不详": "unknown", "未说明": "unknown", "未说明的性别": "unknown", "未知的性别": "unknown",
    "MALE": "male", "FEMALE": "female", "OTHER": "other", "UNKNOWN": "unknown",
}  # fmt: skip
# HL7 table 0004 and its Chinese names.
_CLASS: Final = {
    "门诊": "O",
    "住院": "I",
    "急诊": "E",
    "体检": "O",
    "普通门诊": "O",
    "急诊留观": "E",
    "留观": "E",
}
_NOBODY: Final = ("无名", "未知", "不详", "佚名", "无姓名", "UNKNOWN", "NONAME")
_NEWBORN: Final = ("之子", "之女", "之婴", "新生儿", "BABY")


def read_patient(reading: Reading, pid: Segment) -> PatientRecord:
    """The PID as a record. What is doubtful is an issue; nothing is left out for it."""
    f, row = pid.fields, pid.row
    found = _identifiers(reading, pid)
    names = _names(reading, f[5], row[5])
    birth = reading.time(f[7], row[7])
    sex = _sex(reading, f[8], row[8])
    if not found:
        reading.issue("patient-without-identifier", row[3])
    if not names:
        reading.issue("name-missing", row[5])
    for number in found:
        if number.type == "resident-id":
            _compare(reading, number, birth, sex)
    return PatientRecord(
        identifiers=found,
        names=names,
        sex=sex,
        birth_date=birth,
        deceased={"Y": True, "N": False}.get(reading.whole(f[30]).upper()) if f[30] else None,
        phones=(*_vals(reading, f[13], row[13], _phone), *_vals(reading, f[14], row[14], _phone)),
        addresses=_vals(reading, f[11], row[11], _address),
    )


def read_visit(reading: Reading, pv1: Segment) -> Visit | None:
    """The PV1 as a visit: number, class, department, and from when until when it is."""
    f, row = pv1.fields, pv1.row
    number = reading.component(f[19], 1)
    code = reading.component(f[2], 1)
    code = unicodedata.normalize("NFKC", code)
    department = reading.component(f[3], 1).split(reading.delimiters.subcomponent)[0]
    if not (number or code or department):
        return None
    return Visit(
        row[0],
        Val(number, row[19]) if number else None,
        _CLASS.get(code, code.upper()) or None,
        Val(department, row[3]) if department else None,
        _when(reading, f[44], row[44]),
        _when(reading, f[45], row[45]),
    )


def _when(reading: Reading, raw: str, path: str) -> Time | None:
    """A time of the visit; one that is none says nothing about the report, and is looked past."""
    return None if not raw or reading.is_invalid(raw) else reading.time(raw, path)


def _identifiers(reading: Reading, pid: Segment) -> tuple[Identifier, ...]:
    """All numbers of the PID: PID-3 first, then 2, 4 and 19, then what the profile adds."""
    found: dict[tuple[str, str | None, str | None], Identifier] = {}
    places: list[tuple[int, str]] = [(3, ""), (2, ""), (4, ""), (19, "resident-id")]
    for path, named in reading.profile.identifiers.fields.items():
        place = source(path)
        if place.field < len(pid.fields):
            places.append((place.field, named))
    for index, kind in places:
        raw = pid.fields[index]
        if not raw:
            continue
        repeats = reading.repeats(raw)
        for number, one in enumerate(repeats, start=1):
            path = pid.path(index) if len(repeats) == 1 else f"{pid.path(index)}[{number}]"
            identifier = _identifier(reading, one, path, kind)
            if identifier is not None:
                key = (identifier.value, identifier.type, identifier.authority)
                if index in (2, 4) and any(k[0] == identifier.value for k in found):
                    continue
                found.setdefault(key, identifier)
    return _primary_first(reading, tuple(found.values()))


def _identifier(reading: Reading, raw: str, path: str, kind: str) -> Identifier | None:
    """One CX: number, check digit, scheme, authority (HD), type."""
    parts = raw.split(reading.delimiters.component)
    sent = reading.whole(parts[0])
    if not sent:
        return None
    parts.extend(_NO_PARTS[len(parts) :])
    authority, known = _kind(reading, parts[3], parts[4], kind, sent)
    value = identifiers.normal(sent, known)
    if not value:
        return None
    if value != sent:
        reading.issue("identifier-normalised", path)
    fault = identifiers.defect(value, known)
    if fault:
        reading.issue(fault, path, value)
    if has_lost_characters(value):
        reading.issue("characters-lost", path, value, severity=Severity.HOLD)
    return Identifier(value, known, authority, path)


_NO_PARTS: Final = ("",) * 5


def _kind(
    reading: Reading, assigner: str, code: str, kind: str, sent: str
) -> tuple[str | None, str | None]:
    """The authority and the hub's type; a sender's few are remembered, their numbers are not."""
    key = ("identifier", assigner, code, kind)
    kept = reading.memo.get(key)
    if kept is not None:
        return cast("tuple[str | None, str | None]", kept)
    authority = _authority(reading, assigner) if assigner else None
    word = reading.whole(code)
    known = kind or identifiers.hub_type(word, authority, sent, reading.profile.identifiers.types)
    found = (authority, known)
    # SS says a resident number only if the number looks like one.
    return found if word.casefold() == "ss" else reading.keep(key, found)


def _authority(reading: Reading, raw: str) -> str | None:
    """An assigning authority (HD): the universal id if there is one, else the local name."""
    parts = [reading.whole(p) for p in raw.split(reading.delimiters.subcomponent)]
    name = (parts[1] if len(parts) > 1 else "") or parts[0]
    return reading.profile.identifiers.authorities.get(name, name) or None


def _primary_first(reading: Reading, found: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
    """The number that is the site's own first: as the profile says, else the first local one."""
    wanted = reading.profile.identifiers.primary
    for word in wanted:
        for number in found:
            if word in (number.type, number.authority):
                return (number, *(n for n in found if n is not number))
    for number in found:
        if number.type not in identifiers.PERSONAL:
            return (number, *(n for n in found if n is not number))
    return found


def _names(reading: Reading, raw: str, path: str) -> tuple[Name, ...]:
    """Every name of PID-5 (XPN); the text exactly as sent, rare characters included."""
    found = []
    repeats = reading.repeats(raw) if raw else []
    for number, one in enumerate(repeats, start=1):
        parts = one.split(reading.delimiters.component)
        family = reading.whole(parts[0].split(reading.delimiters.subcomponent, 1)[0])
        given = reading.whole(parts[1]) if len(parts) > 1 else ""
        middle = reading.whole(parts[2]) if len(parts) > 2 else ""
        text = join_name(family, given, middle)
        if not text:
            continue
        where = path if len(repeats) == 1 else f"{path}[{number}]"
        _check_name(reading, text, where)
        both = bool(family and given)
        found.append(Name(text, where, family if both else None, given if both else None))
    return tuple(found)


def _check_name(reading: Reading, text: str, path: str) -> None:
    if has_lost_characters(text):
        reading.issue("characters-lost", path, text)
    elif mojibake(text) is not None:
        reading.issue("mojibake", path, text)
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if plain.startswith(_NOBODY) or any(word in plain for word in _NEWBORN):
        reading.issue("name-placeholder", path)


def _sex(reading: Reading, raw: str, path: str) -> Sex | None:
    text = reading.component(raw, 1) if raw else ""
    if not text:
        return None
    if text in reading.profile.sex:
        return reading.profile.sex[text]
    found = _SEX.get(unicodedata.normalize("NFKC", text).upper())
    if found is None:
        reading.issue("sex-unknown", path, text, expected="M F O U, 0 1 2 9, 男 女 未知")
    return found


def _compare(reading: Reading, number: Identifier, birth: Time | None, sex: Sex | None) -> None:
    """What the resident number encodes against what the PID states."""
    if not identifiers.is_resident_shape(number.value) or len(number.value) != 18:
        return
    encoded = identifiers.resident_birth(number.value)
    if birth is not None and encoded is not None:
        stated = birth.text[:10]
        if not encoded.isoformat().startswith(stated):
            reading.issue("identifier-contradicts", number.path, expected="the birth date of PID-7")
    if sex in ("male", "female") and identifiers.resident_sex(number.value) != sex:
        reading.issue("identifier-contradicts", number.path, expected="the sex of PID-8")


def _vals(
    reading: Reading, raw: str, path: str, read: Callable[[Reading, str], str]
) -> tuple[Val, ...]:
    if not raw:
        return ()
    texts = [read(reading, one) for one in reading.repeats(raw)]
    return tuple(Val(text, path) for text in texts if text)


def _phone(reading: Reading, raw: str) -> str:
    """XTN: the printed number, else area code and local number."""
    parts = reading.parts(raw)
    if parts[0]:
        return parts[0]
    return "-".join(p for p in parts[5:7] if p) or next((p for p in parts[11:12] if p), "")


def _address(reading: Reading, raw: str) -> str:
    """XAD in Chinese order: province, city, street; a single component as it is."""
    parts = reading.parts(raw.replace(reading.delimiters.subcomponent, " "))
    if sum(1 for p in parts if p) <= 1:
        return next((p for p in parts if p), "")
    parts.extend([""] * (5 - len(parts)))
    street, other, city, province, post = parts[:5]
    if any(not p.isascii() for p in parts[:4]):
        return "".join((province, city, street, other)) + (f" {post}" if post else "")
    return ", ".join(p for p in (street, other, city, province, post) if p)
