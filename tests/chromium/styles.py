"""A stylesheet's words that the oldest browser does not know."""

import re
from collections.abc import Iterator

from tests.chromium import features

_LEFT_OUT = re.compile(r"/\*.*?\*/|\"[^\"]*\"|'[^']*'|url\([^)]*\)", re.S)
_PSEUDO = re.compile(r"::?([a-z-]+)")
_OF = re.compile(r":nth-(?:last-)?child\([^)]*\bof\b")
_CALL = re.compile(r"(?<![\w-])([a-z-]+[a-z0-9]*)\(")
_UNIT = re.compile(r"(?<![\w#-])[\d.]+([a-z]+)\b")
_RELATIVE = re.compile(r"\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)\(\s*from\b")
_STYLED = ("media", "supports", "layer", "container")  # a rule in one of these is not nested


def newer_in_css(text: str) -> set[str]:
    """Names of properties, values, rules, selectors, functions and units, nesting among them."""
    found: set[str] = set()
    around: list[str] = []  # what the block we are in belongs to
    before: list[set[str]] = [set()]  # properties of that block so far
    words = ""
    for mark in re.split(r"([{};])", _LEFT_OUT.sub(" ", text)):
        if mark == "{":
            found |= set(_head(words.strip(), around))
            around.append(words.strip())
            before.append(set())
        elif mark in {";", "}"}:
            name, colon, value = words.partition(":")
            if colon:
                found |= set(_declaration(name.strip().lower(), value.lower(), before[-1]))
            elif words.strip().startswith("@"):
                found |= set(_rule(words.strip()))
            if mark == "}" and around:
                around.pop()
                before.pop()
        words = "" if mark in {"{", "}", ";"} else mark
    return found


def _head(words: str, around: list[str]) -> Iterator[str]:
    """What stands before a block: an at-rule, or selectors."""
    if words.startswith("@"):
        yield from _rule(words)
        return
    newer = features()["css"]["selectors"]
    yield from (f":{one}" for one in _PSEUDO.findall(words) if one in newer)
    if _OF.search(words):
        yield ":nth-child(of)"
    inner = around[-1] if around else ""
    is_plain = not inner or inner.startswith(tuple(f"@{one}" for one in _STYLED))
    if "&" in words or not (is_plain or inner.startswith("@")):
        yield "nesting"


def _rule(words: str) -> Iterator[str]:
    name, _, asked = words[1:].partition(" ")
    css = features()["css"]
    if name in css["rules"]:
        yield f"@{name}"
    if name == "media":
        yield from (one for one in re.findall(r"[a-z-]+", asked) if one in css["media"])
    if name == "container" and re.search(r"\bstyle\(", asked):
        yield "@container style()"


def _declaration(name: str, value: str, before: set[str]) -> Iterator[str]:
    css = features()["css"]
    is_spare = name in css["prefixed"] and f"-webkit-{name}" in before
    before.add(name)
    if name in css["properties"] and not is_spare:
        yield name
    words = set(re.findall(r"(?<![\w-])[a-z]+(?:-[a-z]+)*(?![\w-])", value))
    yield from (f"{name}: {one}" for one in words & set(css["values"].get(name, ())))
    yield from (one for one in words & set(css["colours"]))
    yield from (f"{one}()" for one in _CALL.findall(value) if one in css["functions"])
    yield from (one for one in _UNIT.findall(value) if one in css["units"])
    if _RELATIVE.search(value):
        yield "a colour from another"
