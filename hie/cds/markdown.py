"""Words of data inside GitHub-flavoured Markdown: they stay what they are, and become no markup.

A card's detail is shown by software of others. Names of institutions, units and what a draft calls
itself come from many hands: nothing of them may become a link, an emphasis or HTML, also where a
reader lets HTML through. https://github.github.com/gfm/, 6.1 backslash escapes, 6.11 autolinks.
"""

import re
from typing import Final

_HTML: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
# With a backslash: what is markup within a line. What is markup at its beginning alone is not at
# the beginning here.
_MARKUP: Final = re.compile(r"[\\`*_\[\]~|@<>&]")
_AUTOLINK: Final = re.compile(r"(?i)(www)\.|:(//)")
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]+"
)


def plain(text: str) -> str:
    """A text as one line, without what turns or hides writing."""
    return " ".join(_CONTROL.sub(" ", text).split())


def escaped(text: str) -> str:
    """A text inside a line of Markdown."""
    safe = _MARKUP.sub(lambda found: _HTML.get(found[0], "\\" + found[0]), plain(text))
    return _AUTOLINK.sub(lambda found: f"{found[1]}\\." if found[1] else f":\\{found[2]}", safe)
