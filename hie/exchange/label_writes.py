"""The label of what a client writes: its own and what it takes; nothing it sends lowers one."""

from collections.abc import Sequence

from hie.access.labels import again, confidentiality, joined, label_of, mask, with_label
from hie.access.labels.tables import tables
from hie.access.labels.tags import are_tags, asked, found_in, stated
from hie.access.reason import Reason
from hie.audit.event import Action, Event, EventType, Outcome, Subject
from hie.errors import Fault, NotPermitted
from hie.exchange.label_flow import Node, take
from hie.exchange.settle import same_content
from hie.exchange.writing import Ref, Writing
from hie.fhir import Resource
from hie.store import labelling, ledger
from hie.store.served import Stored
from hie.store.tables import HOMELESS


async def labels_of_new(
    writing: Writing, news: Sequence[tuple[Ref, str, Resource]]
) -> dict[Ref, Node]:
    """The labels of resources that are made together, with what each takes from the others.

    What is nobody's has none and is left out.
    """
    loinc = writing.unit.db.loinc
    nodes = {
        ref: Node(
            home, tree, joined(label_of(tree, loinc, mapped=False), asked(tree.get("meta", {})))
        )
        for ref, home, tree in news
        if home and ref[0] not in HOMELESS
    }
    await take(writing.unit, nodes)
    return nodes


async def label_of_change(writing: Writing, standing: Stored, after: Resource) -> int | None:
    """What a next version says and takes, without what the one before it had; None: nobody's."""
    ref = (standing.type, standing.id)
    if not standing.home or standing.type in HOMELESS:
        return None
    mapped = standing.resource().get("code") == after.get("code")  # the hub's word, repeated
    node = Node(standing.home, after, label_of(after, writing.unit.db.loinc, mapped=mapped))
    await take(writing.unit, {ref: node})
    return node.label


def next_label(standing: Stored, after: Resource, says: int) -> int:
    """The label of a next version: as high as the one that stands, and as what it says."""
    old = standing.resource()
    stands = found_in(old.get("meta", {}))
    if same_content(old, after):
        says = again(stands, says, tables().levels, forgets=False)
    meta = after.get("meta", {})
    return joined(says, 0 if stands is None else stands, labelling.said(meta, stands))


def rises(standing: Stored, label: int) -> bool:
    """Whether a next version of this label is labelled higher than the one that stands."""
    return found_in(standing.resource().get("meta", {})) != label


def says_no_more(standing: Stored, before: Resource, after: Resource) -> bool:
    """Whether a version repeats what stands and its tags ask for nothing more."""
    stands = found_in(before.get("meta", {}))
    if stands is not None and labelling.said(after.get("meta", {}), stands):
        return False
    return is_same(standing, before, after, stands)


def is_same(standing: Stored, before: Resource, after: Resource, label: int | None) -> bool:
    """Whether a version says just what stands, in its tags too; `before` is it, cleaned."""
    if not (same_content(standing.resource(), after) and are_tags(after.get("meta", {}))):
        return False
    meta, old = after.get("meta", {}), before.get("meta", {})
    if label is None:
        return bool(meta == old)
    if found_in(old) is None:
        old = with_label(old, label)
    return bool(with_label(meta, label) == old)


def check_not_lowered(standing: Stored, after: Resource) -> None:
    """Raises NotPermitted for a patch that takes from the tags of what stands.

    What is no Meta at all is not sound, as is said when the patched resource is checked.
    """
    stands = found_in(standing.resource().get("meta", {})) or 0
    found = after.get("meta", {})
    if not isinstance(found, dict):
        return
    left = found_in(found) or 0
    if confidentiality(left) < confidentiality(stands) or mask(stands) & ~mask(left):
        path = f"{standing.type}.meta.security"
        fault = Fault(path, Reason.LABEL, "a label not lower than it is")
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
