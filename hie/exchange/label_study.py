"""Labels of a study and its documents: what they say, who asked, and the reports about them."""

from collections.abc import Iterable, Sequence

import msgspec

from hie.access.labels import joined, label_of
from hie.access.labels.flows import given_to
from hie.access.labels.rules import department_of
from hie.exchange.label_flow import Node, Ref, take
from hie.records import InstanceRecord
from hie.store import relabelling
from hie.store.relabelling import Labelled
from hie.store.resources import Put
from hie.store.session import Unit


async def labelled(
    unit: Unit, puts: Sequence[Put], records: Sequence[InstanceRecord], reports: Iterable[Ref]
) -> list[Put]:
    """The puts with their labels; the reports that name the study are raised to its.

    `reports`: those that may be about it, whatever home they are in.
    """
    bits = 0
    for text in {one.study.department.text for one in records if one.study.department}:
        bits |= department_of(text)
    nodes: dict[Ref, Node] = {}
    for put in puts:
        if put.home:
            beside = 0 if put.type == "Patient" else bits
            label = label_of(put.resource, unit.db.loinc, beside)
            nodes[put.type, put.id] = Node(put.home, put.resource, label)
    about = await _about(unit, set(nodes), reports)
    for report, named in about:
        for ref in named:
            nodes[ref].label = joined(nodes[ref].label, report.label)
    await take(unit, nodes)
    changes = {
        report.ref: joined(report.label, *(nodes[ref].label for ref in named))
        for report, named in about
    }
    await relabelling.set_labels(unit, changes, [report for report, _ in about])
    return [
        msgspec.structs.replace(put, label=nodes[put.type, put.id].label) if put.home else put
        for put in puts
    ]


async def _about(
    unit: Unit, studies: set[Ref], reports: Iterable[Ref]
) -> list[tuple[Labelled, list[Ref]]]:
    """Those of the reports that name one of these studies, and which."""
    found = []
    for one in await relabelling.of_refs(unit, reports):
        named = [ref for ref in given_to(one.stored.resource()) if ref in studies]
        if named:
            found.append((one, named))
    return found
