"""What the entries of a transaction call one another becomes what they are called here.

FHIR R4 http.html#trules, bundle.html#references: references and elements of type uri, url, oid and
uuid, and links in the narrative; never an identifier's value or a canonical. A relative reference
is read beside the fullUrl of its own entry.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import takewhile
from typing import Any

from hie.fhir.pointers import pointers
from hie.fhir.wire import write

Links = Mapping[str, str]  # fullUrl -> "Type/id"

_ADDRESSES = frozenset(
    {
        "address", "endpoint", "instantiatesUri", "issuer", "location", "sourceUri", "targetUri",
        "uri", "url", "valueOid", "valueUri", "valueUrl", "valueUuid",
    }
)  # fmt: skip
_IN_TEXT = re.compile(r"""(?<=[\s])(href|src)=(["'])(urn:[^"'#]{1,200})(#[^"']*)?\2""")
_ESCAPED = re.compile(r"[\\\"\x00-\x1f]")
_RESTFUL = re.compile(r"(?P<root>https?://.+/)[A-Za-z]+/[A-Za-z0-9.-]{1,64}\Z")


def rewritten(tree: Any, links: Links, full_url: str = "") -> Any:
    """A resource, or a part of one, with what its links stand for; the one given stays as it is."""
    found = _RESTFUL.match(full_url)
    if found is None and not _names_any(tree, links):
        return tree
    return _rewritten(tree, links, found["root"] if found else "")


def conditional_references(tree: Any) -> list[str]:
    """Every reference that is a search, such as `Patient?identifier=…`."""
    if b"?" not in write(tree):
        return []
    found = [one["reference"] for one in pointers(tree)]
    return [text for text in found if is_conditional(text)]


def is_conditional(text: str) -> bool:
    """Whether a reference is a search: a type and its parameters, no address."""
    kind, mark, _ = text.partition("?")
    return bool(mark) and kind.isascii() and kind.isalpha()


def _names_any(tree: Any, links: Links) -> bool:
    """Whether any link may stand in it: most resources of a bundle name none.

    Asked of the text, by what all links begin with; what JSON would escape is not asked.
    """
    sign = _alike(min(links, default=""), max(links, default=""))
    return not sign.isascii() or _ESCAPED.search(sign) is not None or sign.encode() in write(tree)


@lru_cache(maxsize=16)
def _alike(first: str, last: str) -> str:
    """What two texts begin with, and all that stand between them in order."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return first[: len(list(pairs))]


def _rewritten(tree: Any, links: Links, root: str) -> Any:
    if isinstance(tree, list):
        return [_rewritten(one, links, root) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {name: _member(name, value, links, root) for name, value in tree.items()}


def _member(name: str, value: Any, links: Links, root: str) -> Any:
    if not isinstance(value, str):
        return _rewritten(value, links, root)
    if name == "reference":
        whole, mark, part = value.partition("#")
        found = links.get(value) or links.get(whole) or links.get(root + whole if root else "")
        return value if found is None else found + (mark + part if value not in links else "")
    if name in _ADDRESSES and value.startswith("urn:"):
        return links.get(value, value)
    if name == "div" and "urn:" in value:
        return _IN_TEXT.sub(_in_text(links), value)
    return value


def _in_text(links: Links) -> Callable[[re.Match[str]], str]:
    def written(match: re.Match[str]) -> str:
        name, quote, address, part = match.groups()
        if address not in links:
            return match[0]
        return f"{name}={quote}{links[address]}{part or ''}{quote}"

    return written
