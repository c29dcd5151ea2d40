"""An institution that treats everybody: for tests in which who treats whom is not the question."""

from hie.exchange.hub import Hub
from hie.store.relations import EVER_US, Fact, Kind, relate


async def treats_everybody(hub: Hub, *institutions: str) -> None:
    """Each of these institutions has a visit of every patient the hub knows by now."""
    async with hub.db.unit() as unit:
        homes = [row[0] for row in await unit.fetch("SELECT home FROM person_home")]
        await relate(
            unit,
            [
                Fact(institution, home, Kind.VISIT, 0, EVER_US, "Encounter/example")
                for institution in institutions
                for home in homes
            ],
        )
