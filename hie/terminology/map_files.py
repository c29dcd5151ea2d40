"""A site's map of local codes as a file: FHIR ConceptMap (JSON) or CSV, both ways.

Reading is all or nothing, and names every wrong row. A target that is only wider, narrower or
related is no map: the result is stored and searchable, and cannot stand in for an order.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hie.errors import Fault, UnprocessableRequest
from hie.fhir import CANONICAL, ITEM, LOINC, local_code_system, local_system_name
from hie.fhir.profile import check
from hie.fhir.wire import read_object

COLUMNS = ("system", "code", "name", "item", "loinc")
_NEEDED = frozenset({"code", "item"})
_EXACT = frozenset({"equal", "equivalent"})
_LOINC_CODE = re.compile(r"[0-9]{1,7}-[0-9]\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COMMENT = "cmd-1"  # why a map is only narrower: no map is made of it, so nobody needs to know
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run
_LONGEST = 500  # characters of a cell


@dataclass(frozen=True, slots=True)
class MapRow:
    """One row of a map; `system` is the sender's word for it, "" if it has none."""

    system: str
    code: str
    name: str
    item: str | None
    loinc: str | None


Placed = tuple[str, MapRow]  # where the row stands in the file


def read_maps(name: str, content: str, items: Iterable[str]) -> list[MapRow]:
    """The rows of a ConceptMap (`name` ends in .json) or of a CSV `system,code,name,item,loinc`.

    Raises UnprocessableRequest naming each row that is wrong, InvalidRequest for what is no JSON.
    """
    known = frozenset(items)
    faults: list[Fault] = []
    is_json = name.lower().endswith(".json")
    placed = list((_of_concept_map if is_json else _of_csv)(content, faults))
    rows: dict[tuple[str, str], MapRow] = {}
    for place, row in placed:
        faults += _wrong(place, row, known)
        before = rows.get((row.system, row.code))
        if before is not None and not _completes(before, row):
            faults.append(Fault(f"{place}.code", "repeated", "each code once"))
        elif before is not None:
            row = replace(row, item=before.item or row.item, loinc=before.loinc or row.loinc)
        rows[row.system, row.code] = row
    if faults:
        raise UnprocessableRequest(
            "the map was not imported",
            tuple(Fault(f"{name}:{fault.path}", fault.code, fault.expected) for fault in faults),
        )
    return list(rows.values())


def _wrong(place: str, row: MapRow, known: frozenset[str]) -> Iterator[Fault]:
    if not row.code:
        yield Fault(f"{place}.code", "required", "a local code")
    for column, text in (("system", row.system), ("code", row.code), ("name", row.name)):
        if _CONTROL.search(text):
            yield Fault(f"{place}.{column}", "control-character", "printable text")
        elif len(text) > _LONGEST:
            yield Fault(f"{place}.{column}", "too-long", f"at most {_LONGEST} characters")
    if row.item is not None and row.item not in known:
        yield Fault(f"{place}.item", "unknown-item", "an item of the catalogue")
    if row.loinc is not None and not _LOINC_CODE.match(row.loinc):
        yield Fault(f"{place}.loinc", "not-loinc", "a LOINC code, 2823-3")


def _completes(before: MapRow, row: MapRow) -> bool:
    """Whether one row says the item and the other the LOINC code of one local code."""
    return (
        (before.item is None or row.item is None)
        and (before.loinc is None or row.loinc is None)
        and (before.item or before.loinc) != (row.item or row.loinc)
    )


def _of_csv(content: str, faults: list[Fault]) -> Iterator[Placed]:
    text = content.removeprefix("\ufeff")
    head = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        faults += _wrong_header(header)
        if faults:
            return
        for cells in reader:
            place = f"row {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                faults.append(Fault(place, "too-many-cells", f"at most {len(header)}"))
                continue
            row = dict(zip(header, map(_cell, cells), strict=False))
            yield (
                place,
                MapRow(
                    row.get("system", ""),
                    row.get("code", ""),
                    row.get("name", ""),
                    row.get("item") or None,
                    row.get("loinc") or None,
                ),
            )
    except csv.Error as problem:
        faults.append(Fault(f"row {reader.line_num}", "malformed-csv", str(problem)))


