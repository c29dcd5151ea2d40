"""Deciding on an examination while looking at its images: through an order-check, like any other.

Who came from a check decides on its line; who looked a patient up first asks about the same
examination, and decides there. The verdict beside the images is then the check's own.
"""

from dataclasses import dataclass
from typing import Any

from hie.access.actor import Actor
from hie.access.policy import restriction
from hie.access.scopes import Interaction
from hie.exchange.hub import Hub
from hie.exchange.order_desk import place
from hie.exchange.prior_studies import ask_about, find_examinations
from hie.exchange.remind import note_views
from hie.exchange.still_seen import still_seen
from hie.recognition.reminders import OFFERED
from hie.store import checks, decisions, users, work_items
from hie.store.decisions import Decision
from hie.store.families import families_of
from hie.store.instants import written

REF = "1"  # the line of a check that asks about one examination alone


@dataclass(frozen=True, slots=True)
class Line:
    """What a check said of an examination, and what stands decided for that order.

    `replaces` is the decision a new one would replace: the check was asked because of it.
    """

    check: str
    ref: str
    said: dict[str, Any]
    standing: dict[str, Any] | None
    replaces: str | None

    @property
    def may_use(self) -> bool:
        """Whether the examination is offered to stand in for the order."""
        return self.said["outcome"] in OFFERED


async def line_of(hub: Hub, actor: Actor, key: str, ref: str, study: str) -> Line | None:
    """What a check of the own institution said of a study; who looks at the line is noted.

    None when the check has no such line, or says nothing of this study there. Raises
    ResourceNotFound for a check of somebody else.
    """
    async with hub.db.reading() as reader:
        check = await checks.get(reader, key, actor.institution)
        check = await still_seen(reader, check, restriction(actor, Interaction.READ))
        said = next(
            (
                candidate
                for order in check.body["answer"]["orders"]
                if order["ref"] == ref
                for candidate in order["candidates"]
                if candidate["resource"].split("/")[:2] == ["ImagingStudy", study]
            ),
            None,
        )
        if said is None:
            return None
        standing = await decisions.standing_of(reader, key, ref)
        waits = await work_items.of_check(reader, key)
        names = await users.names_of(reader, {standing.practitioner} if standing else set())
    async with hub.db.unit() as unit:
        await note_views(unit, check, [ref], actor.subject, actor, reminded=False)
    replaced = waits.decision if waits is not None and waits.ref == ref else None
    shown = _shown(standing, names.get(standing.practitioner, "")) if standing else None
    return Line(check.id, ref, said, shown, replaced)


async def ask_about_study(
    hub: Hub, actor: Actor, patient: str, study: str, department: str
) -> str | None:
    """Ask about the same examination as if it were ordered now; the check, whose line is `REF`.

    What the encounter is, nobody said. None: there is no such study for this reader, or what it is
    cannot be ordered. Raises what an order-check raises.
    """
    sight = restriction(actor, Interaction.READ)
    async with hub.db.reading() as reader:
        ((_, homes),) = await families_of(reader, [patient])
        seen = await find_examinations(reader, homes, sight, hub.catalogue)
    orders, _ = ask_about(one for one in seen if one.key == study)
    if not orders:
        return None
    order = {key: value for key, value in orders[0].items() if value is not None}
    return await place(hub, actor, patient, [{**order, "ref": REF}], {}, department)


def _shown(one: Decision, name: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "decision": one.decision,
        "state": one.state,
        "by": name or one.practitioner,
        "at": written(one.at_us),
    }


__all__ = ["REF", "Line", "ask_about_study", "line_of"]
