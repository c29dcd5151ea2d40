"""What `:in`, `:not-in`, `:below` and `:above` of a token come to: the codes themselves.

FHIR R4 search.html#modifiers. Value sets and code systems are those that ship and those that were
written to the hub and may be seen; an address is only ever looked up here, never called.
"""

from collections.abc import Sequence
from dataclasses import replace

from hie.access.policy import Restriction
from hie.errors import NotSupported, ResourceNotFound
from hie.fhir.search.definitions import Kind
from hie.fhir.search.refusal import bad, unanswered
from hie.fhir.search.values import Among, Token, Value, Words
from hie.store.definitions import find_definition
from hie.store.search.condition import Condition
from hie.store.session import Reader
from hie.store.value_sets import at_hand, expansion_of
from hie.terminology.code_system import CodeSystem, read_code_system


async def with_codes(
    reader: Reader, conditions: Sequence[Condition], restriction: Restriction
) -> tuple[Condition, ...]:
    """The conditions with codes in place of the names of sets. Raises by the parameter's name."""
    return tuple([await _settled(reader, one, restriction) for one in conditions])


async def _settled(reader: Reader, one: Condition, restriction: Restriction) -> Condition:
    if one.inner is not None:
        return replace(one, inner=await _settled(reader, one.inner, restriction))
    if one.parameter.kind is not Kind.TOKEN or not one.modifier:
        return one
    values = [await _value(reader, one, value, restriction) for value in one.values]
    return replace(one, values=tuple(values))


async def _value(reader: Reader, one: Condition, value: Value, restriction: Restriction) -> Value:
    if one.modifier in ("in", "not-in") and isinstance(value, Words):
        return await _in_set(reader, f"{one.name}:{one.modifier}", value.text, restriction)
    if one.modifier in ("above", "below") and isinstance(value, Token):
        return await _in_tree(reader, one, value, restriction)
    return value


async def _in_set(reader: Reader, name: str, url: str, restriction: Restriction) -> Among:
    try:
        found = await expansion_of(reader, url, restriction)
    except ResourceNotFound as problem:
        raise bad(name, "unknown-value-set", "a value set that ships or was written here") from (
            problem
        )
    except NotSupported as problem:
        raise unanswered(name, "a value set whose codes can be told here") from problem
    return Among(frozenset(found.members), found.open_systems)


async def _in_tree(reader: Reader, one: Condition, token: Token, restriction: Restriction) -> Among:
    name = f"{one.name}:{one.modifier}"
    system, code = str(token.system), str(token.code)
    tree = await _system(reader, system, restriction)
    if tree is None or not tree.whole:
        raise unanswered(name, "a code system whose hierarchy is known here")
    if code not in tree.concepts:
        raise bad(name, "unknown-code", "a code of this system")
    if one.modifier == "above":
        found = tree.above(code)
    else:
        found = frozenset(each for each in tree.concepts if code in tree.above(each))
    return Among(frozenset((system, each) for each in found | {code}))


async def _system(reader: Reader, url: str, restriction: Restriction) -> CodeSystem | None:
    known = at_hand().systems.get(url)
    if known is not None:
        return known
    written = await find_definition(reader, "CodeSystem", url, restriction)
    return None if written is None else read_code_system(written)
