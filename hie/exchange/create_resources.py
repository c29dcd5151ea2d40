"""New resources written by a client, one or many, in few statements (FHIR R4 http.html#create).

Their business identifiers are taken first, so that one thing is never made twice; then what they
point at is looked up, all together; then they are written, each type at once.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from hie.access.reason import Reason
from hie.access.restriction import Restriction
from hie.access.scopes import Door
from hie.errors import Conflict, Fault, IdNotOffered, NotPermitted, UnprocessableRequest
from hie.exchange import label_flow, label_writes
from hie.exchange.acting_for import check_about, check_doers, codes_of
from hie.exchange.claimed import claimed_faults
from hie.exchange.consenting import consented
from hie.exchange.identify import identify
from hie.exchange.pointing import check_pointers, home_of, known_to, pointed_at, results_of
from hie.exchange.relating import related
from hie.exchange.writing import TAKEN, Ref, Writing, Written, keys_of, person_locks
from hie.fhir import Resource
from hie.fhir.elements import instant
from hie.fhir.profile import check
from hie.store import locate, resources, rewriting
from hie.store.locks import id_name
from hie.store.resources import First, Put
from hie.store.served import Stored

_OURS = frozenset({"versionId", "lastUpdated", "source"})


@dataclass(frozen=True, slots=True)
class New:
    """A resource to be made under an id; `is_named`: the client chose it.

    Then its identifiers need not tell it apart, and it may have been there and been deleted.
    `place` is where a bundle has it.
    """

    id: str
    tree: Resource
    is_named: bool = False
    place: int = 0

    @property
    def ref(self) -> Ref:
        """Its type and id."""
        return str(self.tree["resourceType"]), self.id


Naming = Callable[[New], AbstractContextManager[None]]


async def create_all(
    writing: Writing,
    news: Sequence[New],
    naming: Naming = lambda _: nullcontext(),
) -> list[Written]:
    """Write these; what became of each, in their order. `naming` is entered around what one fails.

    Raises UnprocessableRequest naming each fault, Conflict when an identifier is taken.
    """
    for one in news:
        with naming(one):
            check_sound(one.tree, one.id)
    codes = await codes_of(writing, {one.id: one.tree for one in news})
    for one in news:
        with naming(one):
            check_doers(writing, one.tree, codes)
            await check_about(writing, one.tree)
    await _take(writing, news, naming)
    homes = await _homes(writing, news, naming)
    told = [(one.ref, homes[one.ref], clean(one.tree)) for one in news]
    nodes = await label_writes.labels_of_new(writing, told)
    named = [_put(writing, one, homes[one.ref], nodes) for one in news if one.is_named]
    await resources.put(writing.unit, named, now_us=writing.now_us)
    made = dict(await resources.current(writing.unit, [(one.type, one.id) for one in named]))
    rows: list[First] = []
    for one in news:
        if not one.is_named:
            put = _put(writing, one, homes[one.ref], nodes)
            row, made[one.ref] = resources.first_as_served(writing.unit, put, writing.now_us)
            rows.append(row)
    await resources.insert(writing.unit, rows)
    await label_flow.raise_others(writing.unit, writing.writer, nodes, rose=bool(named))
    await settled(writing, [(one.tree, made[one.ref]) for one in news])
    return [Written.of(201, made[one.ref]) for one in news]


async def settled(writing: Writing, written: Sequence[tuple[Resource, Stored]]) -> None:
    """What follows from new versions: whose a Patient is, a report's results, who treats whom."""
    patients = {one.id: tree for tree, one in written if one.type == "Patient"}
    if patients:
        names = {name for tree in patients.values() for name in person_locks(tree, writing.now_us)}
        await writing.hold(names)
        today = instant(writing.now_us).date()
        await identify(writing.unit, patients, today, writing.now_us)
    await _check_scope(writing, [one for _, one in written])
    for tree, one in written:
        if one.type == "DiagnosticReport":
            await rewriting.link_results(writing.unit, one.home, one.id, results_of(tree))
    await consented(writing, written)
    await related(writing, written)


