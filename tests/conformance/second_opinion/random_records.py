"""Records made at random: mostly good, of which none to four things are otherwise."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from tests.conformance.second_opinion import wording
from tests.conformance.second_opinion.items import IMAGING, ITEMS, is_coded
from tests.conformance.second_opinion.times import SHANGHAI

Case = dict[str, Any]
_CLOCKS = ((0, 0, 0), (0, 0, 1), (8, 0, 0), (8, 10, 0), (10, 0, 0), (16, 0, 0), (23, 59, 59))
_OFFSETS = (8, 8, 8, 0, -5, 14)


def some(random: Random, changes: Sequence[Any]) -> list[Any]:
    """None to four of the changes, few more often than many."""
    return random.sample(changes, random.choice((0, 0, 1, 1, 2, 2, 3, 4)))


def a_time(random: Random, day: date) -> str:
    """An instant of a day in Shanghai, written with some offset, or the day alone."""
    if random.random() < 0.12:
        return day.isoformat()
    clock = random.choice(_CLOCKS)
    at = datetime(day.year, day.month, day.day, *clock, tzinfo=SHANGHAI)
    text = at.astimezone(timezone(timedelta(hours=random.choice(_OFFSETS)))).isoformat()
    return text.replace("+00:00", "Z")


def a_day(random: Random, item: str, on: date) -> date:
    """A day before `on`, mostly near a limit."""
    days = int(ITEMS[item]["days"])
    near = [0, 1, 2, 3, 3, 4, days // 2, days // 2 + 1, days - 1, days, days + 1]
    far = [14, 15, 16, 29, 30, 31, 59, 60, 61, 89, 90, 91, 364, 365, 366, -1]
    return on - timedelta(days=random.choice(near if random.random() < 0.85 else far))


def a_record(random: Random, item: str, on: date, key: str) -> Case:
    """One record of the item, of which none to four things are otherwise."""
    collected = a_time(random, a_day(random, item, on))
    said: Case = {"item": item, "key": key, "collected": collected}
    if item not in IMAGING:
        said |= {"identifier": f"F1/{item}/{key}", **a_value(random, item)}
    changes = _IMAGE_CHANGES if item in IMAGING else _RESULT_CHANGES
    for change in some(random, _ANY_CHANGES + changes):
        change(random, said, item, on)
    if said.get("study") is False:
        said.pop("reported", None)
    return said


def a_value(random: Random, item: str) -> Case:
    """A value at some edge of the item, or in its middle, in one of its units."""
    if is_coded(item):
        return wording.a_class(random)
    facts = ITEMS[item]
    edges = [*facts["plausible"], *facts["critical"]]
    edges += [end for one in facts["intervals"] for end in one[3:]]
    edges = [Decimal(one) for one in edges if one is not None]
    usual = [Decimal(one) for one in facts["intervals"][0][3:]] if facts["intervals"] else edges[:2]
    value = (usual[0] + usual[1]) / 2 if random.random() < 0.55 else random.choice(edges)
    value += random.choice((0, 0, 0, 1, -1)) * Decimal("0.01")
    unit = facts["unit"]
    if random.random() < 0.25:
        unit, (factor, offset) = random.choice(
            list({unit: ("1", "0"), **facts["alternatives"]}.items())
        )
        value = ((value - Decimal(offset)) / Decimal(factor)).quantize(Decimal("0.0001"))
    said: Case = {"value": f"{abs(value):f}", "unit": unit}
    if random.random() < 0.12:
        said["comparator"] = random.choice(("<", "<=", ">", ">="))
    if random.random() < 0.15:
        said["unit"] = wording.a_unit(random, unit)
    return said


def _identity(random: Random, said: Case, item: str, on: date) -> None:
    relation = random.choice(("strong", "strong", "strong", "linked", "none"))
    conflicts = random.sample(("name", "sex", "birth_date"), random.choice((0, 0, 1, 2)))
    said["identity"] = {
        "relation": relation, "conflicts": conflicts, "compared": random.random() < 0.7,
        "shares_unusable": random.random() < 0.2,
        "birth_date": random.choice((None, "2012-02-29", "1960-01-01")),
        "sex": random.choice((None, "male", "female")),
    }  # fmt: skip


def _times(random: Random, said: Case, item: str, on: date) -> None:
    day = a_day(random, item, on)
    said["issued"] = random.choice((None, a_time(random, day), a_time(random, on)))
    if random.random() < 0.5:
        said["collected"] = random.choice((None, day.isoformat()[:7], day.isoformat()[:4]))


def _near(random: Random, said: Case, item: str, on: date) -> None:
    """Release and receipt about the collection."""
    stated = said["collected"] or ""
    day = date.fromisoformat(stated[:10]) if len(stated) >= 10 else on
    said["issued"] = a_time(random, day + timedelta(days=random.choice((0, 1, 2, -1))))


def _person(random: Random, said: Case, item: str, on: date) -> None:
    said["birth_date"] = a_birth(random, on)
    said["sex"] = random.choice(("male", "female", "female", "unknown", "other", None))


def a_birth(random: Random, on: date) -> str | None:
    """A birth date about an age that matters, sometimes partial or not known."""
    years = random.choice((0, 1, 11, 17, 18, 18, 59, 60, 79, 80, 40))
    near = on.replace(year=on.year - years, day=min(on.day, 28))
    born = near + timedelta(days=random.choice((-4, -3, -1, 0, 1)))
    leap = random.choice(("2008-02-29", "2010-02-29"[:7], "2026-06", "2026", None))
    return born.isoformat() if random.random() < 0.75 else leap


def _set(name: str, *values: Any) -> Callable[[Random, Case, str, date], None]:
    def change(random: Random, said: Case, item: str, on: date) -> None:
        said[name] = random.choice(values)

    return change


def _specimen(random: Random, said: Case, item: str, on: date) -> None:
    said["specimen"] = random.choice((None, wording.a_specimen(random), wording.a_specimen(random)))
    if said["specimen"] and random.random() < 0.2:
        said["specimen"]["received"] = a_time(random, a_day(random, item, on))
        said["specimen"]["collected"] = a_time(random, a_day(random, item, on))


def _interval(random: Random, said: Case, item: str, on: date) -> None:
    if random.random() < 0.5:
        said["ranges"] = wording.printed(random)
    else:
        said["low"], said["high"] = random.choice(((None, None), (None, "5.0"), ("3.5", "5.1")))


def _words(random: Random, said: Case, item: str, on: date) -> None:
    said.update(wording.texts(random, item))


def _images(random: Random, said: Case, item: str, on: date) -> None:
    said.update(wording.a_study(random, item))


def _code(random: Random, said: Case, item: str, on: date) -> None:
    codes = (*ITEMS[item]["confirmed"], *ITEMS[item]["unconfirmed"])
    said["code"] = random.choice(codes)
    if random.random() < 0.3:
        said["item"] = None
        said["code"] = random.choice((*codes, "2947-0", None))


_ANY_CHANGES: tuple[Any, ...] = (
    _identity, _times, _near, _person,
    _set("report_status", "final", "amended", "appended", "partial", "preliminary", "unknown",
         None, "entered-in-error"),
    _set("mapping", "confirmed", "unconfirmed", None),
    _set("reviewed", False), _set("current", False), _set("withheld", True, None),
    _set("performer_code", None, "121301024000001027", "12440106MB2C1234XX"),
    _set("performer", None), _set("report_id", "F0", "F2"),
)  # fmt: skip
_RESULT_CHANGES: tuple[Any, ...] = (
    _set("status", "final", "amended", "corrected", "preliminary", "partial", "unknown", None,
         "entered-in-error", "cancelled"),
    _set("control", "in", "out", None), _set("setting", "point-of-care", "laboratory", None),
    _set("category", None), _set("value", None, "0", "0.0"), _set("unit", None, "g/L", "S/CO"),
    _specimen, _specimen, _interval, _interval, _words, _words, _code,
    lambda r, said, item, on: said.update(received=a_time(r, a_day(r, item, on))),
)  # fmt: skip
_IMAGE_CHANGES: tuple[Any, ...] = (
    _images, _images, _images, _set("study", False), _set("reported", False),
    _set("study_status", "registered", "cancelled", "unknown"),
    _set("identity_of_images", "same", "different", "unknown", None), _set("slow", True),
    _set("study_class", None), _set("original", False, None),
)  # fmt: skip
