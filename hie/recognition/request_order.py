"""The orders of an order-check: what can be ordered, and what each line may say.

A laboratory line names an item of the catalogue by its key or by a LOINC code; an imaging line
names a class, and may say which part, side, contrast, protocol and tracer. What belongs to the
other kind is refused, not ignored.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from hie.fhir import LOINC
from hie.recognition.catalogue import Catalogue, Item
from hie.recognition.request_fields import Fields, Wrong
from hie.recognition.rulebook import Kind

MAX_ORDERS = 100
SETTINGS = ("laboratory", "point-of-care")
SIDES = ("L", "R", "B")

_FOR_LABORATORY = ("method", "setting")
_FOR_IMAGING = ("body_part", "laterality", "contrast", "protocol", "tracer")
_ORDER = ("ref", "item", "code", "conflict", *_FOR_LABORATORY, *_FOR_IMAGING)


@dataclass(frozen=True, slots=True)
class Order:
    """One order line. `code` is the LOINC code it was ordered by, if it was."""

    ref: str
    item: str
    kind: Kind = Kind.LABORATORY
    code: str | None = None
    method: str | None = None
    setting: str | None = None
    conflict: bool = False
    body_part: str | None = None
    laterality: str | None = None
    contrast: bool | None = None
    protocol: str | None = None
    tracer: str | None = None


@dataclass(frozen=True, slots=True)
class Orderable:
    """What can be ordered on a day; on an unknown day, anything of any day."""

    catalogue: Catalogue
    day: date | None

    @property
    def items(self) -> Mapping[str, Item]:
        """The laboratory items that can be ordered."""
        return self.catalogue.on(self.day) if self.day else self.catalogue.items

    def kind_of(self, key: str) -> Kind | None:
        """What an order of this key is; None if it cannot be ordered."""
        if key in self.items:
            return Kind.LABORATORY
        classes = self.catalogue.classes_on(self.day) if self.day else self.catalogue.classes
        return Kind.IMAGING if key in classes else None


def read_orders(top: Fields, known: Orderable) -> list[Order]:
    """The orders of a request, in its order; what is wrong in them is added to its faults."""
    orders: list[Order] = []
    seen: set[str] = set()
    for fields in top.objects("orders", _ORDER, MAX_ORDERS, required=True, filled=True) or ():
        ref = fields.text("ref", required=True)
        if ref is not None and ref in seen:
            fields.refuse("ref", Wrong.REPEATED_REF, "a ref no other order has")
        seen.add(ref or "")
        orders.append(_read_order(fields, ref or "", known))
    return orders


def _read_order(fields: Fields, ref: str, known: Orderable) -> Order:
    item, code = _read_what(fields, known)
    kind = known.kind_of(item) if item else None
    method = fields.text("method")
    setting = fields.code("setting", SETTINGS, Wrong.UNKNOWN_SETTING) or None
    read = Order(
        ref,
        item or "",
        kind or Kind.LABORATORY,
        code,
        method,
        setting,
        fields.flag("conflict") or False,
        fields.text("body_part"),
        fields.code("laterality", SIDES, Wrong.UNKNOWN_LATERALITY) or None,
        fields.flag("contrast"),
        fields.text("protocol"),
        fields.text("tracer"),
    )
    if kind is Kind.LABORATORY:
        _leave_out(fields, _FOR_IMAGING, Wrong.IMAGING_ONLY)
        groups = [group.key for group in known.items[read.item].methods]
        if method is not None and method not in groups:
            fields.refuse("method", Wrong.UNKNOWN_METHOD, "one of " + (", ".join(groups) or "none"))
    elif kind is Kind.IMAGING:
        _leave_out(fields, _FOR_LABORATORY, Wrong.LABORATORY_ONLY)
    return read


def _leave_out(fields: Fields, keys: Collection[str], code: Wrong) -> None:
    for key in keys:
        if fields.states(key):
            fields.refuse(key, code, "nothing for an order of this kind")


def _read_what(fields: Fields, known: Orderable) -> tuple[str | None, str | None]:
    """The item's key, and the LOINC code it was ordered by."""
    key = fields.text("item")
    coded = fields.object("code", ("system", "code"))
    if fields.states("item") == fields.states("code"):
        fields.refuse("item", Wrong.ITEM_OR_CODE, "an item or a code, and not both")
        return None, None
    if coded is None:
        if key is not None and known.kind_of(key) is None:
            fields.refuse("item", Wrong.UNKNOWN_ITEM, "an item of the catalogue")
            return None, None
        return key, None
    system = coded.text("system", required=True)
    code = coded.text("code", required=True)
    if system is None or code is None:
        return None, None
    found = known.catalogue.item_of_loinc(code) if system == LOINC else None
    if found is None or known.kind_of(found[0]) is None:
        fields.refuse("code", Wrong.UNKNOWN_CODE, f"{LOINC} and a code of the catalogue")
        return None, None
    return found[0], code
