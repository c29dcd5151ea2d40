"""Which resource a condition means: none, one, or too many; asked inside the unit that then writes.

FHIR R4 http.html#ccreate, #cupdate, #cdelete. Two clients that ask for one identifier at the same
moment wait for each other, however they ask: the second finds what the first made. A condition that
names no identifier could be met by anything, so it waits for every other condition of its type. An
identifier with its system is looked up among what the client's institution wrote; any other
condition is a search, and one that nothing narrows is too costly.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl

from hie.errors import Fault, InvalidRequest, MultipleMatches
from hie.exchange.writing import Writing, identifier_locks, person_locks
from hie.fhir import Resource
from hie.fhir.search.match import matches
from hie.fhir.search.values import Token
from hie.store import locate
from hie.store.locks import conditions_name, identifier_name
from hie.store.search.condition import Condition
from hie.store.search.query import Query, parse_query
from hie.store.search.registry import PARAMETERS
from hie.store.search.search import search
from hie.store.served import Stored

_MANY = 100  # locks of one unit and type
_OF_THE_STORE = frozenset({"_id", "_lastUpdated"})
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


async def hold(
    writing: Writing, queries: Iterable[Query], trees: Iterable[Resource] = (), *names: str
) -> None:
    """Hold what these conditions ask for, and the identifiers of what they may make.

    To be asked once, for all of a unit: whoever asks for the same waits until it ends. Who asks for
    very many of a type holds the type alone: a database has room for some thousand locks.
    """
    by_type: dict[str, set[str]] = defaultdict(set)
    alone, beside = set(names), set[str]()
    for query in queries:
        values = _identifiers(query)
        by_type[query.type] |= {identifier_name(query.type, value) for value in values}
        if not values:
            alone.add(conditions_name(query.type))
    for tree in trees:
        by_type[str(tree["resourceType"])] |= identifier_locks(tree)
        alone |= person_locks(tree, writing.now_us)
    for kind, locks in by_type.items():
        if len(locks) > _MANY:
            alone.add(conditions_name(kind))
        else:
            alone |= locks
            beside.add(conditions_name(kind))
    await writing.hold(alone, beside)


async def matching(writing: Writing, query: Query) -> Stored | None:
    """The one resource that is meant, as it is; None without any. Raises MultipleMatches.

    What it asks for is held already (`hold`).
    """
    writing.conditional = True
    found = await several(writing, query)
    if len(found) > 1:
        raise MultipleMatches(f"several {query.type} match the condition")
    return found[0] if found else None


async def several(writing: Writing, query: Query, most: int = 2) -> Sequence[Stored]:
    """Resources that meet a condition, two at most: whether it is one is all that matters."""
    narrowed = await _by_identifier(writing, query)
    if narrowed is None:
        return ()
    return (await search(writing.unit, replace(narrowed, count=most), writing.sight)).matches


def same(query: Query) -> tuple[str, ...]:
    """What two equal conditions have in common, in whatever order they are written."""
    return (query.type, *sorted(f"{key}={value}" for key, value in query.used))


def is_met(query: Query, tree: Resource) -> bool:
    """Whether a resource that is not stored yet meets a condition; of a chain nothing is known."""
    return query.type == tree["resourceType"] and all(
        one.inner is None
        and one.name not in _OF_THE_STORE
        and matches(one.parameter, one.modifier, one.values, tree)
        for one in query.conditions
    )


def _identifiers(query: Query) -> set[str]:
    """The values of an identifier a condition names; empty when it names none."""
    for one in query.conditions:
        values = [token.code for token in one.tokens]
        plain = one.name == "identifier" and not one.modifier and one.inner is None
        if plain and len(values) == len(one.values) and all(values):
            return {str(value) for value in values}
    return set()


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
