"""Where each content of an instance stands: decided by what came before, never by the door's order.

The same bytes again are nothing new; others replace the first or stand aside, as the profile says.
"""

from collections.abc import Sequence

from hie.adapter import Issue, Severity
from hie.exchange.instance_arrivals import Arrival, Place
from hie.store import instances
from hie.store.instances import InstanceState, StoredInstance
from hie.store.session import Unit

_STANDING = frozenset({InstanceState.CURRENT, InstanceState.REJECTED})
Key = tuple[str, str, str]  # site, SOPInstanceUID, SHA-256
Changes = dict[Key, tuple[StoredInstance, InstanceState, bytes | None]]
Others = dict[tuple[str, str], dict[str, tuple[StoredInstance, InstanceState]]]


async def same_instances(unit: Unit, arrivals: Sequence[Arrival]) -> Others:
    """Every content known of the SOP instances that arrived, by (site, SOP UID) and hash."""
    found: Others = {}
    for site in sorted({one.site.id for one in arrivals}):
        sops = {one.instance.sop for one in arrivals if one.site.id == site}
        for row in await instances.same_sop(unit, site, sops):
            found.setdefault((site, row.sop), {})[row.sha256] = (row, row.state)
    return found


def take(one: Arrival, others: Others, changes: Changes) -> None:
    """Where a good instance will stand, and what it moves aside."""
    same = others.get((one.site.id, one.instance.sop), {})
    mine = same.get(one.instance.sha256)
    if mine is not None and mine[1] not in {InstanceState.WAITING, InstanceState.HELD}:
        one.state, one.is_again = mine[1], True  # it stands where it stood
        return
    standing = [
        row
        for sha256, (row, state) in same.items()
        if state in _STANDING and sha256 != one.instance.sha256
    ]
    one.state = InstanceState.CURRENT
    if standing and one.profile.overwrites:
        for row in standing:
            changes[key_of(row)] = (row, InstanceState.REPLACED, None)
            same[row.sha256] = (row, InstanceState.REPLACED)
        expected = "the bytes of the first sending; the new ones now stand"
        one.issues.append(
            Issue("store", "instance-replaced", Severity.WARN, "(0008,0018)", expected)
        )
    elif standing:
        one.state = InstanceState.REPLACED
        expected = "the bytes of the first sending, which stand"
        one.issues.append(
            Issue("store", "instance-set-aside", Severity.WARN, "(0008,0018)", expected)
        )


def moved_from(
    changes: Changes,
) -> set[Place]:
    """Studies one of whose standing instances was replaced."""
    return {
        (row.site, row.study)
        for row, state, _ in changes.values()
        if state is InstanceState.REPLACED and row.state in _STANDING
    }


def key_of(one: StoredInstance) -> Key:
    """What changes of an instance are kept under."""
    return (one.site, one.sop, one.sha256)
