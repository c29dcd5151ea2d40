"""The visits one message tells of (ADT) are built, checked and settled against what stands."""

from hie.access.labels import joined, label_of
from hie.adapter import Issue, Severity
from hie.canonical.encounter import build_visit
from hie.canonical.keys import Key, VisitKeys
from hie.exchange.labelling import of_patient
from hie.exchange.message_work import Work
from hie.exchange.settle_message import Settling
from hie.fhir import Resource
from hie.fhir.profile import check
from hie.records import VisitRecord
from hie.store.resources import First, Put


async def take(
    settling: Settling,
    pending: list[Put | First],
    writer: dict[tuple[str, str], Work],
    patients: dict[str, Resource],
) -> None:
    """Build, check and settle a message's visits; nothing is written of one that is held."""
    work = settling.work
    built = [(keys, _built(settling, record, keys)) for record, keys in work.visits]
    for keys, trees in built:
        stands = settling.standing.get(("Encounter", settling.ids[keys.encounter]))
        if stands is not None and stands.home != settling.ids[keys.patient]:
            expected = "the patient this visit number was first sent for"
            work.issues.append(
                Issue("identify", "visit-of-another-patient", Severity.HOLD, "PID-3", expected)
            )
        work.issues += [
            Issue("check", fault.code, Severity.HOLD, fault.path, fault.expected)
            for tree in trees.values()
            for fault in check(tree)
        ]
    if work.is_refused:
        return
    for keys, trees in built:
        home = settling.ids[keys.patient]
        work.homes.setdefault(home, set()).add(f"Encounter/{settling.ids[keys.encounter]}")
        over = of_patient(settling.standing.get(("Patient", home)))
        for key, tree in trees.items():
            label = joined(label_of(tree, settling.hub.loinc), over) if over else None
            await settling.settle_one(key, tree, keys, home, pending, writer, patients, label)


def _built(settling: Settling, record: VisitRecord, keys: VisitKeys) -> dict[Key, Resource]:
    stored = settling.standing.get(("Patient", settling.ids[keys.patient]))
    stands = settling.standing.get(("Encounter", settling.ids[keys.encounter]))
    return build_visit(
        record,
        keys,
        settling.ids,
        settling.work.site,
        settling.work.decoded.sent,
        None if stored is None else stored.resource(),
        settling.defects,
        None if stands is None else stands.resource(),
    )
