"""What an ADT changes of a visit (A08) neither begins nor reopens it; nor does a class of nobody."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hie.access.windows import DISCHARGED_US, EVER_US, OUTPATIENT_US
from tests.integration.access.support import Region
from tests.integration.access.test_admissions import DAY, admitting, adt, send
from tests.integration.access.test_relations import until

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


async def told(found: Region, *messages: bytes) -> int | None:
    """Until when A treats the patient once these are told, one after another."""
    for one in messages:
        (kept,) = await send(found, one)
        assert kept["state"] == "stored", kept
    return await until(found, found.patients["P2b"], "a", "visit")


def is_near(found: int | None, moment: datetime, window_us: int) -> bool:
    at_us = int(moment.timestamp()) * 1_000_000
    return found is not None and abs(found - at_us - window_us) <= 2_000_000


@pytest.mark.parametrize("ended", [True, False])
async def test_a_change_after_the_discharge_reopens_nothing(
    place: Any, tmp_path: Path, ended: bool
) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        begun, left = now - 3 * DAY, now - 2 * DAY
        assert await told(found, adt("A01", 1, begun, begun)) == EVER_US
        end = await told(found, adt("A03", 2, left, begun, left if ended else None))
        assert is_near(end, left, DISCHARGED_US)
        assert await told(found, adt("A08", 3, now - DAY, begun)) == end
        assert await told(found, adt("A08", 4, now, code="")) == end
        reopened = await told(found, adt("A13", 5, now + timedelta(seconds=2), begun))
        assert reopened == EVER_US


async def test_a_change_of_what_is_planned_or_was_cancelled_opens_nothing(
    place: Any, tmp_path: Path
) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        begun = now - HOUR
        planned = [adt("A05", 1, begun, begun, code="P"), adt("A08", 2, now, begun, code="P")]
        assert await told(found, *planned) is None
        assert await told(found, adt("A08", 3, now, now, visit="V-2", code="P")) is None
        appointed = [
            adt("A05", 4, begun, begun, visit="V-3", code="O"),
            adt("A08", 5, now, begun, visit="V-3", code="O"),
        ]
        assert await told(found, *appointed) is None
        cancelled = [
            adt("A11", 6, begun, begun, visit="V-4"),
            adt("A08", 7, now, begun, visit="V-4"),
        ]
        assert await told(found, *cancelled) is None
        assert await told(found, adt("A01", 8, now, now)) == EVER_US


async def test_a_change_of_a_stay_leaves_it_open_and_may_end_it(place: Any, tmp_path: Path) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        begun = now - 2 * DAY
        assert await told(found, adt("A08", 1, begun, begun)) == EVER_US
        assert await told(found, adt("A08", 2, now - DAY, code="")) == EVER_US
        end = await told(found, adt("A08", 3, now, begun, now))
        assert is_near(end, now, DISCHARGED_US)


@pytest.mark.parametrize("code", ["C", "N", "P", ""])
async def test_a_class_by_which_nobody_is_here_opens_nothing(
    place: Any, tmp_path: Path, code: str
) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        assert await told(found, adt("A04", 1, now, now, code=code)) is None
        assert is_near(
            await told(found, adt("A04", 2, now, now, visit="V-2", code="R")), now, OUTPATIENT_US
        )


async def test_obstetrics_is_a_stay(place: Any, tmp_path: Path) -> None:
    async with admitting(place, tmp_path) as found:
        now = datetime.now(UTC)
        assert await told(found, adt("A01", 1, now, now, code="B")) == EVER_US
