r"""Bytes to text: which charset the texts of a data set are really in.

PS3.3 section C.12.1.1.2. What a newcomer would get wrong: (0008,0005) is often empty or false.
GBK under `ISO_IR 100`, UTF-8 under `GB18030`, GBK under `ISO_IR 192`, `ISO 2022 IR 58` without its
escapes are all met, so the charset is told from all texts together, and a value is split at `\\`,
`^` and `=` only after it was decoded: in GBK those bytes are second halves of characters. An item
of a sequence may state a charset of its own.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from adapters.dicom import iso2022
from hie import charset
from hie.errors import MalformedMessage

Decode = Callable[[bytes], str]

# Defined terms (PS3.3 tables C.12-2 to C.12-5), and the wrong spellings that are met, without
# blanks, hyphens, underscores and case -> codec before any escape.
_TERMS: Final[dict[str, str]] = {
    "": "ascii",
    "isoir6": "ascii",
    "iso2022ir6": "ascii",
    **{
        f"{start}{number}": codec
        for start in ("isoir", "iso2022ir")
        for number, codec in (
            (100, "iso8859_1"), (101, "iso8859_2"), (109, "iso8859_3"), (110, "iso8859_4"),
            (144, "iso8859_5"), (127, "iso8859_6"), (126, "iso8859_7"), (138, "iso8859_8"),
            (148, "iso8859_9"), (203, "iso8859_15"), (166, "iso8859_11"), (13, "shift_jis"),
            (87, "ascii"), (159, "ascii"), (149, "euc_kr"), (58, "gb18030"),
        )
    },
    "isoir192": "utf-8",
}  # fmt: skip
_LATIN: Final = frozenset(
    {"iso8859_1", "iso8859_2", "iso8859_3", "iso8859_4", "iso8859_9", "iso8859_15", "shift_jis"}
)
_HIGH_RUN: Final = re.compile(rb"[\x80-\xff]+")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Told(NamedTuple):
    """How the texts of a data set are decoded, and what was odd about it."""

    decode: Decode
    charset: str
    findings: tuple[str, ...] = ()


def tell(values: Sequence[bytes], declared: str, force: str | None, fallback: str | None) -> Told:
    """The charset of these values; `declared` is (0008,0005). Raises MalformedMessage."""
    joined = b"\n" + b"\n".join(values)  # so that no value's first bytes pass as a byte order mark
    if joined.isascii() and b"\x1b" not in joined:
        return Told(_ascii, "ascii")
    terms = [_plain(term) for term in declared.split("\\")]
    unknown = any(t not in _TERMS and charset.codec(t) is None for t in terms)
    findings: tuple[str, ...] = ("charset-unknown",) if unknown else ()
    first = _codec(terms[0])
    if force:
        text = charset.decode(joined.replace(iso2022.CHINESE, b""), force=force)
        return Told(_by(force), text.charset, _odd(text.findings))
    if iso2022.has_escapes(joined):
        try:
            return _escaped(values, terms, first, findings)
        except (ValueError, MalformedMessage):
            joined = re.sub(rb"\x1b[$()\-.]+[A-Z@]", b"", joined)
            findings += ("charset-declared-wrong",)
    if len(terms) > 1 and first == "ascii":
        # `\ISO 2022 IR 58` without escapes: the second term was meant
        first = next((_codec(t) for t in terms[1:] if _codec(t) != "ascii"), "ascii")
    if first not in ("ascii", "utf-8", "gb18030", "iso8859_1"):
        told = _other(joined, first)
        if told is not None:
            return told
        findings += ("charset-declared-wrong",)
        first = "ascii"
    try:
        return _chinese(joined, first, fallback, findings)
    except MalformedMessage:
        return _one_by_one(values, None if first == "ascii" else first, findings)


def clean(text: str) -> tuple[str, bool]:
    """A text without padding and control characters, and whether it held any of those."""
    bare = text.strip(BLANKS)
    if bare.isprintable():
        return bare, False
    plain = _CONTROLS.sub("", bare)
    return plain.strip(BLANKS), plain != bare


BLANKS: Final = " \0\t\r\n\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"


def _escaped(
    values: Sequence[bytes], terms: list[str], first: str, findings: tuple[str, ...]
) -> Told:
    """ISO 2022 throughout; a value without escapes must be in the first charset, or be Chinese."""
    if first == "utf-8":
        findings += ("charset-declared-wrong",)
    base = "gb18030" if first in ("ascii", "utf-8") else first
    decode = _by_escapes(base)
    for value in values:
        decode(value)
    if not any(t.startswith(("iso2022", "\x1b")) or t == "isoir58" for t in terms):
        findings += ("charset-declared-wrong",)
    return Told(decode, "iso2022", tuple(dict.fromkeys(findings)))


def _other(joined: bytes, codec: str) -> Told | None:
    """A charset that is neither Chinese nor Latin-1, if the bytes fit it and not GB 2312 better."""
    try:
        joined.decode(codec)
    except UnicodeError:
        return None
    if _is_utf8(joined) or (codec in _LATIN and _reads_as_hanzi(joined)):
        return None
    return Told(lambda raw: raw.decode(codec), codec)


def _chinese(joined: bytes, first: str, fallback: str | None, findings: tuple[str, ...]) -> Told:
    """UTF-8, GB18030 or Latin-1, whichever the bytes are."""
    name = None if first == "ascii" else "8859/1" if first == "iso8859_1" else first
    found = charset.decode(joined, name, fallback=fallback)
    odd = _odd(found.findings)
    if findings:
        odd = tuple(one for one in odd if one != "charset-undeclared")
    elif name is None and found.charset != "ascii" and "charset-mixed" not in odd:
        odd = tuple(dict.fromkeys(("charset-undeclared", *odd)))
    decode: Decode = _mixed if "+" in found.charset else _by(found.charset)
    return Told(decode, found.charset, tuple(dict.fromkeys((*findings, *odd))))


def _one_by_one(values: Sequence[bytes], name: str | None, findings: tuple[str, ...]) -> Told:
    """Values that do not go together, as when one is cut in the middle of a character."""
    odd: list[str] = list(findings)
    for value in values:
        odd += _odd(_alone(value, name).findings)
    return Told(lambda raw: _alone(raw, name).text[1:], name or "mixed", tuple(dict.fromkeys(odd)))


def _alone(raw: bytes, name: str | None) -> charset.Decoding:
    """One value by itself, behind a line break: two odd bytes first are no byte order mark."""
    return charset.decode(b"\n" + raw, name)


def _odd(findings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("characters-lost" if f == "replacement" else f for f in findings if f != "bom")


def _by(codec: str) -> Decode:
    if codec == "latin-1":
        return lambda raw: raw.decode("latin-1")

    def decode(raw: bytes) -> str:
        try:
            plain = b"\n" + raw.replace(iso2022.CHINESE, b"")
            return charset.decode(plain, force=codec).text[1:]
        except MalformedMessage:
            return _mixed(raw)

    return decode


def _by_escapes(base: str) -> Decode:
    return lambda raw: iso2022.decode_escaped(raw, base)


def _mixed(raw: bytes) -> str:
    try:
        return _alone(raw, None).text[1:]
    except MalformedMessage:
        return ""


def _ascii(raw: bytes) -> str:
    return raw.decode("ascii")


def _plain(term: str) -> str:
    return re.sub(r"[\s_-]", "", term.casefold())


def _codec(term: str) -> str:
    """The codec of a defined term before any escape; ASCII if it is unknown."""
    found = _TERMS.get(term) or charset.codec(term) or "ascii"
    return "iso8859_1" if found == "latin-1" else found


def _is_utf8(joined: bytes) -> bool:
    """Valid UTF-8 with a character of three bytes: no accident in a charset of single bytes."""
    try:
        text = joined.decode("utf-8")
    except UnicodeError:
        return False
    return any(char > "\u07ff" for char in text)


def _reads_as_hanzi(joined: bytes) -> bool:
    """Every run of high bytes is of the 3,755 commonest hanzi in GB 2312, two or more of them."""
    count = 0
    for run in _HIGH_RUN.findall(joined):
        if len(run) % 2 or not all(
            0xB0 <= lead <= 0xD7 and trail >= 0xA1
            for lead, trail in zip(run[::2], run[1::2], strict=True)
        ):
            return False
        count += len(run) // 2
    return count >= 2
