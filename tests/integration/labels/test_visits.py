"""Labels of the visits a hospital tells of (ADT): a protected person's are very restricted."""

from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.labels.support import INSTITUTION, label_of, laboratory, rows, sent_to
from tests.integration.labels.test_desk import WHY, person, reference

pytestmark = pytest.mark.anyio
WARD = "his-1"


def told(event: str, number: int, visit: str, who: str = "H-1") -> bytes:
    """An ADT about an invented person."""
    pv1 = ["PV1", "1", "I", "W1"] + [""] * 50
    pv1[19], pv1[44] = visit, "20260612080000"
    sent = f"2026061209{number:02}00"
    lines = [
        f"MSH|^~\\&|HIS|A|HUB|R|{sent}||ADT^{event}|A{number}|P|2.5|||||||UNICODE UTF-8",
        f"EVN|{event}|{sent}",
        f"PID|1||{who}^^^^PI||张^示例||19491231|F",
        "|".join(pv1),
        "",
    ]
    return "\r".join(lines).encode()


async def levels(hub: Any) -> dict[str, str]:
    """The confidentiality of each visit, by its number."""
    return {
        one.resource()["identifier"][0]["value"]: label_of(one)[0]
        for one in await rows(hub, "Encounter")
    }


async def test_a_visit_of_a_protected_person_is_very_restricted(place: Any) -> None:
    async with laboratory(place) as hub:
        await person(hub, "so1", "security-officer")
        site = {"site": WARD, "institution": INSTITUTION, "adapter": "hl7v2"}
        await run(hub, "site-add", {**site, "profile": "visits = true\n"})
        await sent_to(hub, WARD, told("A01", 1, "V-1"))
        assert await levels(hub) == {"V-1": "N"}
        patient = await reference(hub, "Patient")
        await run(hub, "label-raise", {"resource": patient, "topics": ["VIP"], **WHY})
        await sent_to(hub, WARD, told("A02", 2, "V-1"))
        await sent_to(hub, WARD, told("A01", 3, "V-2"))
        await sent_to(hub, WARD, told("A01", 4, "V-3", "H-2"))
        assert await levels(hub) == {"V-1": "V", "V-2": "V", "V-3": "N"}
