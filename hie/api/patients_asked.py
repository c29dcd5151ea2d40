"""A search about a patient who may not be looked at is refused, as for one who does not exist.

Whether somebody is a patient of the region at all is no answer to who does not treat them: the
status, the words and the headers are those for an id that nobody has.
"""

from collections.abc import Collection
from dataclasses import replace

from hie.access.policy import Restriction
from hie.access.reason import Reason
from hie.errors import Fault, NotPermitted
from hie.fhir.search.values import Pointer
from hie.store.locate import homes_of
from hie.store.search.condition import Condition
from hie.store.search.query import Query
from hie.store.search.search import search
from hie.store.session import Reader

_NAMES = frozenset({"patient", "subject"})


async def check_patients(
    reader: Reader, query: Query, restriction: Restriction, seen: Collection[str]
) -> None:
    """Every patient a search names may be looked at; raises NotPermitted.

    `seen`: Patients that are known to be, as something of theirs was found. Who may look at
    everybody is told what there is. What a chain leads to counts like an id.
    """
    if not bounds_patients(restriction):
        return
    sight = replace(restriction, types=None, filters=())
    for one in query.conditions:
        if one.name in _NAMES and not one.back and not await _sees(reader, one, sight, seen):
            raise not_treated()


def bounds_patients(restriction: Restriction) -> bool:
    """Whether it leaves any patients out."""
    return restriction.reach is not None or restriction.homes is not None


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
