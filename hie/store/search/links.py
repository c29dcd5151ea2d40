"""Conditions on what a reference leads to, and on what leads here (`_has`): chains followed.

FHIR R4 search.html#chaining, #has. Every link is a search of its own through `visible`: what a
caller may not see neither matches nor tells.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from hie.access.policy import Restriction
from hie.fhir.search.match import matches
from hie.fhir.search.refusal import costly
from hie.fhir.search.values import Pointer
from hie.store.search.condition import Condition
from hie.store.search.query import Query
from hie.store.search.referring import Ref, referring
from hie.store.served import Stored
from hie.store.session import Reader

MOST_CHAINED = 200
Find = Callable[[Reader, Query, Restriction], Awaitable[Sequence[Stored]]]


async def forth(
    reader: Reader, query: Query, restriction: Restriction, find: Find
) -> tuple[Condition, ...] | None:
    """The conditions with the ends of their chains in place; None when one leads nowhere.

    `find` searches. Raises TooCostly for a chain that nothing narrows, or that leads to too many.
    """
    conditions = []
    within = query.ids("patient", "subject") or query.within
    for one in query.conditions:
        if one.inner is None or one.back:
            conditions.append(one)
            continue
        # What a patient's resource leads to is the patient's, where it is anybody's.
        wanted = Query(one.type, (one.inner,), count=MOST_CHAINED + 1, within=within)
        ends = await find(reader, wanted, restriction)
        if not ends:
            return None
        if len(ends) > MOST_CHAINED:
            raise costly(one.name, "too-many", f"the chain leads to more than {MOST_CHAINED}")
        values = tuple(Pointer(one.type, end.id) for end in ends)
        conditions.append(replace(one, values=values, inner=None))
    return tuple(conditions)


async def back(
    reader: Reader,
    one: Condition,
    chunk: Sequence[Stored],
    restriction: Restriction,
    find: Find,
) -> set[Ref]:
    """Those of a chunk that something leads to for which the inner condition holds (`_has`)."""
    inner = one.inner
    if inner is None or not chunk:
        return set()
    if inner.inner is not None and not inner.back:
        homes = tuple(sorted({each.home for each in chunk if each.home}))
        resolved = await forth(reader, Query(one.type, (inner,), within=homes), restriction, find)
        if resolved is None:
            return set()
        (inner,) = resolved
    to = {(each.type, each.id): each.home for each in chunk}
    led = await referring(reader, one.type, one.parameter, to, restriction)
    if inner.back:
        held = await back(reader, inner, [each for each, _ in led], restriction, find)
        return {ref for each, refs in led if (each.type, each.id) in held for ref in refs}
    return {
        ref
        for each, refs in led
        if matches(inner.parameter, inner.modifier, inner.values, each.resource())
        for ref in refs
    }
