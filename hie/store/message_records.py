"""What each message produced, in one compressed row: thirty ids take the room of three rows."""

from collections.abc import Collection, Mapping, Sequence

from hie.store.session import Reader, Row, Unit


async def produced(reader: Reader, message: str) -> list[tuple[str, str, int]]:
    """What a message produced: (type, id, version)."""
    packed = await reader.fetchval("SELECT records FROM message_record WHERE message = $1", message)
    return [] if packed is None else _unpacked(reader, packed)


async def add(
    unit: Unit,
    records: Mapping[str, Sequence[tuple[str, str, int]]],
    first: Collection[str] = (),
) -> None:
    """Add to what messages produced; versions they produced earlier stay on the list.

    `first` are messages that produced nothing before.
    """
    if not records:
        return
    before = [message for message in records if message not in first]
    among = unit.db.among("message", 1)
    rows: Sequence[Row] = []
    if before:
        rows = await unit.fetch(
            f"SELECT message, records FROM message_record WHERE {among}",  # noqa: S608
            unit.db.array(before),
        )
    known = {row[0]: _unpacked(unit, row[1]) for row in rows}
    if known:
        await unit.execute(
            f"DELETE FROM message_record WHERE {among}",  # noqa: S608
            unit.db.array(known),
        )
    added: list[Row] = []
    for message, made in records.items():
        every = dict.fromkeys((*known.get(message, ()), *made))
        text = "\n".join(f"{kind}/{key}/{version}" for kind, key, version in every)
        added.append((message, unit.db.bodies.pack(text.encode())))
    await unit.insert("message_record", ("message", "records"), added)


def _unpacked(reader: Reader, packed: bytes) -> list[tuple[str, str, int]]:
    lines = reader.db.bodies.unpack(packed).decode().splitlines()
    parts = (line.split("/") for line in lines)
    return [(kind, key, int(version)) for kind, key, version in parts]
