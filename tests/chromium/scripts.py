"""A script's names, and a page's elements and attributes, that the oldest browser does not know."""

import re
from collections.abc import Iterator

from tests.chromium import features

_COMMENT = re.compile(r"(?<![:\\\"'`])//[^\n]*|/\*.*?\*/", re.S)
_ASSIGNED = r"(?:^|[=(,:!&|?;{}\n]|\breturn)\s*"
# Syntax that has no name of its own, and the version that brought it (MDN, JavaScript reference).
_SYNTAX = {
    "regular expression with v": re.compile(
        _ASSIGNED + r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n\[])+/[dgimsuy]*v"
    ),
    "regular expression with v, made": re.compile(r"\bRegExp\([^)]*,\s*[\"'][a-z]*v"),
    "modifier in a regular expression": re.compile(r"\(\?[ims]+(?:-[ims]+)?:|\(\?-[ims]+:"),
    "using": re.compile(r"^\s*(?:await\s+)?using\s+[A-Za-z_$][\w$]*\s*=", re.M),
    "import with": re.compile(r"\bfrom\s*[\"'][^\"']*[\"']\s*with\s*\{"),
}
_TAG = re.compile(r"<([a-z][a-z0-9-]*)\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.S)
_ATTRIBUTE = re.compile(r"(?<![\w-])([a-z][a-z-]*)(?==|\s|$|/)")


def newer_in_js(text: str) -> set[str]:
    """Types, members and events a script names, and syntax, in what is no comment."""
    code = _COMMENT.sub(" ", text)
    js = features()["js"]
    found = {name for name, pattern in _SYNTAX.items() if pattern.search(code)}
    found |= set(re.findall(r"(?<![.\w$])([A-Za-z_$][\w$]*)\b(?=\s*[.(\[)])", code)) & set(
        js["types"]
    )
    found |= {
        f".{one}" for one in re.findall(r"\.([A-Za-z_$][\w$]*)", code) if one in js["members"]
    }
    found |= set(re.findall(r"(?<![.\w$])([A-Z]\w*\.\w+)", code)) & set(js["statics"])
    heard = re.findall(r"(?:EventListener\(\s*[\"'`]|\.on)([a-z]+)", code)
    return found | {f"event {one}" for one in heard if one in js["events"]}


def newer_in_html(text: str) -> set[str]:
    """Elements and attributes of a page or template."""
    return set(_markup(re.sub(r"\{[{%#].*?[}%#]\}", " ", text, flags=re.S)))


def _markup(text: str) -> Iterator[str]:
    html = features()["html"]
    everywhere = html["attributes"]["*"]
    for element, attributes in _TAG.findall(text):
        if element in html["elements"]:
            yield f"<{element}>"
        bare = re.sub(r"\"[^\"]*\"|'[^']*'", "''", attributes)
        for name in _ATTRIBUTE.findall(bare):
            if name in everywhere or name in html["attributes"].get(element, ()):
                yield f"<{element} {name}>"
