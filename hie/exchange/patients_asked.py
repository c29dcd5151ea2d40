"""A search about a patient who may not be looked at is refused, as for one who does not exist.

Whether somebody is a patient of the region at all is no answer to who does not treat them: the
status, the words and the headers are those for an id that nobody has.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from urllib.parse import parse_qsl

from hie.access.policy import Restriction
from hie.access.reason import Reason
from hie.access.windows import Kind
from hie.errors import Fault, NotPermitted, RequestRefused, UnprocessableRequest
from hie.fhir import Resource
from hie.fhir.search.values import Pointer
from hie.store.locate import homes_of
from hie.store.search.condition import Condition
from hie.store.search.query import Query, parse_query
from hie.store.search.registry import PARAMETERS
from hie.store.search.search import search
from hie.store.session import Reader

_NAMES = frozenset({"patient", "subject"})
_MOST_NAMED = 10  # patients that a chain leads to


async def check_asked(reader: Reader, query: Query, restriction: Restriction) -> None:
    """Before a search: who it names by a chain, an address or a version may be looked at.

    Raises NotPermitted. Who may look at everybody is told what there is.
    """
    if bounds_patients(restriction):
        await _check(reader, restriction, [one for one in _naming(query) if not _is_plain(one)])


async def check_patients(
    reader: Reader, query: Query, restriction: Restriction, seen: Collection[str]
) -> None:
    """After a search: who it names by id may be looked at; raises NotPermitted.

    `seen`: Patients that are known to be, as something of theirs was found.
    """
    if bounds_patients(restriction):
        await _check(reader, restriction, filter(_is_plain, _naming(query)), seen)


async def _check(
    reader: Reader,
    restriction: Restriction,
    conditions: Iterable[Condition],
    seen: Collection[str] = (),
) -> None:
    sight = replace(restriction, types=None, filters=())
    for one in conditions:
        if not await _sees(reader, one, sight, seen):
            raise not_treated()


def _naming(query: Query) -> list[Condition]:
    return [one for one in query.conditions if one.name in _NAMES and not one.back]


async def patients_named(reader: Reader, query: Query) -> list[str]:
    """The ids a search names patients by, seen or not: for the log of its refusal alone.

    Of a chain those that an index finds, by one look whatever is found.
    """
    ids: dict[str, None] = {}
    for one in _naming(query):
        if one.inner is None:
            ids |= dict.fromkeys(one.ids)
        elif one.type == "Patient" and one.inner.inner is None and one.inner.indexed:
            led = Query("Patient", (one.inner,), count=_MOST_NAMED)
            found = await search(reader, led, Restriction())
            ids |= dict.fromkeys(match.id for match in found.matches)
    return list(ids)


def _is_plain(one: Condition) -> bool:
    return one.indexed and one.inner is None


def bounds_patients(restriction: Restriction) -> bool:
    """Whether it is a person's, who asks about somebody they treat.

    A system, which sees its own house's records too, is told of others as of nobody: nothing.
    """
    reach = restriction.reach
    is_person = reach is not None and Kind.OWN not in reach.kinds
    return is_person or restriction.patient is not None or restriction.homes is not None


async def check_criteria(reader: Reader, subscription: Resource, sight: Restriction) -> None:
    """A Subscription is about patients who may be looked at, or about nobody by name.

    Raises NotPermitted, and UnprocessableRequest for criteria that are no search of this hub.
    """
    kind, _, text = str(subscription.get("criteria", "")).partition("?")
    fault = Fault("Subscription.criteria", "criteria", "[type]?[parameters] as a search takes them")
    if kind not in PARAMETERS:
        raise UnprocessableRequest("no search", (fault,))
    try:
        query = parse_query(kind, parse_qsl(text, keep_blank_values=True))
    except RequestRefused as problem:
        raise UnprocessableRequest("no search", (fault, *problem.faults)) from problem
    if sight.reach is None and not bounds_patients(sight):
        return
    ids = set(query.ids("_id")) if kind == "Patient" else set()
    known = await homes_of(reader, "Patient", ids, replace(sight, types=None)) if ids else {}
    if not ids <= known.keys():
        raise not_treated()
    await _check(reader, sight, _naming(query))


def not_treated() -> NotPermitted:
    """The refusal of a patient who is not treated here, or not there at all."""
    return NotPermitted("not permitted", (Fault("access", Reason.REL, "a patient treated here"),))


async def _sees(reader: Reader, one: Condition, sight: Restriction, seen: Collection[str]) -> bool:
    if one.inner is not None:
        if one.type != "Patient":
            return True
        found = await search(reader, Query("Patient", (one.inner,), count=1), sight)
        return bool(found.matches)
    asked = [value for value in one.values if isinstance(value, Pointer)]
    if not asked:
        return True
    others = [value for value in asked if value.type not in (None, "Patient")]
    ids = {value.id for value in asked if value not in others}
    foreign = [value for value in asked if value not in others and value.address is not None]
    ids -= set(seen)
    known = await homes_of(reader, "Patient", ids, sight) if ids else {}
    return not foreign and ids <= known.keys()
