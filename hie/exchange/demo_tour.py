"""Where the demo's tour leads: tests to order, an examination to open, a message that waits.

Two invented patients lie in the hospital that orders, and their results are of another one; a
county hospital's message is held, because nobody has said yet what one of its codes means.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.store import identifiers, relations, studies
from hie.synthetic import Manifest
from hie.synthetic.example import question
from hie.synthetic.institutions import BEIJING, GAOYI, SHIJIAZHUANG
from hie.synthetic.panels import ODD_NUMBER

ORDERS, SOURCE = SHIJIAZHUANG, BEIJING  # where the doctor works, and whose results there are
WAITS = GAOYI  # whose message is held
ORDERED: Final = ("K", "CRE", "GLU", "ALT", "HBA1C")
REPEATED, REASON = "CRE", "N2_RAPIDLY_CHANGING"  # the second of the reasons a line puts forward
CODE, MEANS = ODD_NUMBER, "GGT"  # what the message waits for, and what it is
FRESH, IMAGED = 1, 34  # of the cast: everything in order; a chest CT, whole and reported
SCREEN: Final = 10  # whose visit is open in the order screen of docs/his-order-screen.md
PEOPLE: Final = frozenset({FRESH, IMAGED, SCREEN})  # of whom nobody else orders


@dataclass(frozen=True, slots=True)
class Tour:
    """Paths of the hub's pages, who opens them, and the sign-ins it needs beside the others."""

    orders: str
    images: str  # "" where the region has no images
    messages: str
    doctor: str
    technician: str
    sign_ins: list[dict[str, str]]

    def kept(self, region: Manifest) -> dict[str, str]:
        """What the next start needs to tell the tour again; `day` is when the results were new."""
        return {
            "day": region.today.isoformat(),
            "orders": self.orders,
            "images": self.images,
            "messages": self.messages,
            "doctor": self.doctor,
            "technician": self.technician,
            "receiver": ORDERS.name,
            "source": SOURCE.name,
        }


async def tour(hub: Hub, region: Manifest, people: list[Mapping[str, Any]]) -> Tour | None:
    """Make ready what the tour shows; None in a region without its people.

    `people` are the sign-ins so far; admissions (`demo_wards`) come before it.
    """
    doctor = next((one for one in people if one["institution"] == ORDERS.code), None)
    patient, imaged = await _own(hub, region, FRESH), await _own(hub, region, IMAGED)
    if doctor is None or patient is None:
        return None
    technician = {
        "login": "it-gy",
        "name": "高工程师（合成）",
        "role": "integrator",
        "institution": WAITS.code,
        "department": "",
        "password": secrets.token_urlsafe(12),
    }
    await run(hub, "user-add", technician)
    told = {key: technician[key] for key in ("login", "password", "institution")}
    _keep_visit(hub, region)
    items = "&".join(f"item={item}" for item in ORDERED)
    study = await _study(hub, region)
    return Tour(
        orders=f"/patients/{patient}/orders?{items}",
        images=f"/patients/{imaged}/images/{study}" if imaged and study else "",
        messages="/messages",
        doctor=doctor["login"],
        technician=technician["login"],
        sign_ins=[{**told, "name": WAITS.name}],
    )


def _keep_visit(hub: Hub, region: Manifest) -> None:
    """What a HIS knows of the visit whose order screen is open, beside the keys of the demo."""
    person = next((one for one in region.people if one.index == SCREEN), None)
    if person is not None:
        path = hub.settings.data_dir / "demo" / "visit.json"
        path.write_bytes(question(person, ORDERS, []))


async def _own(hub: Hub, region: Manifest, index: int) -> str | None:
    """The record the ordering hospital has of somebody of the cast."""
    number = next((one.resident_id for one in region.people if one.index == index), None)
    if number is None:
        return None
    async with hub.db.reading() as reader:
        homes = await identifiers.homes_by_identifier(reader, "resident-id", number)
        return next(iter(await relations.own_of(reader, ORDERS.code, homes)), None)


async def _study(hub: Hub, region: Manifest) -> str | None:
    """The last CT of somebody of the cast."""
    done = [one for one in region.examinations if one.person == IMAGED and one.klass == "CT"]
    if not done:
        return None
    last = max(done, key=lambda one: one.day)
    async with hub.db.reading() as reader:
        return next(iter(await studies.ids_of(reader, last.study, last.archive)), None)
