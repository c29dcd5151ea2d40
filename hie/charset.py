"""Bytes to text: declared charset, UTF-8, GB18030, or a refusal; never a replacement character.

What a newcomer would get wrong: the declared charset is a hint that is often false, nearly any
bytes "decode" as GB18030 (UTF-8 and Big5 do), and GBK text can be valid UTF-8 by accident. So a
candidate must decode strictly *and* read like text. Big5 is used only when a profile names it.
Python's `gb18030` contains GBK and GB2312 and reads all three; the code points that the 2000
edition of GB 18030 put in the private use area are moved to where the 2022 edition has them.
"""

import codecs
import re
from typing import Final

import msgspec

from hie.errors import Fault, MalformedMessage

# HL7 table 0211 and what is met in MSH-18, without spaces, hyphens, underscores and case. A name
# that is not listed is never handed to Python's codec registry.
_NAMES: Final = {
    "UNICODE UTF-8": "utf-8",  # as the table has it: the commonest, found at once
    "utf8": "utf-8",
    "unicodeutf8": "utf-8",
    "unicode": "utf-8",
    "isoir192": "utf-8",
    "utf16": "utf-16",
    "unicodeutf16": "utf-16",
    "gb18030": "gb18030",
    "gb180302000": "gb18030",
    "gb180302005": "gb18030",
    "gb180302022": "gb18030",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "936": "gb18030",
    "euccn": "gb18030",
    "isoir58": "gb18030",
    "big5": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950",
    "ascii": "ascii",
    "usascii": "ascii",
    "isoir6": "ascii",
    "8859/1": "latin-1",
    "88591": "latin-1",
    "iso8859/1": "latin-1",
    "iso88591": "latin-1",
    "latin1": "latin-1",
    "isoir100": "latin-1",
    "cp1252": "cp1252",
    "windows1252": "cp1252",
}
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\x84\x31\x95\x33", "gb18030"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
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
_HIGH: Final = re.compile("[^\x00-\x7f]")
_RUN: Final = re.compile("[^\x00-\x7f]+(?:[\\^ ][^\x00-\x7f]+)*")
_BEYOND_TWO_BYTES: Final = re.compile("[\u0800-\U0010ffff]")
# What Latin and Greek text in a Chinese laboratory message looks like: units and item names.
_SIGNS: Final = frozenset("µμ²³¹×÷°±·αβγδεκλωΑΒΓΔΩ§®\u00a0éüöäèçñóáíúãõâêôàìòùåÉÖÜÄÅÑÓÁ")
_UTF8_RUN: Final = re.compile(
    rb"(?<![\x80-\xff])(?:[\xe3-\xef][\x80-\xbf]{2}|[\xc2-\xdf][\x80-\xbf])+(?![\x80-\xff])"
)
# What each byte can be in UTF-8: a blank for ASCII, then continuation, lead of two or of three.
_SHAPES: Final = bytes(
    0x20 if b < 0x80 else ord("c") if b < 0xC0 else ord("2") if b < 0xE0 else ord("3") if b < 0xF0
    else ord("x")
    for b in range(256)
)  # fmt: skip
_UTF8_SHAPE: Final = re.compile(rb"(?:3cc|2c)+")
_TWO_BYTE_LEADS: Final = bytes(range(0xC2, 0xE0))
_TWO_BYTE_RUN: Final = re.compile(rb"(?<![\x80-\xff])(?:[\xc2-\xdf][\x80-\xbf])+(?![\x80-\xff])")
_LINES: Final = re.compile(rb"([\r\n]+)")
_LATIN: Final = re.compile("[\x80-\xff]")
_WRONG_GB: Final = (("gb18030", "utf-8"),)
_WRONG_LATIN: Final = (*_WRONG_GB, ("latin-1", "utf-8"), ("cp1252", "utf-8"))
_ENOUGH = 6  # non-ASCII characters of valid UTF-8 that outweigh a declared GB charset


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


