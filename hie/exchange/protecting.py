"""Who is under special protection (VIP) is so at every institution: also at one that comes later.

Whatever makes two records one person calls this in its unit, after the rows are written. Labels
only rise: a record that turns out to be somebody else's is lowered by a security officer.
"""

from collections.abc import Iterable

from hie.access.labels import Topic, joined, label_with, mask
from hie.access.labels.label import bit
from hie.store import labelling, persons, relabelling
from hie.store.session import Unit

_BIT = bit(Topic.VIP)
PROTECTED = label_with(2, _BIT)


async def protect(unit: Unit, among: Iterable[str]) -> None:
    """Raise everything of those of these persons one of whose Patients is protected."""
    for homes in (await persons.families(unit, among)).values():
        known = await labelling.labels_of(unit, [("Patient", home) for home in homes])
        is_protected = {home: bool(mask(known.get(("Patient", home), 0)) & _BIT) for home in homes}
        if not any(is_protected.values()):
            continue
        for home in homes:
            if not is_protected[home]:
                rows = await relabelling.of_home(unit, home)
                changes = {one.ref: joined(one.label, PROTECTED) for one in rows}
                await relabelling.set_labels(unit, changes, rows)