async def _check_scope(writing: Writing, written: Sequence[Stored]) -> None:
    """What was written satisfies the constraints of the scope it was written by.

    Raises NotPermitted, and with it the unit of work is undone.
    """
    for kind in sorted({one.type for one in written if writing.sight.filters_of(one.type)}):
        keys = {one.id for one in written if one.type == kind}
        scope = Restriction(filters=writing.sight.filters)
        if len(await locate.homes_of(writing.unit, kind, keys, scope)) < len(keys):
            fault = Fault("access", Reason.SCOPE, f"a {kind} within the constraints of the scope")
            raise NotPermitted("not permitted", (fault,))


def check_sound(tree: Resource, key: str) -> None:
    """Raises UnprocessableRequest naming each fault of a resource."""
    faults = check({**tree, "id": key}) or claimed_faults(tree)
    if faults:
        raise UnprocessableRequest(f"this {tree['resourceType']} is not valid", tuple(faults))


async def check_unknown(writing: Writing, kind: str, key: str) -> None:
    """Whether an id that is not known may be made.

    Raises IdNotOffered where the client may not choose ids, Conflict when somebody who cannot
    be seen has it.
    """
    if not writing.may(Door.CLIENT_IDS):
        fault = Fault("id", "unknown-id", f"an id of the hub's, or the scope {Door.CLIENT_IDS}")
        raise IdNotOffered(f"no {kind} with this id", (fault,))
    await writing.hold([id_name(kind, key)])
    if await locate.locate(writing.unit, kind, key) is not None:
        raise Conflict(f"{kind}: this id is taken")


def clean(tree: Resource) -> Resource:
    """Without what is ours: the version, when it was written, where it came from."""
    stated = tree.get("meta", {})
    if not isinstance(stated, dict):
        return tree  # which is not sound, as is said when it is checked
    meta = {key: value for key, value in stated.items() if key not in _OURS}
    found = {key: value for key, value in tree.items() if key != "meta"}
    return {**found, "meta": meta} if meta else found


def taken(kind: str) -> Conflict:
    """The refusal of an identifier that another resource has."""
    fault = Fault(f"{kind}.identifier", TAKEN, "an identifier nobody else here has")
    return Conflict(f"another {kind} has this identifier", (fault,))


async def _take(writing: Writing, news: Sequence[New], naming: Naming) -> None:
    """Claim the identifiers of all in one statement, before any row is held."""
    wanted = [(key, one.id) for one in news for key in keys_of(one.tree)]
    lost = await locate.take(writing.unit, writing.institution, wanted)
    for one in news:
        if not one.is_named and any((key, one.id) in lost for key in keys_of(one.tree)):
            with naming(one):
                raise taken(one.ref[0])


async def _homes(writing: Writing, news: Sequence[New], naming: Naming) -> dict[Ref, str]:
    for one in news:
        writing.coming.setdefault(one.ref, one.id if one.ref[0] == "Patient" else "")
    pointed = {one.ref: pointed_at(one.tree) for one in news}
    known = await known_to(writing, ((one.tree, pointed[one.ref]) for one in news))
    homes: dict[Ref, str] = {}
    for one in _targets_first(news):
        with naming(one):
            check_pointers(writing, one.tree, pointed[one.ref], known)
            homes[one.ref] = await home_of(writing, one.id, one.tree, known)
        known[one.ref] = writing.coming[one.ref] = homes[one.ref]
    return homes


def _targets_first(news: Sequence[New]) -> Iterator[New]:
    """What belongs to whom its targets belong to comes after them."""
    yield from (one for one in news if one.ref[0] != "Provenance")
    yield from (one for one in news if one.ref[0] == "Provenance")


def _put(writing: Writing, one: New, home: str, nodes: Mapping[Ref, label_flow.Node]) -> Put:
    kind, key = one.ref
    label = nodes[one.ref].label if one.ref in nodes else None
    return Put(kind, home, key, {**clean(one.tree), "id": key}, writing.writer, label=label)
