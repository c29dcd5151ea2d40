"""A laboratory record of a case as its laboratory would send it: HL7 v2.5.1, ORU^R01.

Only what a message can say is written: `Sent` are questions whose records can be sent. Everybody
in them is invented.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

from tests.conformance.second_opinion import wording
from tests.conformance.second_opinion.items import IMAGING, ITEMS, is_coded
from tests.conformance.second_opinion.questions import an_encounter, an_order
from tests.conformance.second_opinion.random_records import a_day, a_time, a_value
from tests.conformance.second_opinion.reading import read_record
from tests.conformance.second_opinion.times import SHANGHAI

Case = dict[str, Any]
LABORATORY = tuple(item for item in ITEMS if item not in IMAGING)
_ON = ("2026-06-15T10:00:00+08:00", "2026-06-15T23:59:59+08:00", "2026-06-15T16:00:00Z")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_STATUS = {"final": "F", "preliminary": "P", "corrected": "C"}
_CONTROL = {"in": "在控", "out": "失控", None: ""}


@dataclass(frozen=True)
class Sent:
    """A question, the resident number of its patient, and the messages that bring its records."""

    case: Case
    resident: str
    messages: tuple[bytes, ...]


def a_sent_question(random: Random, number: int) -> Sent:
    """The numbered question: its own invented patient, one to three results of one item."""
    item, on = random.choice(LABORATORY), random.choice(_ON)
    day = datetime.fromisoformat(on).astimezone(SHANGHAI).date()
    order = {key: value for key, value in an_order(random, item).items() if value is not None}
    case: Case = {"on": on, "order": order}
    birth = random.choice(("1980-05-01", "1980-05-01", "2012-02-29", "2008-06-12", "1950-01-01"))
    person = {"birth_date": birth, "sex": random.choice(("male", "female"))}
    case["candidates"] = [
        {"item": item, "key": f"r{n}", "report_id": f"F{number}-{n}", **person,
         "identity": person, **_a_result(random, item, day)}
        for n in range(random.choice((1, 1, 2, 3)))
    ]  # fmt: skip
    if random.random() < 0.3:
        case["encounter"] = an_encounter(random, item, day)
    resident = _resident(number, birth, person["sex"])
    messages = tuple(_message(one, number, resident) for one in case["candidates"])
    return Sent(case, resident, messages)


def _a_result(random: Random, item: str, day: Any) -> Case:
    said: Case = {"collected": a_time(random, a_day(random, item, day)), **a_value(random, item)}
    changes: list[Case] = [
        {"specimen": wording.a_specimen(random)}, wording.texts(random, item),
        {"code": random.choice(ITEMS[item]["confirmed"])}, {"reviewed": False},
        {"issued": random.choice((None, a_time(random, day), day.isoformat()))},
        {"received": a_time(random, a_day(random, item, day))},
        {"status": random.choice(tuple(_STATUS))}, {"report_status": random.choice(tuple(_STATUS))},
        {"control": random.choice(tuple(_CONTROL))}, {"collected": None}, {"low": None},
    ]  # fmt: skip
    for change in random.sample(changes, random.choice((0, 0, 1, 1, 2, 3))):
        said |= change
    said.setdefault("issued", said["collected"])
    printed = read_record({"item": item, **said}, item).ranges
    for end in ("low", "high"):
        found = printed[0].get(end) if printed and not is_coded(item) else None
        said[end] = None if found is None else f"{Decimal(str(found)):.3f}"
    return said


def _resident(number: int, birth: str, sex: str) -> str:
    """A valid resident number that nobody else of these questions has (GB 11643)."""
    digits = f"1101{10 + number // 499 % 80:02d}" + birth.replace("-", "")
    digits += f"{number % 499 * 2 + (sex == 'male'):03d}"
    total = sum(int(one) * weight for one, weight in zip(digits, _WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def _message(said: Case, number: int, resident: str) -> bytes:
    sex = {"male": "M", "female": "F"}[said["sex"]]
    specimen = said.get("specimen") or {"kind": "静脉血", "conditions": ["无溶血"], "notes": ()}
    conditions = [f"^{_plain(one)}" for one in specimen["conditions"] or ()]
    lines = [
        _line("MSH", {1: "^~\\&", 2: "LIS", 3: "SRC", 6: "20261101000000+0800",
                      8: "ORU^R01^ORU_R01", 9: f"M{said['report_id']}", 10: "P", 11: "2.5.1",
                      17: "UNICODE UTF-8"}),
        _line("PID", {1: "1", 3: f"L{number}^^^lis^PI~{resident}^^^&2.16.156.10011.1.3&ISO^NNCHN",
                      5: "测^试", 7: said["birth_date"].replace("-", ""), 8: sex}),
        _line("ORC", {1: "RE", 3: said["report_id"]}),
        _line("OBR", {1: "1", 3: said["report_id"], 4: "SH01^生化^99L",
                      7: _stamp(said["collected"]), 13: _plain(said.get("clinical")),
                      14: _stamp(said.get("received")), 22: _stamp(said["issued"]), 24: "LAB",
                      25: _STATUS[said.get("report_status", "final")],
                      32: "R01&陈审核" if said.get("reviewed", True) else ""}),
        *_notes(said.get("report_notes", ())),
        _line("OBX", {1: "1", 3: _code(said), **_value(said), 7: _interval(said),
                      8: said.get("flag"), 11: _STATUS[said.get("status", "final")],
                      14: _stamp(said["collected"]), 17: _plain(said.get("method")),
                      20: _CONTROL[said.get("control", "in")]}),
        *_notes(said.get("notes", ())),
        _line("SPM", {1: "1", 4: f"^{_plain(specimen['kind'])}" if specimen["kind"] else "",
                      24: "~".join(conditions)}),
        *_notes(specimen["notes"]),
    ]  # fmt: skip
    return ("\r".join(lines) + "\r").encode()


def _line(name: str, fields: dict[int, str | None]) -> str:
    return "|".join((name, *(fields.get(n) or "" for n in range(1, max(fields) + 1))))


def _notes(texts: Any) -> list[str]:
    return [_line("NTE", {1: "1", 3: _plain(one)}) for one in texts]


def _plain(text: str | None) -> str:
    """A text without the delimiters of a message."""
    for sign, name in (("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")):
        text = (text or "").replace(sign, f"\\{name}\\")
    return text or ""


def _stamp(text: str | None) -> str:
    if not text or len(text) == 10:
        return (text or "").replace("-", "")
    return datetime.fromisoformat(text).strftime("%Y%m%d%H%M%S%z")


def _code(said: Case) -> str:
    loinc = said.get("code") or ITEMS[said["item"]]["confirmed"][0]
    return f"{said['item']}^{_plain(said.get('name') or said['item'])}^99L^{loinc}^x^LN"


def _value(said: Case) -> dict[int, str | None]:
    if said.get("words") is not None:
        return {2: "ST", 5: _plain(said["words"])}
    sign = said.get("comparator")
    number = f"{sign}^{said['value']}" if sign else said["value"]
    return {2: "SN" if sign else "NM", 5: number, 6: _plain(said.get("unit"))}


def _interval(said: Case) -> str:
    low, high = said["low"], said["high"]
    if low is not None and high is not None:
        return f"{low}-{high}"
    return f"<={high}" if high is not None else f">={low}" if low is not None else ""
