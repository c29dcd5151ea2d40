"""`python -m tests.chromium data.json`: the list of what is newer, made anew.

`data.json` is the file of the npm package `@mdn/browser-compat-data`:
`npm pack @mdn/browser-compat-data && tar xzf mdn-*.tgz package/data.json`.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.chromium import FILE, OLDEST

_PREVIEW = 999  # announced, in no version yet
_KEYWORD = re.compile(r"[a-z]+(-[a-z]+)*")
_FUNCTION = re.compile(r"<code>([a-z-]+)\(\)</code>")


def main(path: str) -> int:
    """Write the list; 0."""
    data = json.loads(Path(path).read_text("utf-8"))
    made = {
        "source": f"@mdn/browser-compat-data {data['__meta']['version']} (CC0-1.0)",
        "newer_than": OLDEST,
        "css": _css(data["css"]),
        "html": _html(data["html"]),
        "js": _js(data["api"], data["javascript"]["builtins"]),
    }
    FILE.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", "utf-8")
    return 0


def since(entry: dict[str, Any]) -> int | None:
    """The first version that has it under its own name and without a switch; None for none."""
    said = entry["support"].get("chrome", [])
    found = []
    for one in said if isinstance(said, list) else [said]:
        if one.keys() & {"flags", "prefix", "alternative_name"}:
            continue
        added, removed = _number(one.get("version_added")), _number(one.get("version_removed"))
        if added is not None and (removed is None or removed > OLDEST):
            found.append(added)
    return min(found, default=None)


def _number(version: Any) -> int | None:
    if version in (None, False):
        return None
    return _PREVIEW if version == "preview" else int(str(version).lstrip("≤").partition(".")[0])


def _is_prefixed(entry: dict[str, Any]) -> bool:
    """Whether the oldest browser has it with `-webkit-` before its name."""
    said = entry["support"].get("chrome", [])
    for one in said if isinstance(said, list) else [said]:
        added = _number(one.get("version_added"))
        if one.get("prefix") == "-webkit-" and added is not None and added <= OLDEST:
            return True
    return False


def _late(entry: dict[str, Any] | None) -> int | None:
    found = None if entry is None else since(entry)
    return found if found is not None and found > OLDEST else None


def _parts(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, part) for name, part in tree.items() if name != "__compat")


def _newer(tree: dict[str, Any]) -> dict[str, int]:
    found = {name: _late(part.get("__compat")) for name, part in _parts(tree)}
    return {name: version for name, version in found.items() if version is not None}


def _all(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "__compat" in tree:
        yield tree["__compat"]
    for _, below in _parts(tree):
        yield from _all(below)


def _css(css: dict[str, Any]) -> dict[str, Any]:
    properties, rules = css["properties"], css["at-rules"]
    values = {
        name: {word: version for word, version in _newer(part).items() if _KEYWORD.fullmatch(word)}
        for name, part in properties.items()
    }
    functions = {}
    for entry in _all(css["types"]):
        said, version = _FUNCTION.match(entry.get("description", "")), _late(entry)
        if said is not None and version is not None:
            functions[said[1]] = min(version, functions.get(said[1], _PREVIEW))
    newer = _newer(properties)
    return {
        "properties": newer,
        "prefixed": sorted(name for name in newer if _is_prefixed(properties[name]["__compat"])),
        "values": {name: words for name, words in values.items() if words and name not in newer},
        "rules": _newer(rules),
        "media": _newer(rules["media"]),
        "selectors": _newer(css["selectors"]),
        "functions": functions,
        "units": _newer(css["types"]["length"]),
        "colours": _newer(css["types"]["color"]["system-color"]),
    }


def _html(html: dict[str, Any]) -> dict[str, Any]:
    elements = html["elements"]
    return {
        "elements": _newer(elements),
        "attributes": {
            "*": _newer(html["global_attributes"]),
            **{name: newer for name, part in elements.items() if (newer := _newer(part))},
        },
    }


def _js(*trees: dict[str, Any]) -> dict[str, Any]:
    """Newer types and functions, and of older types the newer members.

    A member that any older type has under the same name is left out: a name alone does not say of
    which type it is. Those of newer types need no line, as nothing of them is had without one.
    """
    types: dict[str, int] = {}
    found: dict[str, dict[str, int]] = {"members": {}, "events": {}, "statics": {}}
    older: set[str] = set()
    for tree in trees:
        types |= _newer(tree)
        for name, part in _parts(tree):
            for member, below in _parts({} if name in types else part):
                version, (word, _, kind) = _late(below.get("__compat")), member.partition("_")
                if version is None:
                    older.add(member if kind == "event" else word)
                elif kind == "static":
                    found["statics"][f"{name}.{word}"] = version
                elif kind == "event" and member not in older:
                    found["events"][word] = version
                elif not kind and word.isidentifier():
                    found["members"][word] = version
    found["members"] = {one: v for one, v in found["members"].items() if one not in older}
    found["events"] = {one: v for one, v in found["events"].items() if f"{one}_event" not in older}
    return {"types": types, **found}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
