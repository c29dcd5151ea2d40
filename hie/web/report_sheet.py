"""A source's report as a sheet: what it says, in its own words, as it stands now.

Nothing is converted and nothing judged: that is the patient's page. What was withdrawn says so and
nothing else.
"""

from collections.abc import Iterator

from hie.canonical import said
from hie.canonical.recognised import FINDINGS
from hie.canonical.record_words import Language, word
from hie.canonical.study_said import accession, forms_text
from hie.exchange.report_shown import ShownReport
from hie.exchange.result_history import WITHDRAWN
from hie.fhir import Resource, extension
from hie.fhir.elements import find_extension, in_words
from hie.identity.traits import read_identifiers
from hie.web.record_sheet import masked
from hie.web.sheet import Block, Row, Sheet, legible, rows, time_text

_STATUSES = frozenset(
    ("registered", "available", "preliminary", "partial", "final", "amended", "corrected",
     "appended", "cancelled", "entered-in-error", "unknown")
)  # fmt: skip


def report_sheet(shown: ShownReport, lang: Language, *, synthetic: bool = False) -> Sheet:
    """The sheet, in one language; what the source wrote stays as it was written."""
    report = shown.report
    withdrawn = report.get("status") in WITHDRAWN
    blocks = [_source(shown, lang), _patient(shown.patient, lang)]
    if not withdrawn:
        blocks += [_results(shown, lang), *_texts(report, lang)]
    return Sheet(
        name=f"report-{report['id']}",
        lang=lang,
        title=legible(report.get("code", {}).get("text")) or word("title-report", lang),
        subtitle=word("title-report", lang),
        blocks=tuple(block for block in blocks if block.rows or block.text),
        alerts=(word("report-withdrawn", lang),) if withdrawn else (),
        whose=_whose(shown.patient),
        note=(
            word("note-report", lang),
            *((word("note-synthetic", lang),) if synthetic else ()),
        ),
    )


def _source(shown: ShownReport, lang: Language) -> Block:
    report = shown.report
    reviewers = [one["display"] for one in report.get("resultsInterpreter", ()) if "display" in one]
    number = next((one.get("value") for one in report.get("identifier", ())), None)
    status = report.get("status") if report.get("status") in _STATUSES else "unknown"
    sent = find_extension(report, extension("issued-as-sent")) or {}
    clinical = find_extension(report, extension("clinical")) or {}
    kinds = (one.get("type", {}) for one in shown.specimens)
    return Block(
        word("block-source", lang),
        rows(
            (word("label-institution", lang), shown.institution),
            (word("label-report", lang), number),
            (word("label-accession", lang), accession(report)),
            (word("label-status", lang), word(f"status-{status}", lang)),
            (word("label-taken", lang), time_text(report.get("effectiveDateTime"))),
            (
                word("label-issued", lang),
                time_text(report.get("issued") or sent.get("valueDateTime")),
            ),
            (word("label-specimen", lang), ", ".join(dict.fromkeys(map(in_words, kinds)))),
            (word("label-reviewer", lang), ", ".join(reviewers)),
            (word("label-clinical", lang), clinical.get("valueString")),
        ),
    )


def _patient(patient: Resource, lang: Language) -> Block:
    name = next((one.get("text") for one in patient.get("name", ()) if one.get("text")), None)
    numbers = [value for _, value in read_identifiers(patient)]
    sex = patient.get("gender")
    return Block(
        word("block-patient", lang),
        rows(
            (word("label-name", lang), name),
            (word("label-sex", lang), word(f"sex-{sex}", lang) if sex else None),
            (word("label-born", lang), patient.get("birthDate")),
            (word("label-number", lang), masked(numbers[0]) if numbers else None),
        ),
    )


def _results(shown: ShownReport, lang: Language) -> Block:
    """A line for each result, in the order of the report."""
    return Block(word("block-result", lang), tuple(_result(one, lang) for one in shown.results))


def _result(one: Resource, lang: Language) -> Row:
    name = in_words(one.get("code"))
    status = one.get("status")
    if status in WITHDRAWN:
        return Row(legible(name), word("value-withdrawn", lang))
    value = f"{said.value(one)} {said.unit(one)}".strip() or word("value-none", lang)
    said_of_it = map(in_words, one.get("interpretation", ()))
    flags = " ".join(flag for flag in said_of_it if flag not in ("", "N"))
    parts = [f"{value} {flags}".strip()]
    if interval := said.interval(one):
        parts.append(word("in-interval", lang, interval=interval))
    if method := in_words(one.get("method")):
        parts.append(method)
    if status in _STATUSES and status not in ("final", "unknown"):
        parts.append(word(f"status-{status}", lang))
    parts += [note["text"] for note in one.get("note", ()) if note.get("text")]
    return Row(legible(name), legible(" · ".join(parts)))


def _texts(report: Resource, lang: Language) -> Iterator[Block]:
    """Findings, conclusion, notes and the text the report came with."""
    found = find_extension(report, FINDINGS) or {}
    text = found.get("valueString") or found.get("valueMarkdown")
    yield Block(word("block-findings", lang), text=legible(text))
    yield Block(word("block-conclusion", lang), text=legible(report.get("conclusion")))
    notes = [
        one["valueString"]
        for one in report.get("extension", ())
        if one.get("url") == extension("note") and one.get("valueString")
    ]
    yield Block(word("label-note", lang), text=legible("\n".join(notes)))
    yield Block(word("block-original", lang), text=legible(forms_text(report)))


def _whose(patient: Resource) -> str:
    name = next((one.get("text") for one in patient.get("name", ()) if one.get("text")), "")
    return legible(f"{name} {patient.get('birthDate', '')}")
