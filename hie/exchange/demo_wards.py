"""Who lies in the hospitals of the demo: admissions as their HIS sends them, and nobody leaves.

A doctor of the demo sees the patients of her own wards, wherever their results lie. The messages
go through the door like a hospital's; everybody is invented.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import Manifest
from hie.synthetic.institutions import BY_SITE, Sender
from hie.synthetic.people import Person

_BEDS = 12  # at most, in each hospital
_WARDS = ("XN", "NFM", "SN", "XH", "QK")  # cardiology, endocrinology, nephrology ...
_SEX = {"male": "M", "female": "F"}
_HERE = timedelta(hours=8)


async def admit(hub: Hub, region: Manifest) -> dict[str, list[str]]:
    """Admit people to the hospitals that treat them; their resident numbers by institution."""
    found: dict[str, list[str]] = {}
    now = datetime.now(UTC) + _HERE
    for site in sorted({one.site for one in region.sites} & BY_SITE.keys()):
        sender = BY_SITE[site]
        people = [one for one in region.people if site in one.sites][:_BEDS]
        if not people:
            continue
        his = f"{site.partition('-')[0]}-his"
        facts = {"site": his, "institution": sender.institution.code, "adapter": "hl7v2"}
        await run(hub, "site-add", {**facts, "profile": "visits = true\n"})
        await run(hub, "receive", {"site": his, "files": _files(people, sender, now)})
        found[sender.institution.code] = [one.resident_id for one in people]
    return found


def _files(people: Sequence[Person], sender: Sender, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "name": f"adt-{number}.hl7",
            "content": base64.b64encode(_admission(one, sender, number, now)).decode(),
        }
        for number, one in enumerate(people, 1)
    ]


def _admission(person: Person, sender: Sender, number: int, now: datetime) -> bytes:
    """ADT^A01: admitted some days ago."""
    sent = f"{now:%Y%m%d%H%M%S}"
    visit = [""] * 45
    visit[0:4] = ["PV1", "1", "I", _WARDS[number % len(_WARDS)]]
    visit[19] = f"{sender.prefix}Z{number:05}"
    visit[44] = f"{now - timedelta(days=number % 5, hours=3):%Y%m%d%H%M%S}"
    segments = [
        f"MSH|^~\\&|SYNHIS|{sender.facility}|HIE|REGION|{sent}||ADT^A01|{sender.prefix}A{number:05}"
        "|P|2.5|||||||UNICODE UTF-8",
        f"EVN|A01|{sent}",
        f"PID|1||{person.number(sender.prefix)}^^^^PI~{person.resident_id}^^^^NI||{person.name}"
        f"||{person.born:%Y%m%d}|{_SEX[person.sex]}",
        "|".join(visit),
        "",
    ]
    return "\r".join(segments).encode()
