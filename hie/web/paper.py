"""A sheet as PDF: A4, the shipped fonts embedded, the same sheet always the same bytes.

Nothing of the day, the machine or the patient is in its metadata. Text of any length flows over
pages; no cell of a table may be higher than one, so long values are set as running text.
"""

import io
import re
from collections.abc import Iterator
from threading import Lock
from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from hie.canonical.record_words import Language, word
from hie.web.letters import LATIN, marked, register
from hie.web.sheet import LONG, Block, Row, Sheet

_INK, _QUIET, _LINE = HexColor("#15202b"), HexColor("#43515e"), HexColor("#cfd6dc")
_STOP, _STOP_BACK = HexColor("#9c2f2f"), HexColor("#f9e9e8")
_MARGIN: Final = 18 * mm
_WIDTH: Final = A4[0] - 2 * _MARGIN - 12  # a frame keeps 6 points free at each side
_LABELS: Final = 42 * mm
_MOST: Final = 200_000  # characters of one text: some hundred pages, some seconds
_CHUNK: Final = 1_500  # characters of one paragraph: setting one takes the square of its length
_LINE_COST: Final = 20  # what a line more costs, in characters
_ENDS: Final = "。；，、;, "
_BLANKS: Final = re.compile(r"\n\s*\n\s*\n+")
_GAP: Final = 12 * mm  # between two signatures
_FEW: Final = 8  # lines of a table that is not broken over pages
_ONE_AT_A_TIME = Lock()  # reportlab keeps the state of a font while a document is written


def _style(size: float, **more: Any) -> ParagraphStyle:
    given: dict[str, Any] = {
        "fontName": LATIN, "fontSize": size, "leading": size * 1.5, "textColor": _INK,
        "wordWrap": "CJK",
    }  # fmt: skip
    return ParagraphStyle("", **{**given, **more})


_TITLE, _BODY, _LABEL = _style(16), _style(9.5), _style(9, textColor=_QUIET)
_STRONG, _NOTE = _style(11.5), _style(8, textColor=_QUIET)
_HEAD, _PART = _style(12.5), _style(10.5)
_ALERT = _style(10.5, textColor=_STOP, backColor=_STOP_BACK, borderPadding=6, spaceAfter=6)


def write_pdf(sheet: Sheet) -> bytes:
    """The sheet as PDF."""
    with _ONE_AT_A_TIME:
        register()
        target = io.BytesIO()
        document = SimpleDocTemplate(
            target,
            pagesize=A4,
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=_MARGIN,
            bottomMargin=_MARGIN,
            title=sheet.title,
            author="",
            creator="hie",
            subject="",
            lang="zh-CN" if sheet.lang == "zh" else "en",
            invariant=1,
        )
        document.build(list(_flow(sheet)), canvasmaker=_numbered(sheet))
        return target.getvalue()


def _flow(sheet: Sheet) -> Iterator[Flowable]:
    yield Paragraph(marked(sheet.subtitle), _LABEL)
    yield Paragraph(marked(sheet.title), _TITLE)
    yield Spacer(0, 3 * mm)
    for alert in sheet.alerts:
        yield Spacer(0, 2 * mm)
        yield Paragraph(marked(alert), _ALERT)
        yield Spacer(0, 3 * mm)
    for block in sheet.blocks:
        yield from _block(block, sheet.lang)
    yield Spacer(0, 4 * mm)
    for note in sheet.note:
        yield Paragraph(marked(note), _NOTE)
    if sheet.sign:
        yield _signatures(sheet.sign)


def _block(block: Block, lang: Language) -> Iterator[Flowable]:
    style = _PART if block.is_part else _HEAD
    head = [Spacer(0, 2.5 * mm), Paragraph(marked(block.title), style), Spacer(0, 1 * mm)]
    texts = [Paragraph(marked(part), _BODY) for part in _chunks(block.text, lang)]
    short = [row for row in block.rows if len(row.value) <= LONG and row.value.count("\n") < 8]
    table = [_table(short)] if short else []
    if table and len(short) < _FEW:
        yield KeepTogether([*head, *table])
    else:
        yield CondPageBreak(30 * mm)
        yield from head
        yield from table
    for row in block.rows:
        if row not in short:
            yield from _long(row, lang)
    yield from texts


def _table(rows: list[Row]) -> Table:
    cells = [
        [
            Paragraph(marked(row.label), _LABEL),
            Paragraph(marked(row.value), _STRONG if row.strong else _BODY),
        ]
        for row in rows
    ]
    return Table(
        cells,
        colWidths=(_LABELS, _WIDTH - _LABELS),
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ],
    )


def _long(row: Row, lang: Language) -> Iterator[Flowable]:
    yield Paragraph(marked(row.label), _LABEL)
    for part in _chunks(row.value, lang):
        yield Paragraph(marked(part), _BODY)


def _chunks(text: str, lang: Language) -> Iterator[str]:
    """A text in pieces that one paragraph bears, cut between lines where it can be.

    Several blank lines are one; what is too long says how much of it is left out.
    """
    if len(text) > _MOST:
        rest = word("paper-cut", lang, n=len(text) - _MOST)
        text = f"{text[:_MOST]}\n{rest}"
    held: list[str] = []
    size = 0
    for line in _BLANKS.sub("\n\n", text).split("\n") if text else ():
        for piece in _pieces(line):
            if held and size + len(piece) > _CHUNK:
                yield "\n".join(held)
                held, size = [], 0
            held.append(piece)
            size += len(piece) + _LINE_COST
    if held:
        yield "\n".join(held)


def _pieces(line: str) -> Iterator[str]:
    """A line in pieces of a paragraph at most, cut behind a sentence or a word if there is one."""
    while len(line) > _CHUNK:
        cut = max(line.rfind(end, 0, _CHUNK) for end in _ENDS) + 1 or _CHUNK
        yield line[:cut]
        line = line[cut:]
    yield line or "\u00a0"


def _signatures(people: tuple[str, ...]) -> Flowable:
    """A line for each, with a gap between."""
    cells: list[object] = [part for one in people for part in (Paragraph(marked(one), _LABEL), "")]
    width = (_WIDTH - _GAP * (len(people) - 1)) / len(people)
    rule = [("LINEABOVE", (at, 0), (at, 0), 0.6, _QUIET) for at in range(0, len(cells) - 1, 2)]
    table = Table([cells[:-1]], colWidths=([width, _GAP] * len(people))[:-1], style=rule)
    return KeepTogether([Spacer(0, 16 * mm), table])


def _numbered(sheet: Sheet) -> type[Canvas]:
    """A canvas that says on each page which of how many it is, of what and of whom."""
    foot = "   ".join(part for part in (sheet.whose, sheet.name) if part)

    class Numbered(Canvas):  # type: ignore[misc]
        """Pages are finished when all are known."""

        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            self._kept: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            """Keep the page for later."""
            self._kept.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            """Number the pages and write."""
            for number, page in enumerate(self._kept, start=1):
                self.__dict__.update(page)
                self.setFont(LATIN, 7.5)
                self.setFillColor(_QUIET)
                line = Paragraph(marked(foot), _NOTE)
                line.wrapOn(self, _WIDTH - 30 * mm, 10 * mm)
                line.drawOn(self, _MARGIN + 6, 9 * mm)
                self.drawRightString(A4[0] - _MARGIN - 6, 10 * mm, f"{number} / {len(self._kept)}")
                super().showPage()
            super().save()

    return Numbered
