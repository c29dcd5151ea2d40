"""A patient with a long history: 27 items over three laboratories, each with its own ranges.

Creatinine changes its method, glucose comes in two units, and one result each is not final, has no
day, and is a limit. All of it is invented.
"""

import base64
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hie.exchange.hub import Hub
from hie.fhir import INSTITUTION
from hie.recognition.item import Item, ReferenceInterval
from hie.store import resources
from hie.store.resources import Put
from tests.builders import Test, a_report, an_observation

ITEMS = 27
PAPER = b"%PDF-1.4 invented"
WORDS = "肌酐偏高，建议复查。"


async def long_history(hub: Hub, home: str, codes: Sequence[str], times: int) -> list[str]:
    """Give this record so many reports of all items, 41 days apart; the ids, newest first.

    `codes` are the institutions that made them in turns.
    """
    made, reports = [], []
    for n in range(times):
        at = datetime.now(UTC) - timedelta(days=2 + 41 * n)
        key, code = f"lh-{home}-{n}", codes[(n // 2) % len(codes)]
        performer = {
            "reference": f"Organization/{code}",
            "identifier": {"system": INSTITUTION, "value": code},
            "display": f"示例医院 {code[:4]}",
        }
        results = [
            _result(item, home, n, at, performer, f"{key}-{item.key}") for item in _items(hub)
        ]
        report = a_report(
            key,
            home,
            results=tuple(one["id"] for one in results),
            performer=[performer],
            effective=_written(at),
            issued=_written(at + timedelta(hours=3)),
            filler=key,
            presentedForm=[
                _form("application/pdf", PAPER),
                _form("text/plain; charset=utf-8", WORDS.encode()),
                _form("text/html", b"<script>alert(1)</script>"),
            ],
        )
        made += [Put("Observation", home, one["id"], one, None, key, label=0) for one in results]
        made.append(Put("DiagnosticReport", home, key, report, None, label=0))
        reports.append(key)
    async with hub.db.unit() as unit:
        await resources.put(unit, made)
    return reports


async def unmapped(hub: Hub, home: str, count: int) -> None:
    """Give this record results of a code that no map knows."""
    test = Test(None, None, "MCV", "平均红细胞体积", "fL", "fL", "82", "100")
    made = [an_observation(f"un-{home}-{n}", home, test=test, value="92.6") for n in range(count)]
    async with hub.db.unit() as unit:
        await resources.put(
            unit, [Put("Observation", home, one["id"], one, None, label=0) for one in made]
        )


def _items(hub: Hub) -> list[Item]:
    """Numbers of the catalogue: creatinine and glucose, then what has a unit of its own."""
    numbers = [one for one in hub.catalogue.items.values() if one.value_type == "quantity"]
    ordered = sorted(numbers, key=lambda one: (one.key not in ("CRE", "GLU"), not one.unit))
    return ordered[:ITEMS]


def _result(
    item: Item, home: str, n: int, at: datetime, performer: dict[str, Any], key: str
) -> dict[str, Any]:
    known = next(iter(item.reference_intervals), ReferenceInterval(Decimal(2), Decimal(4), 0))
    low, high = float(known.low or 0), float(known.high or (known.low or 1) * 3)
    # Each laboratory prints an interval a little of its own.
    shift = 1 + ((n // 2) % 3) * 0.04
    value = (low + high) / 2 * (1 + 0.35 * math.sin(n * 0.9 + len(item.key)))
    factor = 1 / 18.0182 if item.key == "GLU" and n % 4 >= 2 else 1.0
    unit = "mg/dL" if factor != 1 else item.unit or "g/L"
    digits = item.decimals or 0
    least, most = (f"{end * shift / factor:.{digits}f}" for end in (low, high))
    loinc = item.loinc_confirmed[0] if item.loinc_confirmed else None
    test = Test(item.key, loinc, item.key, item.zh, unit, unit, least, most, digits)
    made = an_observation(
        key,
        home,
        test=test,
        value=f"{value / factor:.{digits}f}",
        effective=_written(at),
        issued=_written(at + timedelta(hours=3)),
        filler=key,
        performer=[performer],
    )
    if item.key == "CRE":
        made["method"] = {"text": "酶法" if n < 4 else "苦味酸法"}
        if n == 3:
            made["status"] = "preliminary"
        if n == 6:
            del made["effectiveDateTime"]
        if n == 5:
            made["valueQuantity"] |= {"value": Decimal(30), "comparator": "<"}
    return made


def _form(media: str, data: bytes) -> dict[str, str]:
    return {"contentType": media, "data": base64.b64encode(data).decode()}


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
