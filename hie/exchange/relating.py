"""What a client writes says which institution treats a patient, and until when.

An encounter and an order are their writer's; an accepted referral is that of whom the patient was
sent to. What is over, or has yet to begin, opens nothing and is not kept; what is taken back, or
ends sooner than it said, closes what rested on it in the same unit of work.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from hie.access.policy import Restriction
from hie.access.windows import EVER_US, Kind, Window, of_encounter, of_order, of_referral
from hie.exchange.writing import Writing
from hie.fhir import INSTITUTION, Resource
from hie.fhir.elements import referenced
from hie.recognition.credit_code import is_credit_code
from hie.store import relations, rewriting
from hie.store.families import hold_persons
from hie.store.of_home import of_home
from hie.store.relations import Fact
from hie.store.served import Stored
from hie.store.session import Unit
from hie.store.versions import read_many

_WINDOWS: Mapping[str, Callable[[Resource, int], Window | None]] = {
    "Encounter": of_encounter,
    "ServiceRequest": of_order,
    "Task": of_referral,
}
_WRITTEN = "institution:"  # how what an institution wrote itself names its writer
_CLOCKS_US = 600_000_000  # how much two clocks may differ
_MOST = 1000  # resources that are looked at anew when one is taken back


async def related(writing: Writing, written: Sequence[tuple[Resource, Stored]]) -> None:
    """Keep what these versions say; what they said before and no longer say closes."""
    unit, now_us = writing.unit, writing.now_us
    facts: list[Fact] = []
    telling = {one.home for _, one in written if one.type in _WINDOWS}
    if telling:  # others write of these patients too: of who reaches them one after the other
        await hold_persons(unit, telling)
    for tree, one in written:
        if one.home == one.id and one.type != "Patient":  # of nobody: its writer's alone
            facts.append(Fact(writing.institution, one.home, Kind.OWN, 0, EVER_US, one.type))
        if one.type not in _WINDOWS:
            continue
        stated = begun(await stated_by(unit, tree, one), now_us)
        if one.version > 1:
            await take_back(unit, one.home, one.type, one.id, now_us, stated)
        facts += stated
    await relations.relate(unit, facts)


async def unrelated(writing: Writing, gone: Stored) -> None:
    """A resource was deleted: what rested on it closes."""
    if gone.type in _WINDOWS:
        await hold_persons(writing.unit, [gone.home])
        await take_back(writing.unit, gone.home, gone.type, gone.id, writing.now_us)


async def take_back(
    unit: Unit, home: str, kind: str, key: str, now_us: int, stated: Iterable[Fact] = ()
) -> None:
    """Close what rests on a resource and is not `stated` any more, or not for so long.

    What others of the same patient say still holds: they are looked at anew.
    """
    holding = {(one.institution, one.kind, one.until_us) for one in stated}
    gone = [
        one
        for one in await relations.resting_on(unit, home, f"{kind}/{key}")
        if (one.institution, one.kind, one.until_us) not in holding
    ]
    if not gone:
        return
    closed = {(one.institution, one.kind) for one in gone}
    instead: list[Fact] = []
    for other in await of_home(unit, kind, home, Restriction(), "", 0, _MOST):
        if other.id != key:
            found = begun(await stated_by(unit, other.resource(), other), now_us)
            instead += [one for one in found if (one.institution, one.kind) in closed]
    await relations.replace(unit, gone, instead)


def begun(facts: Iterable[Fact], now_us: int) -> list[Fact]:
    """Those that hold now; one that a sender's clock begins a little early begins now."""
    return [
        replace(one, from_us=min(one.from_us, now_us))
        for one in facts
        if one.from_us <= now_us + _CLOCKS_US and now_us < one.until_us
    ]


async def stated_by(unit: Unit, tree: Resource, one: Stored) -> list[Fact]:
    """What a version says: of orders and referrals that an institution wrote itself, of any visit.

    What a message says of an order is told with its report, when it arrives.
    """
    is_own = (one.message or "").startswith(_WRITTEN)
    if is_own or one.type != "Encounter":
        window = _WINDOWS[one.type](tree, one.updated_us)
    else:
        window = of_encounter(tree, one.updated_us, is_registration=True)
    if window is None or not (is_own or window.kind is Kind.VISIT):
        return []
    writer = await rewriting.institution_of(unit, one.message)
    institution = await _sent_to(unit, tree) if window.kind is Kind.REFERRAL else writer
    if institution is None or (window.kind is Kind.REFERRAL and institution == writer):
        return []  # nobody refers a patient to himself
    source = f"{one.type}/{one.id}"
    return [Fact(institution, one.home, window.kind, window.from_us, window.until_us, source)]


async def _sent_to(unit: Unit, task: Resource) -> str | None:
    """The institution that owns a Task: by its code, or by the Organization it points at."""
    owner = task.get("owner") or {}
    named = [owner.get("identifier") or {}]
    found = referenced(owner)
    if found is not None and found[0] == "Organization":
        known = await read_many(unit, "Organization", [found[1]], Restriction())
        for one in known.values():
            named += one.resource().get("identifier", ())
    codes = [one.get("value") for one in named if one.get("system") == INSTITUTION]
    return next((code for code in codes if isinstance(code, str) and is_credit_code(code)), None)
