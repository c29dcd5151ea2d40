"""The networks clients were registered to call from; a client without any calls from anywhere."""

from collections.abc import Iterable

from hie.store.session import Reader, Unit


async def put(unit: Unit, client: str, networks: Iterable[str]) -> None:
    """Let a client call from these networks and no others; none: from anywhere."""
    await unit.execute("DELETE FROM client_network WHERE client = $1", client)
    rows = [(client, network) for network in sorted(set(networks))]
    if rows:
        await unit.executemany("INSERT INTO client_network (client, network) VALUES ($1, $2)", rows)


async def every(reader: Reader) -> dict[str, list[str]]:
    """The networks of each client that has any."""
    found: dict[str, list[str]] = {}
    rows = await reader.fetch("SELECT client, network FROM client_network ORDER BY client, network")
    for client, network in rows:
        found.setdefault(client, []).append(network)
    return found
