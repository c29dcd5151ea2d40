"""Which resource a condition means: none, one, or too many; asked inside the unit that then writes.

FHIR R4 http.html#ccreate, #cupdate, #cdelete. Two clients that ask the same at the same moment
wait for each other: the second finds what the first made. An identifier with its system is looked
up among what the client's institution wrote; any other condition is a search, and one that nothing
narrows is too costly.
"""

from dataclasses import replace
from urllib.parse import parse_qsl

from hie.errors import Fault, InvalidRequest, MultipleMatches
from hie.exchange.write_resource import Writing
from hie.fhir.search.asked import Token
from hie.store import locate
from hie.store.database import advisory
from hie.store.search.condition import Condition
from hie.store.search.query import Query, parse_query
from hie.store.search.registry import PARAMETERS
from hie.store.search.search import search

_RESULTS = ("_count", "_sort", "_summary", "_elements", "_include", "_revinclude", "page", "_total")


def read_criteria(kind: str, text: str, name: str = "If-None-Exist") -> Query:
    """The condition in a query string (with or without its question mark).

    Raises InvalidRequest and NotSupported naming what is wrong.
    """
    pairs = parse_qsl(text.removeprefix("?"), keep_blank_values=True)
    query = parse_query(kind, pairs)
    if not query.conditions or any(key.partition(":")[0] in _RESULTS for key, _ in pairs):
        fault = Fault(name, "not-a-condition", "search parameters of the type, and only those")
        raise InvalidRequest("a condition needs a search parameter", (fault,))
    return query


async def matching(writing: Writing, query: Query) -> str | None:
    """The id of the one resource that is meant; None without any. Raises MultipleMatches.

    Holds the condition until the unit ends: whoever asks the same waits.
    """
    await advisory(writing.unit, *lock_names(query))
    narrowed = await _by_identifier(writing, query)
    if narrowed is None:
        return None
    page = await search(writing.unit, replace(narrowed, count=2), writing.sight)
    if len(page.matches) > 1:
        raise MultipleMatches(f"several {query.type} match the condition")
    return page.matches[0].id if page.matches else None


def lock_names(query: Query) -> list[str]:
    """What two equal conditions have in common, in whatever order they are written."""
    return ["condition:" + "&".join([query.type, *sorted(f"{k}={v}" for k, v in query.used)])]


async def _by_identifier(writing: Writing, query: Query) -> Query | None:
    """The query with an identifier that has no index replaced by the id it is taken for."""
    found = next((one for one in query.conditions if _names_one(one)), None)
    if found is None:
        return query
    token = found.tokens[0]
    key = (query.type, str(token.system), str(token.code))
    ids = await locate.find_keys(writing.unit, writing.institution, [key])
    if key not in ids:
        return None
    by_id = Condition(PARAMETERS[query.type]["_id"], (Token(None, ids[key]),))
    others = tuple(one for one in query.conditions if one is not found)
    return replace(query, conditions=(by_id, *others))


def _names_one(one: Condition) -> bool:
    return (
        one.name == "identifier"
        and not one.indexed
        and not one.modifier
        and len(one.values) == 1
        and len(one.tokens) == 1
        and bool(one.tokens[0].system)
        and one.tokens[0].code is not None
    )
