"""Identifiers of resources, looked up before the search: which ids have a value.

FHIR R4 search.html#token. Two small look-ups by key, so that the search itself goes by id; what is
found is held against system and value there. Results that came as messages are found by the
business key of the institution that sent them, which is made of system and value together.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hie.fhir.search.values import Token, Typed
from hie.store.resource_identifiers import blind, ids_of, owners
from hie.store.search.condition import Condition
from hie.store.search.query import Query
from hie.store.session import Reader


def said(one: Condition) -> list[str]:
    """The values of the identifiers that are asked for."""
    values = [
        value.code if isinstance(value, Token) else value.value
        for value in one.values
        if isinstance(value, Token | Typed)
    ]
    return [value for value in values if value is not None]


async def looked_up_ids(reader: Reader, query: Query) -> Mapping[str, Sequence[str]]:
    """By value, the ids of those that have it or had it, as far as the query asks for any."""
    kind = query.type
    asked = [one for one in query.conditions if one.looks_up or one.by_value]
    if not asked or kind == "Patient":
        return {}
    by_hash = {blind(reader, kind, value): value for one in asked for value in said(one)}
    found: dict[str, list[str]] = defaultdict(list)
    for hashed, id_ in await ids_of(reader, sorted(by_hash)):
        found[by_hash[hashed]].append(id_)
    if kind == "Observation":
        tokens = {(str(one.system), str(one.code)) for each in asked for one in each.tokens}
        for value, id_ in await _by_business_key(reader, kind, sorted(tokens)):
            found[value].append(id_)
    return found


async def _by_business_key(
    reader: Reader, kind: str, tokens: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Value and id of what institutions sent under these systems and values."""
    by_key = {
        reader.db.keys.short(owner, kind, *token): token
        for owner in await owners(reader)
        for token in tokens
    }
    rows = await reader.fetch(
        f"SELECT key, id FROM business_key WHERE {reader.db.among('key', 1)}",  # noqa: S608
        reader.db.array(sorted(by_key)),
    )
    return [(by_key[row[0]][1], row[1]) for row in rows]
