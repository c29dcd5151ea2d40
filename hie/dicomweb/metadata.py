"""A stored file's head as DICOM JSON, and its bulk data. Runs in a worker only.

DICOM JSON Model: PS3.18 annex F. Values too long for it are named by a BulkDataURI below the
instance's own address: the path of tags and item numbers ("00420011", "54000100/0/54001010").
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pydicom import DataElement, Dataset, dcmread
from pydicom.encaps import generate_fragments
from pydicom.tag import Tag
from pydicom.uid import UID

from hie.dicomweb.pixels import CannotDecode

LONGEST = 1024  # bytes of a binary value inside the JSON
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_PIXELS = Tag(0x7FE00010)


def head_json(path: str, address: str, *, is_head: bool = False) -> bytes:
    """The data set without its pixels as one DICOM JSON object; `address` is the instance's URL.

    `is_head`: the file was cut off before its pixels, which are elsewhere.
    """
    dataset = dcmread(path, force=True, defer_size=65536)
    has_pixels = _PIXELS in dataset or (is_head and "Rows" in dataset)
    found = _object(dataset, f"{address}/bulkdata")
    if has_pixels:
        vr = "OB" if int(dataset.get("BitsAllocated") or 8) <= 8 else "OW"
        found["7FE00010"] = {"vr": vr, "BulkDataURI": f"{address}/bulkdata/7FE00010"}
    syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if syntax:
        found["00083002"] = {"vr": "UI", "Value": [str(syntax)]}  # AvailableTransferSyntaxUID
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")


def bulk(path: str, place: str) -> Iterator[tuple[str, bytes]]:
    """(media type, bytes) of one value; encapsulated pixels come fragment by fragment."""
    dataset = dcmread(path, force=True, defer_size=65536)
    element = _element(dataset, place)
    value = element.value
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        raise CannotDecode("no-such-value", "a tag with binary data")
    syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID") or "1.2.840.10008.1.2"))
    if element.tag == _PIXELS and syntax.is_encapsulated:
        for fragment in generate_fragments(value):
            yield "application/octet-stream", fragment
        return
    yield "application/octet-stream", value


def _object(dataset: Dataset, base: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tag in sorted(dataset.keys()):
        if tag == _PIXELS:
            continue
        name = f"{int(tag):08X}"
        try:
            element = dataset[tag]
            made = _made(element, f"{base}/{name}")
        except Exception:  # noqa: BLE001, S112 - one value no reader understands; the rest is told
            continue
        if made is not None:
            found[name] = made
    return found


def _made(element: DataElement, base: str) -> dict[str, Any] | None:
    if element.VR == "SQ":
        items = [_object(item, f"{base}/{n}") for n, item in enumerate(element.value or ())]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    if element.tag.element == 0:  # a group's length says nothing (PS3.5 7.2)
        return None
    value: dict[str, Any] = element.to_json_dict(lambda _: base, LONGEST)
    return value


def _element(dataset: Dataset, place: str) -> DataElement:
    """The element at a path of tags and item numbers."""
    steps = place.split("/")
    where: Dataset = dataset
    try:
        for n in range(0, len(steps) - 1, 2):
            where = where[_tag(steps[n])].value[int(steps[n + 1])]
        found: DataElement = where[_tag(steps[-1])]
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as fault:
        raise CannotDecode("no-such-value", "a path of tags and item numbers") from fault
    return found


def _tag(text: str) -> Any:
    if not _TAG.fullmatch(text):
        raise ValueError("tag")
    return Tag(int(text, 16))
