"""The example of the README: one message, and the order-check that finds it."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hie.recognition.catalogue import load_catalogue
from hie.synthetic.institutions import BY_SITE, SHIJIAZHUANG, Institution
from hie.synthetic.messages import written
from hie.synthetic.panels import CHEMISTRY
from hie.synthetic.people import Person, make_person
from hie.synthetic.report import make_report


@dataclass(frozen=True, slots=True)
class Example:
    """A message of an invented patient, and what another hospital asks before it orders."""

    site: str
    institution: str
    message: bytes
    order_check: bytes  # JSON of POST /v1/order-check


def example(*, seed: int = 1, today: date, on: datetime | None = None) -> Example:
    """A chemistry report of Beijing two days old, asked for in Shijiazhuang.

    `on` is the instant asked about, with its zone; without it the question leaves it out: now.
    """
    person = make_person(seed, today, 1)
    sender = BY_SITE["bj-lis"]
    report = make_report(
        seed, person, sender, CHEMISTRY, today - timedelta(days=2), load_catalogue()
    )
    orders: list[dict[str, Any]] = [
        {"ref": "1", "item": "K"},
        {"ref": "2", "code": {"system": "http://loinc.org", "code": "14682-9"}},
        {"ref": "3", "item": "HBA1C"},
    ]
    return Example(
        sender.site,
        sender.institution.code,
        written(report, "BJEXAMPLE0001"),
        question(person, SHIJIAZHUANG, orders, on),
    )


def question(
    person: Person,
    receiver: Institution,
    orders: list[dict[str, Any]],
    on: datetime | None = None,
) -> bytes:
    """An order-check (JSON) of one receiver about one person."""
    asked: dict[str, Any] = {
        "patient": {
            "identifiers": [{"type": "resident-id", "value": person.resident_id}],
            "name": person.name,
            "sex": person.sex,
            "birth_date": person.born.isoformat(),
        },
        "receiver": {
            "institution": receiver.code,
            "department": "cardiology",
            "practitioner": "D0117",
        },
        "encounter": {"class": "outpatient", "purpose": "treatment", "before": None, "events": []},
        "orders": orders,
    }
    if on is not None:
        asked["on"] = on.isoformat()
    return json.dumps(asked, ensure_ascii=False, indent=2).encode() + b"\n"
