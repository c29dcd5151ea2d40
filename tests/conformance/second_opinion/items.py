"""The catalogue as the second opinion knows it: items.yaml, made from the source tables."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from hie.schemas import load_yaml

_FILE = Path(__file__).parent / "items.yaml"
ITEMS: dict[str, dict[str, Any]] = load_yaml(_FILE.read_text("utf-8"), _FILE.name)
IMAGING = ("XRAY", "CT", "MRI", "US", "NM", "MG")
CONTRAST_IS_ASKED = ("CT", "MRI")


def is_imaging(item: str | None) -> bool:
    return item in IMAGING


def is_coded(item: str | None) -> bool:
    return item is not None and bool(ITEMS[item].get("coded"))


def is_quantity(item: str | None) -> bool:
    return item is not None and ITEMS[item].get("coded") is False


def number(item: str | None, name: str) -> Decimal | None:
    """A number of the item, None where it has none."""
    found = ITEMS[item].get(name) if item else None
    return None if found is None else Decimal(str(found))


def item_of_code(code: str | None) -> tuple[str | None, bool]:
    """The item of a LOINC code, and whether it needs no confirmation."""
    for key, item in ITEMS.items():
        if code in item.get("confirmed", ()):
            return key, True
        if code in item.get("unconfirmed", ()):
            return key, False
    return None, False
