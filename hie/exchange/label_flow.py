"""Labels flow among resources: taken from what one holds, given on to what it stands for.

Inside one unit, with the rows (high-water mark). Rows of other patients are never raised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hie.access.labels import (
    Topic,
    joined,
    label_with,
    mask,
    panel_of,
)
from hie.access.labels.flows import given_to, orders_of, results_of, taken_from
from hie.access.labels.label import bit
from hie.access.labels.rules import department_of
from hie.access.labels.tables import tables
from hie.fhir import Resource
from hie.fhir.elements import referenced
from hie.store import labelling, relabelling
from hie.store.relabelling import Labelled
from hie.store.session import Reader, Unit

Ref = tuple[str, str]  # type, id
_VIP = bit(Topic.VIP)
_HOLDERS = ("DiagnosticReport", "DocumentReference", "Observation")


@dataclass(slots=True)
class Node:
    """A resource that is written: whose it is, what it says, the label found so far."""

    home: str
    tree: Resource
    label: int


async def take(unit: Reader, nodes: Mapping[Ref, Node]) -> None:
    """Let labels flow among these and from what they point at, until nothing changes."""
    await _asked_for(unit, nodes)
    takes = {ref: taken_from(node.tree) for ref, node in nodes.items()}
    outside = {one for found in takes.values() for one in found} - set(nodes)
    patients = {("Patient", node.home) for node in nodes.values()}
    known = await labelling.labels_of(unit, outside | (patients - set(nodes)))
    for ref, node in nodes.items():
        patient = nodes.get(("Patient", node.home))
        over = known.get(("Patient", node.home), 0) if patient is None else patient.label
        vip = label_with(2, _VIP) if mask(over or 0) & _VIP else 0
        inherits = [known[one] for one in takes[ref] if one in known]
        node.label = joined(node.label, vip, *inherits)
    moved = True
    while moved:
        moved = False
        for ref, node in nodes.items():
            held = [nodes[one].label for one in takes[ref] if one in nodes]
            moved |= _raised(node, joined(*held))
            for one in given_to(node.tree):
                if one in nodes and one != ref:
                    moved |= _raised(nodes[one], node.label)
            for one, label in _of_panel(node.tree):
                if one in nodes:
                    moved |= _raised(nodes[one], label)


async def _asked_for(unit: Reader, nodes: Mapping[Ref, Node]) -> None:
    """Orders say by their panel and their department what all their results are about."""
    asked_by = {ref: orders_of(node.tree) for ref, node in nodes.items()}
    ids = {one for found in asked_by.values() for one in found}
    orders = {ref[1]: node.tree for ref, node in nodes.items() if ref[0] == "ServiceRequest"}
    if ids - set(orders):
        orders |= await labelling.trees_of(unit, "ServiceRequest", ids - set(orders))
    if not orders:
        return
    said = await _said_by(unit, orders)
    for (kind, key), node in nodes.items():
        bits = said.get(key, 0) if kind == "ServiceRequest" else 0
        for order in asked_by[kind, key]:
            bits |= said.get(order, 0)
        node.label = joined(node.label, label_with(tables().level(bits), bits))


async def _said_by(unit: Reader, orders: Mapping[str, Resource]) -> dict[str, int]:
    """What each order says of its results: its panel, and the department that asks."""
    roles = {
        key: one[1]
        for key, tree in orders.items()
        if (one := referenced(tree.get("requester"))) and one[0] == "PractitionerRole"
    }
    known = await labelling.trees_of(unit, "PractitionerRole", roles.values()) if roles else {}
    found = {}
    for key, tree in orders.items():
        bits = panel_of(tree)
        names = [(tree.get("requester") or {}).get("display")]
        for concept in known.get(roles.get(key, ""), {}).get("specialty", ()):
            names += [
                concept.get("text"),
                *(one.get("display") for one in concept.get("coding", ())),
            ]
        for name in names:
            bits |= department_of(name) if name else 0
        found[key] = bits
    return found


def _raised(node: Node, label: int) -> bool:
    before, node.label = node.label, joined(node.label, label)
    return node.label != before


def _of_panel(tree: Resource) -> list[tuple[Ref, int]]:
    """The results of a report, and what its name says of them."""
    bits = panel_of(tree) if tree["resourceType"] == "DiagnosticReport" else 0
    if not bits:
        return []
    label = label_with(tables().level(bits), bits)
    return [(one, label) for one in results_of(tree)]


async def raise_others(
    unit: Unit, writer: str, nodes: Mapping[Ref, Node], *, rose: bool, linked: bool = False
) -> None:
    """Raise the rows that these stand for, and those that hold what rose.

    `rose`: some were there with a lower label, so what holds them may be lower; what is new nothing
    leads to yet. `writer`: whose files are raised too. `linked`: the hub itself found what they
    stand for, whatever home that is in.
    """
    waiting = {ref: node for ref, node in nodes.items() if node.label}
    done: set[Ref] = set(nodes)
    while waiting:
        wanted: dict[Ref, int] = {}
        homes = None if linked else {node.home for node in waiting.values()}
        for node in waiting.values():
            given = [(one, node.label) for one in given_to(node.tree)]
            for one, label in (*given, *_of_panel(node.tree)):
                wanted[one] = joined(wanted.get(one, 0), label)
        rows = await relabelling.of_refs(unit, set(wanted) - done)
        if rose:
            rows += await _holders(unit, waiting, wanted, done)
        changed = await _set(unit, writer, rows, wanted, homes)
        done |= set(changed)
        waiting, rose = changed, True


async def _holders(
    unit: Unit, nodes: Mapping[Ref, Node], wanted: dict[Ref, int], done: set[Ref]
) -> list[Labelled]:
    """The rows of these patients that hold one of these, each wanted as high as it."""
    found: list[Labelled] = []
    for home in sorted({node.home for node in nodes.values()}):
        for one in await relabelling.of_home(unit, home, _HOLDERS):
            if one.ref in done:
                continue
            held = [nodes[ref].label for ref in taken_from(one.stored.resource()) if ref in nodes]
            if held:
                wanted[one.ref] = joined(wanted.get(one.ref, 0), *held)
                found.append(one)
    return found


async def _set(
    unit: Unit,
    writer: str,
    rows: Sequence[Labelled],
    wanted: Mapping[Ref, int],
    homes: set[str] | None,
) -> dict[Ref, Node]:
    """Raise rows of these patients; what was raised, for what leads on from there."""
    changes = {
        one.ref: joined(0 if one.label is None else one.label, wanted[one.ref])
        for one in rows
        if homes is None or one.stored.home in homes or one.stored.message == writer
    }
    await relabelling.set_labels(unit, changes, rows)
    return {
        one.ref: Node(one.stored.home, one.stored.resource(), changes[one.ref])
        for one in rows
        if one.ref in changes and changes[one.ref] != one.label
    }
