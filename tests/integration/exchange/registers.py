"""A hub with a decision that rests on its registers, and imports that change them."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import example
from tests.integration.exchange.reopening import received, used
from tests.integration.test_road import TODAY, _packed, connected

NEW_CODE = "12110102400000101U"
Cells = dict[str, str]


@dataclass
class Region:
    """A hub with the example's result, an order-check and a decision to use its potassium."""

    hub: Hub
    check: str
    decision: str
    issuer: str
    receiver: str

    async def registers(self) -> dict[str, list[Cells]]:
        """The CSV registers as they are exported."""
        files = (await run(self.hub, "register-export", {}))["files"]
        return {
            one["name"]: list(csv.DictReader(io.StringIO(one["content"].removeprefix("\ufeff"))))
            for one in files
            if one["name"].endswith(".csv")
        }

    async def row(self) -> Cells:
        """The issuer's own row of institutions.csv."""
        rows = (await self.registers())["institutions.csv"]
        return next(row for row in rows if row["code"] == self.issuer)

    async def suspension(self, start: date) -> list[dict[str, str]]:
        """The files that suspend the issuer from a day on."""
        row = await self.row()
        ended = {**row, "to": str(start - timedelta(days=1))}
        return [file("institutions.csv", ended, {**row, "status": "suspended", "from": str(start)})]

    async def changed(self, name: str, change: Callable[[Cells], Cells]) -> list[dict[str, str]]:
        """The issuer's potassium rows of a register, changed."""
        rows = (await self.registers())[name]
        mine = [r for r in rows if (r["institution"], r["item"]) == (self.issuer, "K")]
        assert mine
        return [file(name, *(change(row) for row in mine))]

    async def turns(self, files: list[dict[str, str]], **more: Any) -> dict[str, Any]:
        return await run(self.hub, "register-turns", {"files": files, **more})

    async def imported(self, files: list[dict[str, str]]) -> int:
        done = await run(self.hub, "register-import", {"files": files})
        return int(done["version"])

    async def touched(self, number: int | None = None, **more: Any) -> list[dict[str, Any]]:
        answer = await run(self.hub, "register-touched", {"import": number, **more})
        found: list[dict[str, Any]] = answer["touched"]
        return found

    async def count(self, table: str) -> int:
        async with self.hub.db.reading() as reader:
            return int(await reader.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608


def file(name: str, *rows: Cells) -> dict[str, str]:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return _packed(text.getvalue().encode(), name)


@asynccontextmanager
async def a_region(place: Any, tmp_path: Path) -> AsyncIterator[Region]:
    async with connected(place, tmp_path) as (hub, _):
        case = example(today=TODAY)
        await received(hub, case.site, case.message)
        answer, mine = await used(hub, case)
        offered = answer["orders"][0]["candidates"][0]
        assert offered["outcome"] == "recognise"
        receiver = json.loads(case.order_check)["receiver"]["institution"]
        yield Region(
            hub, answer["check"], mine["decision"], offered["institution"]["code"], receiver
        )
