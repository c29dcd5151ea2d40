"""The viewer's scripts that need no page, in a browser, and DICOM JSON for them."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from pydicom import Dataset

import hie.web

SCRIPTS = Path(hie.web.__file__).parent / "static" / "viewer"
AXIAL, CORONAL = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1]


def empty_page(browser: Browser) -> Page:
    """An empty page with these scripts; the caller closes it."""
    opened = browser.new_page()
    for name in ("slices", "grey", "frames", "measure"):
        opened.evaluate((SCRIPTS / f"{name}.js").read_text("utf-8"))
    return opened


def ordered(page: Page, *instances: dict[str, Any]) -> list[dict[str, Any]]:
    """The slices of these instances, as the viewer shows them one after the other."""
    found: list[dict[str, Any]] = page.evaluate(
        "all => window.hieSlices.ordered(all)", list(instances)
    )
    return found


def instance(uid: int, **tags: Any) -> dict[str, Any]:
    """DICOM JSON of one picture; names are keywords."""
    data = Dataset()
    data.SOPInstanceUID = f"1.2.{uid}"
    data.Rows, data.Columns, data.SamplesPerPixel = 4, 4, 1
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
    data.PhotometricInterpretation = "MONOCHROME2"
    for name, value in tags.items():
        setattr(data, name, value)
    made: dict[str, Any] = json.loads(data.to_json())
    return made


def item(**tags: Any) -> Dataset:
    """An item of a sequence; what is itself a sequence is given by its one item."""
    data = Dataset()
    for name, value in tags.items():
        setattr(data, name, [value] if name.endswith("Sequence") else value)
    return data
