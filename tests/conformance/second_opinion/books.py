"""Section 1 and 4: what the registers hold of the record's institution, as a case states it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.conformance.second_opinion.marks import Mark, read_mark, shown
from tests.conformance.second_opinion.record import SOURCE, Record
from tests.conformance.second_opinion.times import Time, covers

RECEIVER = "121301024000001027"
_SINCE = "2022-03-01"
_FINAL = {"from": "2025-01-01", "to": "2026-12-31"}
_USUAL_CV = {f"{year}-{month:02d}": "0.1" for year in (2025, 2026) for month in range(1, 13)}


def in_force(rows: list[dict[str, Any]], day: date | None) -> list[dict[str, Any]]:
    """Rows whose period holds the day; none on no day."""
    if day is None:
        return []
    return [one for one in rows if covers(_start(one), _end(one), day)]


def _start(row: dict[str, Any]) -> date:
    return date.fromisoformat(row.get("from", _SINCE))


def _end(row: dict[str, Any]) -> date | None:
    return date.fromisoformat(row["to"]) if row.get("to") else None


@dataclass(frozen=True)
class Books:
    """The registers of a case for the item ordered; what it leaves out is as good as it can be."""

    case: dict[str, Any]
    item: str
    on: Time

    @cached_property
    def institutions(self) -> list[dict[str, Any]]:
        """Rows of the register: the source in Beijing and the receiver in Shijiazhuang."""
        rows = [
            {"code": SOURCE, "region": "110102", **one} for one in self.case.get("institutions", ())
        ]
        if "institutions" not in self.case:
            rows += self._side("source", SOURCE, "110102")
        if not any(one["code"] == RECEIVER for one in rows):
            rows += self._side("receiver", RECEIVER, "130102")
        return [{"level": "3A", "consortium": "", "status": "active", **one} for one in rows]

    def _side(self, side: str, code: str, region: str) -> list[dict[str, Any]]:
        stated = self.case.get(side, {})
        rows = stated if isinstance(stated, list) else [stated]
        return [{"code": code, "region": region, **one} for one in rows]

    def row(self, code: str | None, day: date | None) -> dict[str, Any] | None:
        """The row of an institution on a day."""
        rows = [one for one in self.institutions if one["code"] == code]
        return next(iter(in_force(rows, day)), None)

    @cached_property
    def receiver(self) -> dict[str, Any]:
        found = self.row(RECEIVER, self.on.day)
        assert found is not None
        return found

    def rounds(self, record: Record) -> list[dict[str, Any]]:
        """The EQA rounds of the record's institution and item."""
        stated = self.case.get("qualifications")
        stated = [_FINAL] if stated is None else stated
        rows = [{"scheme": "NCCL", "acceptable": True, **one} for one in stated]
        rows = [{**one, "round": one.get("round", one["from"])} for one in rows]
        mine = record.institution == SOURCE and record.item == self.item
        return rows if mine else []

    def qualified(self, record: Record) -> bool | None:
        rows = self.rounds(record)
        if not rows:
            return None
        return any(one["acceptable"] for one in in_force(rows, record.day))

    def cv(self, record: Record) -> Decimal | None:
        """The CV of the collection month, else the latest of the three months before it."""
        if record.institution != SOURCE or record.item != self.item or record.day is None:
            return None
        stated = self.case.get("precision", _USUAL_CV) or {}
        month = record.day.year * 12 + record.day.month - 1
        for back in range(4):
            year, number = divmod(month - back, 12)
            found = stated.get(f"{year}-{number + 1:02d}")
            if found is not None:
                return Decimal(str(found))
        return None

    def marks(self, record: Record) -> list[Mark]:
        """Marks in force on the collection day, without signs that do not count."""
        stated = self.case.get("marks")
        stated = ["京津冀HR"] if stated is None else stated
        rows = [{"text": one} if isinstance(one, str) else one for one in stated]
        if record.institution != SOURCE or record.item != self.item:
            return []
        issuer = self.row(record.institution, record.day)
        region = issuer["region"] if issuer else None
        consortia = {
            one["consortium"]
            for one in in_force(self.institutions, self.on.day)
            if one["consortium"]
        }
        item = record.item or ""
        found = [
            read_mark(one["text"], item, region, consortia) for one in in_force(rows, record.day)
        ]
        return [one for one in found if one is not None]

    def mark_shown(self, record: Record) -> str | None:
        return shown(self.marks(record), self.receiver["region"], self.receiver["consortium"])