def codec(name: str | None) -> str | None:
    """Python's codec of a declared charset name; None when it is empty or not known here."""
    return _NAMES.get(name) or _NAMES.get(_plain(name)) if name else None


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
    for mark, name in _MARKS:
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


def mojibake(text: str) -> str | None:
    """What the text was before somebody read its bytes in the wrong charset; None if it is fine.

    Detected by going back: the text encodes in the wrong charset, those bytes decode strictly in
    the right one, and the outcome has commoner characters. Nothing is repaired here.
    """
    if text.isascii():
        return None
    pairs = _WRONG_LATIN if _LATIN.search(text) else _WRONG_GB
    for wrong, right in pairs:
        back = _back(text, wrong, right)
        if back and _hanzi(back) >= 2 and _rarity(text) > _rarity(back):
            return back
    if pairs is _WRONG_GB:
        return None
    back = _back(text, "latin-1", "gb2312")
    if back and _hanzi(back) >= 1 and _rarity(back) == 0 and not _signs_only(text):
        return back
    return None


def repair(text: str) -> str:
    """The text with each mojibake run put right (profile switch `repair_mojibake`)."""
    return _RUN.sub(lambda run: mojibake(run[0]) or run[0], text)


def has_lost_characters(text: str) -> bool:
    """The sender's export had already replaced characters: U+FFFD, or a run of `?`."""
    return "\ufffd" in text or "??" in text or (text.strip() == "?")


def _choose(
    content: bytes, named: str | None, fallback: str | None, odd: tuple[str, ...]
) -> Decoding:
    """The charset of bytes that are not ASCII, bear no mark and are not forced."""
    utf8 = _partial(content, "utf-8")
    if utf8 is not None and _reads_as_utf8(utf8[0], content, named):
        if _holds_gb(content):
            return _by_line(content, odd)
        wrong = named not in (None, "utf-8") and not odd
        odd += ("charset-declared-wrong",) if wrong else ()
        return _done(utf8, "utf-8", odd, content)
    if named in ("latin-1", "cp1252", "big5hkscs", "cp950"):
        other = _partial(content, named)
        if other is not None and (named.startswith(("big5", "cp950")) or not mojibake(other[0])):
            return _done(other, named, odd)
        odd = odd or ("charset-declared-wrong",)
    gb = _partial(content, "gb18030")
    if gb is not None and not _holds_utf8(content):
        if named == "utf-8":
            odd = ("charset-declared-wrong",)
        elif named is None and not odd:
            odd = ("charset-undeclared",)
        return _done(gb, "gb18030", odd)
    if fallback:
        last = codec(fallback) or ""
        other = _partial(content, last)
        if other is not None:
            return _done(other, last, odd)
    return _by_line(content, odd)


def _reads_as_utf8(text: str, content: bytes, named: str | None) -> bool:
    """Valid UTF-8 is UTF-8, unless it is GB text that fits by accident."""
    if not _BEYOND_TWO_BYTES.search(text):
        # Two-byte sequences only: "一二" in GBK is valid UTF-8 for two letters nobody writes.
        if _signs_only(text):
            return True
        gb = _partial(content, "gb18030")
        return gb is None or _hanzi(gb[0]) == 0 or _rarity(gb[0]) > 0
    if named in (None, "utf-8", "latin-1", "cp1252"):
        return True  # every byte is Latin-1; whole three-byte sequences are no accident there
    if len(_HIGH.findall(text)) >= _ENOUGH:
        return True
    other = _partial(content, named) if named != "utf-16" else None
    return other is None or mojibake(other[0]) is not None


def _by_line(content: bytes, odd: tuple[str, ...]) -> Decoding:
    """Lines of different charsets in one message: each must be certain, or all is refused."""
    out: list[str] = []
    seen: set[str] = set()
    for line in _LINES.split(content):
        if line.isascii():
            out.append(line.decode("ascii"))
            continue
        utf8, gb = _partial(line, "utf-8"), _partial(line, "gb18030")
        is_utf8 = utf8 is not None and not utf8[1] and _reads_as_utf8(utf8[0], line, None)
        if utf8 is not None and is_utf8 and not _holds_gb(line):
            out.append(utf8[0])
            seen.add("utf-8")
        elif gb is not None and not is_utf8 and not gb[1] and not _holds_utf8(line):
            out.append(gb[0])
            seen.add("gb18030")
        else:
            raise _refusal()
    found = "charset-mixed" if len(seen) > 1 else "charset-undeclared"
    return _done(("".join(out), 0), "+".join(sorted(seen)), (*odd, found))


