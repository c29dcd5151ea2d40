"""Section 3: whose record is it? Usable numbers, conflicts, and which person a request means."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

STRONG_TYPES = ("resident-id", "passport", "residence-permit", "hk-macao-permit", "taiwan-permit",
                "insurance")  # fmt: skip
_PROVINCES = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 "
    "71 81 82"
).split()
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
# As much traditional writing and pinyin as the invented names need.
_SIMPLIFIED = str.maketrans("張歐陽麗", "张欧阳丽")
_PINYIN = {"张": "zhang", "章": "zhang", "三": "san", "李": "li", "四": "si", "丽": "li",
           "欧": "ou", "阳": "yang"}  # fmt: skip
Key = tuple[str, str]


@dataclass(frozen=True)
class Human:
    """What a request or a Patient states; "" where nothing is. A birth date may be partial."""

    identifiers: tuple[Key, ...] = ()
    name: str = ""
    sex: str = ""
    birth_date: str = ""


@dataclass(frozen=True)
class Patient(Human):
    """A site's Patient and the person the register holds it for."""

    id: str = ""
    person: str = ""
    deceased: bool = False


@dataclass(frozen=True)
class Related:
    """How a Patient stands to the request."""

    relation: str
    conflicts: tuple[str, ...] = ()
    compared: bool = True


def normal(value: str) -> str:
    text = unicodedata.normalize("NFKC", value).upper()
    return "".join(one for one in text if not one.isspace())


def is_usable(kind: str, value: str, on: date) -> bool:
    """A strong type, no placeholder, and valid."""
    number = normal(value)
    if kind not in STRONG_TYPES or _is_placeholder(number):
        return False
    return _is_resident(number, on) if kind == "resident-id" else len(number) >= 5


def _is_placeholder(number: str) -> bool:
    if number in ("无", "不详", "未知", "NULL"):
        return True
    if number.startswith(("TEST", "123456789", "000000")):
        return True
    return len(number) > 1 and len(set(number[:-1])) == 1


def _is_resident(number: str, on: date) -> bool:
    if len(number) != 18 or not (number[:17].isascii() and number[:17].isdigit()):
        return False
    try:
        born = date.fromisoformat(encoded_birth(number))
    except ValueError:
        return False
    total = sum(int(one) * weight for one, weight in zip(number, _WEIGHTS, strict=False))
    in_time = date(1900, 1, 2) <= born <= on
    return number[:2] in _PROVINCES and in_time and number[17] == "10X98765432"[total % 11]


def encoded_birth(number: str) -> str:
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def encoded_sex(number: str) -> str:
    return "male" if int(number[16]) % 2 else "female"


def names_agree(one: str, other: str) -> bool:
    """Equal but for writing; or one is Latin and spells the other in either order."""
    one, other = (_folded(name) for name in (one, other))
    if one.isascii() == other.isascii():
        return one.translate(_SIMPLIFIED) == other.translate(_SIMPLIFIED)
    latin, hanzi = (one, other) if one.isascii() else (other, one)
    read = [_PINYIN.get(char, "?") for char in hanzi.translate(_SIMPLIFIED)]
    return any(latin == "".join(read[n:] + read[:n]) for n in range(min(3, len(read))))


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in plain if char not in "·.-" and not char.isspace())


def births_differ(one: str, other: str) -> bool:
    """Both are stated, and a part that both know disagrees."""
    known = min(len(one), len(other))
    return known > 0 and one[:known] != other[:known]


def two_people(one: Human, other: Human) -> bool:
    """Names and birth dates are stated and both conflict."""
    named = bool(one.name and other.name) and not names_agree(one.name, other.name)
    return named and births_differ(one.birth_date, other.birth_date)


def relate(asked: Human, patient: Patient, on: date, *, linked: bool) -> Related:
    """Strong, linked or none, and what conflicts where it is strong."""
    equal = usable(asked, on) & keys(patient)
    if not equal:
        return Related("linked" if linked else "none")
    if two_people(asked, patient):
        return Related("none")
    numbers = [value for kind, value in equal if kind == "resident-id"]
    births = [asked.birth_date, patient.birth_date, *map(encoded_birth, numbers)]
    births = [one for one in births if one]
    sexes = [asked.sex, patient.sex, *map(encoded_sex, numbers)]
    sexes = [one for one in sexes if one in ("male", "female")]
    named = bool(asked.name and patient.name)
    found = {
        "name": named and not names_agree(asked.name, patient.name),
        "sex": len(set(sexes)) > 1,
        "birth_date": any(births_differ(one, other) for one, other in combinations(births, 2)),
    }
    compared = named or len(births) > 1 or len(sexes) > 1
    return Related("strong", tuple(sorted(key for key in found if found[key])), compared)


def keys(human: Human) -> set[Key]:
    return {(kind, normal(value)) for kind, value in human.identifiers}


def usable(human: Human, on: date) -> set[Key]:
    return {(kind, value) for kind, value in keys(human) if is_usable(kind, value, on)}


def answer(asked: Human, patients: Sequence[Patient], on: date) -> tuple[str, dict[str, Related]]:
    """`matched`, `none` or `ambiguous`, and each Patient that is the person's."""
    persons = set()
    for key in usable(asked, on):
        holders = [one for one in patients if key in keys(one)]
        living = [one for one in holders if not one.deceased]
        if any(two_people(one, other) for one, other in combinations(living, 2)):
            return "ambiguous", {}
        everybody = {one.person for one in holders}
        possible = {one.person for one in holders if not two_people(asked, one)}
        persons |= possible or everybody
    if len(persons) > 1:
        return "ambiguous", {}
    theirs = [one for one in patients if one.person in persons]
    if all(two_people(asked, one) for one in theirs):
        return "none", {}
    related = {one.id: relate(asked, one, on, linked=True) for one in theirs}
    return "matched", {key: one for key, one in related.items() if one.relation != "none"}