def _wrong_header(header: list[str]) -> Iterator[Fault]:
    for column in dict.fromkeys(header):
        if column not in COLUMNS:
            yield Fault(f"header.{column[:64]}", "unknown-column", ", ".join(COLUMNS))
        elif header.count(column) > 1:
            yield Fault(f"header.{column}", "repeated-column", "each column once")
    for column in sorted(_NEEDED.difference(header)):
        yield Fault(f"header.{column}", "missing-column", column)


def _cell(text: str) -> str:
    """A cell as it was meant: `write_csv` guards what a spreadsheet would run."""
    plain = text.strip()
    return plain[1:] if plain.startswith("'") and _is_formula(plain) else plain


def _is_formula(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA)


def _of_concept_map(content: str, faults: list[Fault]) -> Iterator[Placed]:
    resource = read_object(content.removeprefix("\ufeff").encode("utf-8", "surrogatepass"))
    if resource.get("resourceType") != "ConceptMap":
        faults.append(Fault("resourceType", "wrong-type", "ConceptMap"))
        return
    faults += [one for one in check(resource) if one.code != _COMMENT]
    if faults:
        return
    for number, group in enumerate(resource.get("group", ())):
        target = group.get("target")
        if target not in (ITEM, LOINC):
            faults.append(Fault(f"group[{number}].target", "unknown-system", f"{ITEM} or {LOINC}"))
            continue
        system = local_system_name(group.get("source", ""))
        for at, element in enumerate(group["element"]):
            place = f"group[{number}].element[{at}]"
            codes = _targets(element)
            if len(codes) > 1:
                faults.append(Fault(f"{place}.target", "several-targets", "one equivalent code"))
            found = codes[0] if codes else None
            yield (
                place,
                MapRow(
                    system,
                    element.get("code", ""),
                    element.get("display", ""),
                    found if target == ITEM else None,
                    found if target == LOINC else None,
                ),
            )


def _targets(element: Mapping[str, Any]) -> list[str]:
    return [
        one["code"]
        for one in element.get("target", ())
        if one.get("equivalence") in _EXACT and "code" in one
    ]


def concept_map(site: str, entries: Iterable[tuple[MapRow, str]]) -> dict[str, Any]:
    """A site's maps as a FHIR R4 ConceptMap; `entries` are rows with the item's display."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row, display in entries:
        if row.item is not None:
            element = _element(row, {"code": row.item, "display": display})
            groups.setdefault((row.system, ITEM), []).append(element)
        if row.loinc is not None:
            groups.setdefault((row.system, LOINC), []).append(_element(row, {"code": row.loinc}))
    made: dict[str, Any] = {
        "resourceType": "ConceptMap",
        "url": f"{CANONICAL}/ConceptMap/{site}",
        "status": "active",
    }
    if groups:
        made["group"] = [
            {
                "source": local_code_system(site, system or None),
                "target": target,
                "element": sorted(elements, key=lambda element: str(element["code"])),
            }
            for (system, target), elements in sorted(groups.items())
        ]
    return made


def _element(row: MapRow, target: dict[str, str]) -> dict[str, Any]:
    element: dict[str, Any] = {"code": row.code}
    if row.name:
        element["display"] = row.name
    element["target"] = [{**target, "equivalence": "equivalent"}]
    return element


def write_csv(rows: Iterable[MapRow]) -> str:
    """Rows as CSV that a spreadsheet opens and nothing in it runs."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (row.system, row.code, row.name, row.item or "", row.loinc or "")
        writer.writerow(f"'{cell}" if _is_formula(cell) else cell for cell in cells)
    return buffer.getvalue()
