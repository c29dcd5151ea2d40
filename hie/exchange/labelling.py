"""Labels of the reports of one message: each result its own, what holds them the highest of all.

What a department asks for, and how a panel is named, counts for all its results. A patient under
special protection (VIP) gives it to everything of theirs.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from hie.access.labels import (
    Topic,
    again,
    confidentiality,
    floor,
    joined,
    label_of,
    label_with,
    mask,
    panel_of,
)
from hie.access.labels.flows import taken_from
from hie.access.labels.label import UNMAPPED, bit, is_lowered
from hie.access.labels.rules import department_of
from hie.access.labels.tables import tables
from hie.access.labels.tags import found_in
from hie.canonical.context import Built
from hie.canonical.keys import Key, Report, ReportKeys
from hie.store import labelling, relabelling
from hie.store.served import Stored
from hie.store.session import Unit
from hie.store.tables import HOMELESS

Ref = tuple[str, str]
_VIP = label_with(2, bit(Topic.VIP))
_SHARED = ("ServiceRequest", "Specimen")  # several reports may have them


class _Building(Protocol):
    """What a message is settled against: ids of its keys, what stands under them."""

    unit: Unit
    ids: Mapping[Key, str]
    standing: dict[Ref, Stored]


async def labels_of_reports(
    settling: _Building,
    built: Sequence[tuple[Report, ReportKeys, Built]],
    loinc: Mapping[str, tuple[str, bool]],
) -> dict[Ref, int]:
    """The label of each resource these reports make, as (type, id)."""
    labels: dict[Ref, int] = {}
    ids = settling.ids
    for record, keys, made in built:
        report, order = made.resources[keys.report], made.resources[keys.order]
        beside = panel_of(report) | panel_of(order) | _departments(record)
        over = of_patient(settling.standing.get(("Patient", ids[keys.patient])))
        own = {
            key: label_of(tree, loinc, 0 if key.type == "Patient" else beside)
            for key, tree in made.resources.items()
            if key.type not in HOMELESS
        }
        here = {(key.type, ids[key]) for key in own}
        earlier = [ref for ref in taken_from(report) if ref not in here]
        others = await labelling.labels_of(settling.unit, earlier) if earlier else {}
        whole = joined(over, *own.values(), *others.values())
        for key, label in own.items():
            takes = over if key.type in ("Observation", "Patient") else whole
            ref = (key.type, ids[key])
            labels[ref] = joined(labels.get(ref, 0), label, takes)
    return labels


def of_patient(stored: Stored | None) -> int:
    """What a patient's own label says of everything of theirs: that they are protected."""
    found = None if stored is None else found_in(stored.resource().get("meta", {}))
    return _VIP if found is not None and mask(found) & bit(Topic.VIP) else 0


def differs(stored: Stored, label: int | None) -> bool:
    """Whether what stands carries another label than it would with this one."""
    if label is None:
        return False
    found = found_in(stored.resource().get("meta", {}))
    return found is None or again(found, label, tables().levels, forgets=True) != found


def is_told(stored: Stored | None, label: int | None, is_same: bool, is_next: bool) -> bool:
    """Whether what a message says of a resource that stood is to be held against its label.

    `is_same`: it repeats it. `is_next`: it wrote its next version; then that of an order or a
    specimen, which waits for the results that lead to it, and what is unknown, lest an earlier
    message of the batch have the last word.
    """
    if stored is None or stored.type in HOMELESS:
        return False
    if is_next and stored.type not in _SHARED:
        return bool(label is not None and mask(label) & UNMAPPED)
    return (is_same or is_next) and differs(stored, label)


def is_kept(stored: Stored | None, label: int | None) -> bool:
    """Whether a source says less than what stands; that a code is known now is not less."""
    if stored is None or stored.type not in ("Observation", "DiagnosticReport"):
        return False
    found = found_in(stored.resource().get("meta", {}))
    if found is None or label is None or is_lowered(found, tables().levels):
        return False
    return confidentiality(floor(found, tables().levels)) > confidentiality(label)


async def set_unchanged(unit: Unit, repeated: Iterable[Mapping[Ref, int]]) -> None:
    """Label what messages repeat, and orders they change: it may be known better now.

    They only rise, but for UNMAPPED: that goes when no result that leads to them is unknown.
    """
    wanted: dict[Ref, int] = {}
    for said in repeated:
        for ref, label in said.items():
            wanted[ref] = joined(wanted.get(ref, 0), label)
    if not wanted:
        return
    rows = await relabelling.of_refs(unit, wanted)
    for shared in (False, True):  # whether an order is known follows from its results and reports
        part = [one for one in rows if (one.ref[0] in _SHARED) is shared]
        changes: dict[Ref, int] = {}
        for one in part:
            says = wanted[one.ref]
            forgets = bool(mask(one.label) & UNMAPPED and not mask(says) & UNMAPPED)
            if forgets and shared:
                forgets = not await _is_unknown_still(unit, one.stored.home, one.ref)
            elif forgets:
                tree = one.stored.resource()
                forgets = await labelling.is_whole(unit, one.ref, tree, one.stored.message)
            changes[one.ref] = again(one.label, says, tables().levels, forgets=forgets)
        await relabelling.set_labels(unit, changes, part)


async def _is_unknown_still(unit: Unit, home: str, ref: Ref) -> bool:
    """Whether a result or report of the patient that nobody knows leads to this order or specimen.

    A report that cannot be read (a scan) is as unknown as a result without a map.
    """
    reference = "/".join(ref)
    return any(
        reference in one.stored.body.decode()
        for one in await relabelling.of_home(unit, home, ("DiagnosticReport", "Observation"))
        if mask(one.label) & UNMAPPED
    )


def _departments(record: Report) -> int:
    """What the departments say that a report is of."""
    bits = 0
    for name in _named(record):
        bits |= department_of(name)
    return bits


def _named(record: Report) -> Iterable[str]:
    if record.visit is not None and record.visit.department is not None:
        yield record.visit.department.text
    asked = record.requester.department if record.requester is not None else None
    for text in (asked.text, asked.display) if asked is not None else ():
        if text:
            yield text
    if record.requested_by is not None and record.requested_by.name:
        yield record.requested_by.name
