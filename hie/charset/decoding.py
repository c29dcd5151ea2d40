"""Bytes to text: mark, profile, declaration, UTF-8, GB18030, fallback, in this order.

The code points that the 2000 edition of GB 18030 put in the private use area are moved to where
the 2022 edition has them.
"""

import re
from typing import Final

import msgspec

from hie.charset.likeness import partial
from hie.charset.misread import mojibake
from hie.charset.names import MARKS, codec
from hie.charset.telling import holds_gb, holds_utf8, reads_as_utf8
from hie.errors import Fault, MalformedMessage

# GB 18030-2000 private use -> GB 18030-2022.
_MODERN: Final = str.maketrans(
    {
        "\ue5e5": "\u3000", "\ue7c7": "\u1e3f", "\ue7c8": "\u01f9", "\ue78d": "\ufe10",
        "\ue78e": "\ufe12", "\ue78f": "\ufe11", "\ue790": "\ufe13", "\ue791": "\ufe14",
        "\ue792": "\ufe15", "\ue793": "\ufe16", "\ue794": "\ufe17", "\ue795": "\ufe18",
        "\ue796": "\ufe19", "\ue816": "\U00020087", "\ue817": "\U00020089",
        "\ue818": "\U000200cc", "\ue81e": "\u9fb4", "\ue826": "\u9fb5", "\ue82b": "\u9fb6",
        "\ue82c": "\u9fb7", "\ue831": "\U000215d7", "\ue832": "\u9fb8", "\ue83b": "\U0002298f",
        "\ue843": "\u9fb9", "\ue854": "\u9fba", "\ue855": "\U000241fe", "\ue864": "\u9fbb",
    }
)  # fmt: skip
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
_LINES: Final = re.compile(rb"([\r\n]+)")


class Decoding(msgspec.Struct, frozen=True):
    """Text, the charset that gave it, and what was odd on the way.

    Findings: `bom`, `charset-undeclared` (GB18030 without a word), `charset-declared-wrong`,
    `charset-unknown` (a name we do not know), `charset-mixed` (decoded line by line),
    `charset-truncated` (the last character is cut; its bytes are left out), `private-use`
    (characters that only the sender's own font shows), `replacement` (the sender had already
    lost characters: U+FFFD).
    """

    text: str
    charset: str
    findings: tuple[str, ...] = ()


def decode(
    content: bytes,
    declared: str | None = None,
    *,
    force: str | None = None,
    fallback: str | None = None,
) -> Decoding:
    """The text of the bytes. Raises MalformedMessage `charset-undecodable` rather than guess.

    Order: byte order mark; the profile's `force`; the declared charset if it fits; UTF-8;
    GB18030; the profile's `fallback`. Linear in the number of bytes.
    """
    for mark, name in MARKS:
        if content.startswith(mark):
            return _strict(content[len(mark) :], name, ("bom",))
    if force:
        return _strict(content, codec(force) or "", ())
    wide = _wide(content)
    if wide:
        return _strict(content, wide, ())
    named = codec(declared)
    odd = ("charset-unknown",) if declared and not named else ()
    if content.isascii():
        return Decoding(content.decode("ascii"), "ascii", odd)
    if named in ("ascii", "utf-16"):
        odd = ("charset-declared-wrong",)
    return _choose(content, named, fallback, odd)


def _choose(
    content: bytes, named: str | None, fallback: str | None, odd: tuple[str, ...]
) -> Decoding:
    """The charset of bytes that are not ASCII, bear no mark and are not forced."""
    utf8 = partial(content, "utf-8")
    if utf8 is not None and reads_as_utf8(utf8[0], content, named):
        if holds_gb(content):
            return _by_line(content, odd)
        wrong = named not in (None, "utf-8") and not odd
        odd += ("charset-declared-wrong",) if wrong else ()
        return _done(utf8, "utf-8", odd, content)
    if named in ("latin-1", "cp1252", "big5hkscs", "cp950"):
        other = partial(content, named)
        if other is not None and (named.startswith(("big5", "cp950")) or not mojibake(other[0])):
            return _done(other, named, odd)
        odd = odd or ("charset-declared-wrong",)
    gb = partial(content, "gb18030")
    if gb is not None and not holds_utf8(content):
        if named == "utf-8":
            odd = ("charset-declared-wrong",)
        elif named is None and not odd:
            odd = ("charset-undeclared",)
        return _done(gb, "gb18030", odd)
    if fallback:
        last = codec(fallback) or ""
        other = partial(content, last)
        if other is not None:
            return _done(other, last, odd)
    return _by_line(content, odd)


def _by_line(content: bytes, odd: tuple[str, ...]) -> Decoding:
    """Lines of different charsets in one message: each must be certain, or all is refused."""
    out: list[str] = []
    seen: set[str] = set()
    for line in _LINES.split(content):
        if line.isascii():
            out.append(line.decode("ascii"))
            continue
        utf8, gb = partial(line, "utf-8"), partial(line, "gb18030")
        is_utf8 = utf8 is not None and not utf8[1] and reads_as_utf8(utf8[0], line, None)
        if utf8 is not None and is_utf8 and not holds_gb(line):
            out.append(utf8[0])
            seen.add("utf-8")
        elif gb is not None and not is_utf8 and not gb[1] and not holds_utf8(line):
            out.append(gb[0])
            seen.add("gb18030")
        else:
            raise _refusal()
    found = "charset-mixed" if len(seen) > 1 else "charset-undeclared"
    return _done(("".join(out), 0), "+".join(sorted(seen)), (*odd, found))


def _strict(content: bytes, name: str, findings: tuple[str, ...]) -> Decoding:
    """Exactly this charset, or a refusal."""
    done = partial(content, name)
    if done is None:
        raise _refusal(name)
    return _done(done, name, findings)


def _done(
    part: tuple[str, int], charset: str, findings: tuple[str, ...], content: bytes | None = None
) -> Decoding:
    """The outcome; `content` are the bytes if they are UTF-8."""
    text, left = part
    if _has_private(text, text.encode("utf-8", "surrogatepass") if content is None else content):
        if "gb18030" in charset:
            text = text.translate(_MODERN)
        if _PRIVATE.search(text):
            findings += ("private-use",)
    if "\ufffd" in text:
        findings += ("replacement",)
    if left:
        findings += ("charset-truncated",)
    return Decoding(text, charset, findings)


def _has_private(text: str, utf8: bytes) -> bool:
    """Whether there may be private use characters: by bytes, which is faster than by regex."""
    return b"\xee" in utf8 or (b"\xef" in utf8 and _PRIVATE.search(text) is not None)


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the first four is zero."""
    head = content[:4]
    if len(head) == 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le"
    if len(head) == 4 and head[1] and head[3] and not head[0] and not head[2]:
        return "utf-16-be"
    return None


def _refusal(name: str = "UTF-8 or GB18030") -> MalformedMessage:
    fault = Fault("", "charset-undecodable", name)
    return MalformedMessage(f"the bytes are not text in {name}", (fault,))
