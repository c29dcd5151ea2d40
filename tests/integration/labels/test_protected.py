"""Who is protected (VIP) at one institution is protected at each that comes to know them later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic.institutions import TIANJIN
from hie.synthetic.people import resident_number
from tests.integration.labels.support import (
    label_of,
    laboratory,
    message,
    result,
    rows,
    sent,
    sent_to,
)
from tests.integration.labels.test_desk import WHY, person, reference

pytestmark = pytest.mark.anyio
K = "K^钾^99LAB^2823-3^Potassium^LN"
ELSEWHERE = "lab-2"
BORN = date(1949, 12, 31)
HERS, ANOTHERS = resident_number("110199", BORN, 2), resident_number("110199", BORN, 4)


def of(resident: str, **more: Any) -> bytes:
    """A report about whoever has this resident number."""
    return message(result(K), **more).replace(b"LAB^MR", f"LAB^MR~{resident}^^^^NI".encode())


@asynccontextmanager
async def protecting(place: Any) -> AsyncIterator[Hub]:
    """A hub with laboratories of two institutions; a patient of the first is protected."""
    async with laboratory(place) as hub:
        site = {"site": ELSEWHERE, "institution": TIANJIN.code, "adapter": "hl7v2", "profile": ""}
        await run(hub, "site-add", site)
        await person(hub, "so1", "security-officer")
        await sent(hub, of(HERS))
        patient = await reference(hub, "Patient")
        await run(hub, "label-raise", {"resource": patient, "topics": ["VIP"], **WHY})
        yield hub


async def levels(hub: Hub) -> dict[str, set[str]]:
    """The confidentialities of everything of each patient, by the number of their record."""
    named = {one.id: one.resource()["identifier"][0]["value"] for one in await rows(hub, "Patient")}
    found: dict[str, set[str]] = {}
    for kind in ("Patient", "Observation", "DiagnosticReport", "Specimen", "ServiceRequest"):
        for one in await rows(hub, kind):
            found.setdefault(named[one.home], set()).add(label_of(one)[0])
    return found


async def test_a_record_that_comes_later_elsewhere_is_protected_from_its_first_report(
    place: Any,
) -> None:
    async with protecting(place) as hub:
        await sent_to(hub, ELSEWHERE, of(HERS, person="T1", report="T-1", number="T1"))
        await sent_to(hub, ELSEWHERE, of(ANOTHERS, person="T2", report="T-2", number="T2"))
        assert await levels(hub) == {"P1": {"V"}, "T1": {"V"}, "T2": {"N"}}
        await sent_to(hub, ELSEWHERE, of(HERS, person="T1", report="T-3", number="T3"))
        assert await levels(hub) == {"P1": {"V"}, "T1": {"V"}, "T2": {"N"}}


async def test_a_record_that_was_there_is_protected_when_its_number_comes(place: Any) -> None:
    async with protecting(place) as hub:
        plain = message(result(K), person="T1", report="T-1", number="T1")
        await sent_to(hub, ELSEWHERE, plain)
        assert (await levels(hub))["T1"] == {"N"}
        await sent_to(hub, ELSEWHERE, of(HERS, person="T1", report="T-2", number="T2"))
        assert (await levels(hub))["T1"] == {"V"}


async def test_a_record_that_a_person_joins_is_protected(place: Any) -> None:
    async with protecting(place) as hub:
        for name in ("T1", "T2"):
            plain = message(result(K), person=name, report=f"T-{name}", number=name)
            await sent_to(hub, ELSEWHERE, plain)
        named = {
            one.resource()["identifier"][0]["value"]: one.id for one in await rows(hub, "Patient")
        }
        asked = {"patients": [named["T1"], named["P1"]], "reason": "the same person"}
        await run(hub, "identity-join", asked)
        assert await levels(hub) == {"P1": {"V"}, "T1": {"V"}, "T2": {"N"}}
