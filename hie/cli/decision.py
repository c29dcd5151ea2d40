"""`hie decision`: a recorded decision, and what it gives back: a record of the result, a notice.

Files are drawn here, from what the hub gave; each retrieval is recorded there (R-906).
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hie.canonical.document import write_document
from hie.canonical.er7 import CHARSETS, UTF_8
from hie.canonical.oru_file import write_oru
from hie.canonical.record_words import Language
from hie.cli.asking import asked
from hie.cli.output import USAGE, JsonFlag, LangOption, said, show_json
from hie.cli.whole_file import write_whole
from hie.exchange.notices import notice_read
from hie.exchange.used_record import record_of
from hie.fhir.document import document_bytes
from hie.web.notice_sheet import notice_sheet
from hie.web.paper import write_pdf
from hie.web.record_sheet import record_sheet
from hie.web.sheet import Sheet
from hie.web.sheet_file import sheet_file

app = typer.Typer()

DecisionId = Annotated[str, typer.Argument(help="The decision's number.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write; else standard output.")
]


class RecordForm(StrEnum):
    """Forms of a record."""

    PDF = "pdf"
    JSON = "json"
    HL7 = "hl7"
    HTML = "html"


class NoticeForm(StrEnum):
    """Forms of a notice."""

    PDF = "pdf"
    HTML = "html"


@app.command()
def show(decision: DecisionId, as_json: JsonFlag = False, lang: LangOption = None) -> None:
    """Show one recorded decision."""
    answer = asked("decision-show", {"decision": decision}, as_json)
    if as_json:
        show_json(answer)
        return
    for key, value in answer.items():
        if value is not None:
            print(f"{key}\t{value}")


@app.command()
def record(
    decision: DecisionId,
    form: Annotated[RecordForm, typer.Option("--format", help="Which form.")] = RecordForm.JSON,
    output: Output = None,
    charset: Annotated[
        str, typer.Option(help="Of an HL7 v2 file: UNICODE UTF-8 or GB 18030-2000.")
    ] = UTF_8,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """The result a decision uses, for the receiver's own record."""
    if charset not in CHARSETS:
        print(f"hie: charset: expected {' or '.join(CHARSETS)}", file=sys.stderr)
        raise typer.Exit(USAGE)
    answer = asked("decision-record", {"decision": decision, "form": form.value}, as_json)
    found, words = record_of(answer["record"]), _language(lang)
    match form:
        case RecordForm.JSON:
            content = document_bytes(write_document(found, words))
        case RecordForm.HL7:
            content = write_oru(found, words, charset)
        case RecordForm.PDF | RecordForm.HTML:
            sheet = record_sheet(found, words, synthetic=answer["synthetic"])
            content = _drawn(sheet, form.value)
    _write(content, output, as_json, f"record of {decision}")


@app.command()
def notice(
    decision: Annotated[str | None, typer.Argument(help="The decision's number.")] = None,
    check: Annotated[
        str | None, typer.Option(help="All decisions of this check on one sheet instead.")
    ] = None,
    form: Annotated[NoticeForm, typer.Option("--format", help="Which form.")] = NoticeForm.PDF,
    output: Output = None,
    as_json: JsonFlag = False,
    lang: LangOption = None,
) -> None:
    """The notice to the patient: what is repeated and why, or which results are used."""
    if (decision is None) == (check is None):
        print("hie: name a decision, or --check", file=sys.stderr)
        raise typer.Exit(USAGE)
    arguments = {"decision": decision, "check": check, "form": form.value}
    answer = asked("decision-notice", arguments, as_json)
    sheet = notice_sheet(
        notice_read(answer["notice"]), _language(lang), synthetic=answer["synthetic"]
    )
    _write(_drawn(sheet, form.value), output, as_json, f"notice of {decision or check}")


def _drawn(sheet: Sheet, form: str) -> bytes:
    return write_pdf(sheet) if form == "pdf" else sheet_file(sheet)


def _language(lang: str | None) -> Language:
    return "en" if lang == "en" else "zh"


def _write(content: bytes, output: Path | None, as_json: bool, what: str) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        write_whole(output, content)
    except OSError as problem:
        print(f"hie: {output}: {problem.strerror}", file=sys.stderr)
        raise typer.Exit(USAGE) from problem
    said(f"{what}: {output}", as_json, {"file": str(output), "bytes": len(content)})
