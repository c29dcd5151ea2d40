"""Narrative: what may stand in the XHTML of `Narrative.div`, txt-1 and txt-2 (narrative.html).

The elements and attributes of chapters 7 to 11 (without 9.4) and 15 of HTML 4.0, links, images and
styles. Nothing of it is ever run or shown by the hub; it is handed on to those who do show it, so
scripts, events and forms end here. One pass of a parser that resolves no entity of a stranger's.
"""

from html.entities import html5
from xml.parsers import expat

_CORE = "abbr acronym address b bdo big blockquote br cite code dfn div em hr i kbd p pre q samp"
_MORE = "small span strong sub sup tt var h1 h2 h3 h4 h5 h6 ul ol li dl dt dd"
_TABLE = "table caption colgroup col thead tfoot tbody tr th td"
_ELEMENTS = frozenset(f"{_CORE} {_MORE} {_TABLE} a img map area".split())
_NAMED = "xmlns id class style title"
_EVERYWHERE = frozenset(
    f"{_NAMED} lang xml:lang dir accesskey tabindex align valign width char charoff span".split()
)
_OWN = {
    "a": "href name charset type hreflang rel rev shape coords target",
    "area": "shape coords href nohref alt",
    "blockquote": "cite",
    "q": "cite",
    "img": "src alt longdesc height usemap ismap border hspace vspace",
    "map": "name",
    "table": "summary border frame rules cellspacing cellpadding bgcolor",
    "tr": "bgcolor",
    "td": "abbr axis headers scope rowspan colspan nowrap bgcolor height",
    "th": "abbr axis headers scope rowspan colspan nowrap bgcolor height",
    "ol": "start type compact",
    "ul": "type compact",
    "li": "value type",
    "br": "clear",
    "hr": "noshade size",
    "pre": "space xml:space",
}
_ALLOWED = {name: _EVERYWHERE | frozenset(_OWN.get(name, "").split()) for name in _ELEMENTS}
_DEEPEST = 256


def broken_by(div: str) -> str | None:
    """The key of the invariant a narrative breaks, txt-1 or txt-2; None: neither."""
    reading = _Reading()
    try:
        reading.parser.Parse(div, True)
    except (expat.ExpatError, _NotAllowed):
        return "txt-1"
    return None if reading.has_content else "txt-2"


class _NotAllowed(Exception):
    """Something that may not stand in a narrative."""


class _Reading:
    """One narrative while it is read."""

    def __init__(self) -> None:
        self.has_content = False
        self.depth = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.UseForeignDTD(True)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.SkippedEntityHandler = self._entity
        self.parser.ProcessingInstructionHandler = self._instruction

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0 and name != "div":
            raise _NotAllowed
        self.depth += 1
        if name not in _ALLOWED or self.depth > _DEEPEST or not attributes.keys() <= _ALLOWED[name]:
            raise _NotAllowed
        self.has_content |= name == "img"

    def _end(self, _name: str) -> None:
        self.depth -= 1

    def _text(self, text: str) -> None:
        self.has_content = self.has_content or not text.isspace()

    def _entity(self, name: str, is_parameter: bool) -> None:
        if is_parameter or f"{name};" not in html5:
            raise _NotAllowed
        self.has_content = True

    def _doctype(self, *_: object) -> None:
        raise _NotAllowed

    def _instruction(self, *_: object) -> None:
        raise _NotAllowed
