"""The signs of fonts by their names: `A`, `hyphen`, `eacute`, `uni6885` (Adobe Glyph List).

Those that texts are made of. A name that only numbers a sign (`g12`, `cid345`) says nothing of it.
"""

import re
import unicodedata

_NUMBERED = re.compile(rb"uni((?:[0-9A-F]{4})+)|u([0-9A-F]{4,6})")
_SIGNS: dict[bytes, str] = dict(
    zip(
        (
            b"space exclam quotedbl numbersign dollar percent ampersand quotesingle parenleft"
            b" parenright asterisk plus comma hyphen period slash zero one two three four five six"
            b" seven eight nine colon semicolon less equal greater question at bracketleft"
            b" backslash bracketright asciicircum underscore grave braceleft bar braceright"
            b" asciitilde fi fl ff ffi ffl endash emdash quoteleft quoteright quotedblleft"
            b" quotedblright quotesinglbase quotedblbase bullet ellipsis degree plusminus mu"
            b" multiply divide lessequal greaterequal notequal Euro germandbls ae AE oe OE oslash"
            b" Oslash dotlessi section copyright registered trademark periodcentered minus"
            b" onehalf onequarter threequarters onesuperior twosuperior threesuperior nbspace"
            b" Omega alpha beta gamma delta Delta omega guillemotleft guillemotright sfthyphen"
            b" dagger daggerdbl perthousand arrowup arrowdown arrowleft arrowright infinity"
        ).split(),
        [
            *(chr(n) for n in range(32, 127) if not chr(n).isalpha()),
            *("fi", "fl", "ff", "ffi", "ffl"),
            *"–—‘’“”‚„•…°±µ×÷≤≥≠€ßæÆœŒøØı§©®™·−½¼¾¹²³\u00a0Ωαβγδ∆ω«»-†‡‰↑↓←→∞",
        ],
        strict=True,
    )
)
_ACCENTS = {
    b"grave": "\u0300", b"acute": "\u0301", b"circumflex": "\u0302", b"tilde": "\u0303",
    b"dieresis": "\u0308", b"ring": "\u030a", b"caron": "\u030c", b"cedilla": "\u0327",
    b"macron": "\u0304",
}  # fmt: skip


def text_of_sign(name: bytes) -> str | None:
    """What the sign of this name stands for; None: its name does not say it."""
    name = name.partition(b".")[0]  # a.sc is a small a
    if len(name) == 1 and name.isalpha():
        return name.decode("ascii", "ignore")
    if name in _SIGNS:
        return _SIGNS[name]
    if numbered := _NUMBERED.fullmatch(name):
        many, one = numbered.groups()
        points = [many[n : n + 4] for n in range(0, len(many), 4)] if many else [one]
        return "".join(chr(int(point, 16)) for point in points if int(point, 16) < 0x110000)
    accent = _ACCENTS.get(name[1:])
    if accent and name[:1].isalpha():
        return unicodedata.normalize("NFC", name[:1].decode("ascii", "ignore") + accent)
    return None
