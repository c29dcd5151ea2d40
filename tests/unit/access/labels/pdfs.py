"""PDFs built object by object, as common producers write them: what stands where is theirs."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Part = bytes | tuple[bytes, bytes]  # an object, or a stream's dictionary and its bytes


@dataclass(frozen=True)
class Ways:
    """How a file is written: streams packed or not, objects in a stream of objects or not."""

    packed: bool = True
    together: bool = False


PLAIN, PACKED, TOGETHER = Ways(packed=False), Ways(), Ways(together=True)


def stream(head: bytes, body: bytes, *, packed: bool = True) -> bytes:
    """A stream with its dictionary, its own filters kept."""
    if packed and b"/Fil" not in head:
        body, head = zlib.compress(body), head + b"/Filter/FlateDecode"
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (head, len(body), body)


def pdf(parts: Mapping[int, Part], ways: Ways = PACKED) -> bytes:
    """A file of these objects; its catalogue is object 1."""
    out = [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"]
    inside: dict[int, bytes] = {}
    for number, part in parts.items():
        if isinstance(part, bytes) and ways.together:
            inside[number] = part
            continue
        text = part if isinstance(part, bytes) else stream(*part, packed=ways.packed)
        out.append(b"%d 0 obj\n%s\nendobj\n" % (number, text))
    if ways.together:
        out += _together(inside, max(parts) + 1)
    else:
        out.append(b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R/Size 99>>\n")
    return b"".join((*out, b"startxref\n9\n%%EOF\n"))


def _together(inside: Mapping[int, bytes], number: int) -> Sequence[bytes]:
    """The stream of objects, and the table of objects with its predictor (7.5.7 and 7.5.8)."""
    places, texts, at = [], [], 0
    for one, text in inside.items():
        places.append(b"%d %d " % (one, at))
        texts.append(text + b"\n")
        at += len(texts[-1])
    first = b"".join(places)
    objects = stream(
        b"/Type/ObjStm/N %d/First %d" % (len(inside), len(first)), first + b"".join(texts)
    )
    table = stream(
        b"/Type/XRef/W[1 2 1]/Root 1 0 R/Size 99/DecodeParms<</Columns 4/Predictor 12>>",
        b"\2\1\0\20\0(x) Tj" * 9,
    )
    return [
        b"%d 0 obj\n%s\nendobj\n" % (number, objects),
        b"%d 0 obj\n%s\nendobj\n" % (number + 1, table),
    ]


def glyphs(text: str) -> bytes:
    """The text as numbers of glyphs, in hexadecimal digits: no letter is at its own place."""
    return b"".join(b"%04X" % (ord(one) % 997 + 3) for one in text)


def to_unicode(text: str, size: int = 2) -> bytes:
    """The map that says which letters those glyphs are; of one byte: letters from 1 on."""
    numbers = enumerate(dict.fromkeys(text), 1) if size == 1 else (
        (ord(one) % 997 + 3, one) for one in dict.fromkeys(text)
    )  # fmt: skip
    lines = [b"<%0*X> <%s>" % (2 * size, n, one.encode("utf-16-be").hex().encode())
             for n, one in numbers]  # fmt: skip
    return (
        b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        b"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        b"%d beginbfchar\n%s\nendbfchar\nendcmap\nend\nend" % (len(lines), b"\n".join(lines))
    )


def by_number(text: str) -> bytes:
    """The text in codes of one byte, numbered as its letters first come."""
    numbers = {one: n for n, one in enumerate(dict.fromkeys(text), 1)}
    return bytes(numbers[one] for one in text)


FONT_FILE = b"\0\1\0\0" + b"(not shown) Tj (\xff) ' " * 40
PROFILE = b"\0\0\x0cHlcms" + b"(\xff' )\" [(x) TJ " * 60


def office(text: str, **changes: Part) -> dict[int, Part]:
    """A report as an office program prints it: Type0, Identity-H, ToUnicode, tags, a logo."""
    parts: dict[int, Part] = {
        1: b"<</Type/Catalog/Pages 2 0 R/Lang(zh-CN)/MarkInfo<</Marked true>>/Metadata 12 0 R"
        b"/OutputIntents[<</S/GTS_PDFA1/DestOutputProfile 13 0 R>>]>>",
        2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        3: b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Group<</S/Transparency/CS/DeviceRGB>>"
        b"/Resources<</Font<</F1 5 0 R/F2 14 0 R>>/XObject<</Image9 10 0 R>>"
        b"/ColorSpace<</C1[/ICCBased 13 0 R]>>/ExtGState<</GS7<</ca 1>>>>>>>>",
        4: (
            b"",
            b"/P <</MCID 0/Lang (zh-CN)>> BDC q 0.1 w BT /F1 12 Tf 1 0 0 1 90 700 Tm"
            b" [<" + glyphs(text) + b">] TJ ET Q EMC\n"
            b"q BT /F2 9 Tf (Page 1) Tj ET Q /GS7 gs q 60 0 0 60 9 9 cm /Image9 Do Q",
        ),
        5: b"<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+SimSun/Encoding/Identity-H"
        b"/DescendantFonts[6 0 R]/ToUnicode 9 0 R>>",
        6: b"<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+SimSun/CIDToGIDMap/Identity"
        b"/FontDescriptor 7 0 R/W[3[500 600]]>>",
        7: b"<</Type/FontDescriptor/FontName/ABCDEF+SimSun/Flags 32/FontFile2 8 0 R/CIDSet 15 0 R>>",
        8: (b"/Length1 9999", FONT_FILE),
        9: (b"", to_unicode(text)),
        10: (
            b"/Type/XObject/Subtype/Image/Width 200/Height 120/ColorSpace/DeviceRGB"
            b"/BitsPerComponent 8/Filter/DCTDecode/SMask 11 0 R",
            b"\xff\xd8\xff\xe0 a logo (x) Tj",
        ),
        11: (b"/Type/XObject/Subtype/Image/Width 200/Height 120/BitsPerComponent 8", b"\0" * 99),
        12: (
            b"/Type/Metadata/Subtype/XML",
            b"<?xpacket begin='\xef\xbb\xbf'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
            b"<dc:title>Report</dc:title></x:xmpmeta><?xpacket end='w'?>",
        ),
        13: (b"/N 3/Alternate/DeviceRGB", PROFILE),
        14: b"<</Type/Font/Subtype/TrueType/BaseFont/Arial/Encoding/WinAnsiEncoding>>",
        15: (b"", b"\xff\xff) ' (\xff\xf0"),
    }  # fmt: skip
    for name, part in changes.items():
        parts[int(name.strip("n"))] = part
    return parts