def _holds_utf8(content: bytes) -> bool:
    """Among bytes that pass as GB18030 there is a word that only makes sense as UTF-8."""
    shapes = set(content.translate(_SHAPES).split())
    if not any(b"3" in shape and _UTF8_SHAPE.fullmatch(shape) for shape in shapes):
        return False
    for run in _UTF8_RUN.finditer(content):
        gb = _partial(run[0], "gb18030")
        text = run[0].decode("utf-8")
        if not _BEYOND_TWO_BYTES.search(text):
            continue
        if gb is None or gb[1] or _rarity(gb[0]) > _rarity(text):
            return True
    return False


def _plain(name: str) -> str:
    """A charset name without case, blanks, hyphens and underscores."""
    return re.sub(r"[\s_-]", "", name.casefold())


def _holds_gb(content: bytes) -> bool:
    """Among valid UTF-8 there is a word of two-byte letters that is common hanzi in GBK.

    郑十 in GBK is valid UTF-8 for two letters nobody writes.
    """
    if len(content.translate(None, _TWO_BYTE_LEADS)) == len(content):
        return False
    for run in _TWO_BYTE_RUN.finditer(content):
        gb = _partial(run[0], "gb18030")
        if gb is None or gb[1] or _signs_only(run[0].decode("utf-8")):
            continue
        if _hanzi(gb[0]) > 0 and _rarity(gb[0]) == 0:
            return True
    return False


def _strict(content: bytes, name: str, findings: tuple[str, ...]) -> Decoding:
    """Exactly this charset, or a refusal."""
    done = _partial(content, name)
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


def _partial(content: bytes, name: str) -> tuple[str, int] | None:
    """Strictly decoded text and the number of bytes of a character cut off at the very end."""
    try:
        return content.decode(name), 0
    except LookupError:
        return None
    except UnicodeError as fault:
        if isinstance(fault, UnicodeDecodeError) and fault.start < len(content) - 3:
            return None
    try:
        decoder = codecs.getincrementaldecoder(name)("strict")
        text = decoder.decode(content, final=False)
    except UnicodeError:
        return None
    return text, len(decoder.getstate()[0])


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the first four is zero."""
    head = content[:4]
    if len(head) == 4 and head[0] and head[2] and not head[1] and not head[3]:
        return "utf-16-le"
    if len(head) == 4 and head[1] and head[3] and not head[0] and not head[2]:
        return "utf-16-be"
    return None


def _back(text: str, wrong: str, right: str) -> str | None:
    try:
        return text.encode(wrong).decode(right)
    except UnicodeError:
        return None


def _hanzi(text: str) -> int:
    return sum(1 for c in text if "\u3400" <= c <= "\u9fff" or c >= "\U00020000")


def _signs_only(text: str) -> bool:
    return all(c in _SIGNS for c in text if c > "\x7f")


def _rarity(text: str) -> float:
    """Share of the non-ASCII characters outside GB 2312 level 1 and ordinary signs, 0 to 1."""
    high = [c for c in text if c > "\x7f"]
    return sum(not _is_common(c) for c in high) / len(high) if high else 0.0


def _is_common(char: str) -> bool:
    if char in _SIGNS or "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uffef":
        return True
    try:
        pair = char.encode("gb2312")
    except UnicodeError:
        return False
    return 0xB0 <= pair[0] <= 0xD7  # level 1: the 3,755 commonest hanzi


def _refusal(name: str = "UTF-8 or GB18030") -> MalformedMessage:
    fault = Fault("", "charset-undecodable", name)
    return MalformedMessage(f"the bytes are not text in {name}", (fault,))
