"""Which items an order's codes mean: the hub's own code, LOINC, or a code of the orderer's house.

Codes of one order that mean different items mean none: a wrong card is worse than none. A LOINC
code that is of no item says what is ordered all the same, and then no other code is asked: urine
potassium is not potassium, whatever the house's code was mapped to.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hie.fhir import ITEM, LOINC, local_code_system
from hie.recognition.request_order import Orderable
from hie.store import code_maps
from hie.store.session import Reader

Code = tuple[str, str]  # system, "" where none is stated, and code


@dataclass(frozen=True, slots=True)
class Ordered:
    """What codes mean: an item or class by its key; `loinc` says so, if it does."""

    item: str
    loinc: str | None = None

    def asked(self) -> dict[str, object]:
        """As an order line names it."""
        if self.loinc is None:
            return {"item": self.item}
        return {"code": {"system": LOINC, "code": self.loinc}}


def what_is_ordered(
    codes: Iterable[Code], known: Orderable, mapped: Mapping[Code, str], modality: str | None = None
) -> Ordered | None:
    """What one order's codes mean together; None: nothing that can be ordered here, or two things.

    `mapped` are the house's codes with their items, `modality` the class its modality is of.
    """
    listed = list(codes)
    items = {code for system, code in listed if system == ITEM}
    loinc = [code for system, code in listed if system == LOINC]
    read = [known.catalogue.item_of_loinc(code) for code in loinc]
    items |= {one[0] for one in read if one is not None}
    if modality is not None:
        items.add(modality)
    if not items and not loinc:
        items = {mapped[one] for one in listed if one in mapped}
    if len(items) != 1:
        return None
    item = items.pop()
    if known.kind_of(item) is None:
        return None
    said = (code for code, one in zip(loinc, read, strict=True) if one is not None)
    return Ordered(item, next(said, None))


async def mapped_codes(reader: Reader, institution: str, codes: Iterable[Code]) -> dict[Code, str]:
    """The items of those codes that people approved at the institution's sites.

    A system is the address it has in FHIR, or what the site calls it. A code that two sites of the
    house map to two items is left out.
    """
    wanted = {one for one in codes if one[0] not in (ITEM, LOINC)}
    if not wanted:
        return {}
    found: dict[Code, set[str]] = defaultdict(set)
    rows = await code_maps.approved(reader, institution, {code for _, code in wanted})
    for site, system, code, item in rows:
        for named in {system, local_code_system(site, system or None)}:
            if (named, code) in wanted:
                found[named, code].add(item)
    return {code: items.pop() for code, items in found.items() if len(items) == 1}
