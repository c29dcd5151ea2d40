"""Labels of what clients write: own, inherited from what it holds, given on to what it stands for.

Inside one unit, with the rows. Nothing a client sends lowers what stands; its own rows that lead to
something more sensitive are raised (high-water mark), those of other patients never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hie.access.labels import (
    Topic,
    again,
    confidentiality,
    joined,
    label_of,
    label_with,
    mask,
    panel_of,
    with_label,
)
from hie.access.labels.flows import given_to, results_of, taken_from
from hie.access.labels.label import bit
from hie.access.labels.tables import tables
from hie.access.labels.tags import asked, found_in, stated
from hie.access.reason import Reason
from hie.audit.event import Action, Event, EventType, Outcome, Subject
from hie.errors import Fault, NotPermitted
from hie.exchange.settle import same_content
from hie.exchange.writing import Ref, Writing
from hie.fhir import Resource
from hie.store import labelling, ledger, relabelling
from hie.store.relabelling import Labelled
from hie.store.served import Stored
from hie.store.tables import HOMELESS

_VIP = bit(Topic.VIP)
_HOLDERS = ("DiagnosticReport", "DocumentReference", "Observation")


@dataclass(slots=True)
class Node:
    """A resource that is written: whose it is, what it says, the label found so far."""

    home: str
    tree: Resource
    label: int


async def labels_of_new(
    writing: Writing, news: Sequence[tuple[Ref, str, Resource]]
) -> dict[Ref, Node]:
    """The labels of resources that are made together, with what each takes from the others.

    What is nobody's has none and is left out.
    """
    loinc = writing.unit.db.loinc
    nodes = {
        ref: Node(home, tree, joined(label_of(tree, loinc), asked(tree.get("meta", {}))))
        for ref, home, tree in news
        if home and ref[0] not in HOMELESS
    }
    await _take(writing, nodes)
    return nodes


async def label_of_change(writing: Writing, standing: Stored, after: Resource) -> int | None:
    """What a next version says and takes, without what the one before it had; None: nobody's."""
    ref = (standing.type, standing.id)
    if not standing.home or standing.type in HOMELESS:
        return None
    node = Node(standing.home, after, label_of(after, writing.unit.db.loinc))
    await _take(writing, {ref: node})
    return node.label


async def _take(writing: Writing, nodes: Mapping[Ref, Node]) -> None:
    """Let labels flow among these and from what they point at, until nothing changes."""
    takes = {ref: taken_from(node.tree) for ref, node in nodes.items()}
    outside = {one for found in takes.values() for one in found} - set(nodes)
    patients = {("Patient", node.home) for node in nodes.values()}
    known = await labelling.labels_of(writing.unit, outside | (patients - set(nodes)))
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


async def raise_others(writing: Writing, nodes: Mapping[Ref, Node], *, made: bool) -> None:
    """Raise the rows that these stand for, and, of what was there before, those that hold it.

    `made`: they are new, and nothing leads to them yet.
    """
    waiting = {ref: node for ref, node in nodes.items() if node.label}
    done: set[Ref] = set(nodes)
    while waiting:
        wanted: dict[Ref, int] = {}
        homes = {node.home for node in waiting.values()}
        for node in waiting.values():
            given = [(one, node.label) for one in given_to(node.tree)]
            for one, label in (*given, *_of_panel(node.tree)):
                wanted[one] = joined(wanted.get(one, 0), label)
        rows = await relabelling.of_refs(writing.unit, set(wanted) - done)
        if not made:
            rows += await _holders(writing, waiting, wanted, done)
        changed = await _set(writing, rows, wanted, homes)
        done |= set(changed)
        waiting, made = changed, False


async def _holders(
    writing: Writing, nodes: Mapping[Ref, Node], wanted: dict[Ref, int], done: set[Ref]
) -> list[Labelled]:
    """The rows of these patients that hold one of these, each wanted as high as it."""
    found: list[Labelled] = []
    for home in sorted({node.home for node in nodes.values()}):
        for one in await relabelling.of_home(writing.unit, home, _HOLDERS):
            if one.ref in done:
                continue
            held = [nodes[ref].label for ref in taken_from(one.stored.resource()) if ref in nodes]
            if held:
                wanted[one.ref] = joined(wanted.get(one.ref, 0), *held)
                found.append(one)
    return found


async def _set(
    writing: Writing, rows: Sequence[Labelled], wanted: Mapping[Ref, int], homes: set[str]
) -> dict[Ref, Node]:
    """Raise rows of these patients; what was raised, for what leads on from there."""
    changes = {
        one.ref: joined(0 if one.label is None else one.label, wanted[one.ref])
        for one in rows
        if one.stored.home in homes or one.stored.message == writing.writer
    }
    await relabelling.set_labels(writing.unit, changes, rows)
    return {
        one.ref: Node(one.stored.home, one.stored.resource(), changes[one.ref])
        for one in rows
        if one.ref in changes and changes[one.ref] != one.label
    }


def next_label(standing: Stored, after: Resource, says: int) -> int:
    """The label of a next version: as high as the one that stands, and as what it says."""
    old = standing.resource()
    stands = found_in(old.get("meta", {}))
    if same_content(old, after):
        says = again(stands, says, tables().levels, forgets=False)
    meta = after.get("meta", {})
    return joined(says, 0 if stands is None else stands, labelling.said(meta, stands))


def is_same(standing: Stored, before: Resource, after: Resource, label: int | None) -> bool:
    """Whether a version says just what stands, in its tags too; `before` is it, cleaned."""
    if not same_content(standing.resource(), after):
        return False
    meta, old = after.get("meta", {}), before.get("meta", {})
    if label is None:
        return bool(meta == old)
    if found_in(old) is None:
        old = with_label(old, label)
    return bool(with_label(meta, label) == old)


def says_no_more(standing: Stored, before: Resource, after: Resource) -> bool:
    """Whether a version repeats what stands and its tags ask for nothing more."""
    stands = found_in(before.get("meta", {}))
    if stands is not None and labelling.said(after.get("meta", {}), stands):
        return False
    return is_same(standing, before, after, stands)


def check_not_lowered(standing: Stored, after: Resource) -> None:
    """Raises NotPermitted for a patch that takes from the tags of what stands."""
    stands = found_in(standing.resource().get("meta", {}))
    if stands is None:
        return
    found = after.get("meta", {})
    left = found_in(found if isinstance(found, dict) else {})
    if (
        left is None
        or confidentiality(left) < confidentiality(stands)
        or mask(stands) & ~mask(left)
    ):
        fault = Fault(
            f"{standing.type}.meta.security", Reason.LABEL, "a label not lower than it is"
        )
        raise NotPermitted("labels are lowered by a security officer alone", (fault,))


async def tell_kept(writing: Writing, standing: Stored, after: Resource, says: int | None) -> None:
    """Record that a source said less than what stands, and that the label was kept."""
    stands = found_in(standing.resource().get("meta", {}))
    if stands is None or says is None:
        return
    told = joined(says, stated(after.get("meta", {})))
    if confidentiality(told) >= confidentiality(stands):
        return
    event = Event(
        EventType.REFUSED,
        Action.EXECUTE,
        writing.actor,
        Outcome.MINOR,
        subjects=(Subject(standing.home, None, (standing.reference,)),),
        reason=Reason.LABEL.value,
        detail="PUT /fhir",
    )
    await ledger.append(writing.unit, event)
