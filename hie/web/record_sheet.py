"""The record of a result that was used (R-903), as a sheet for the receiver's own file."""

from collections.abc import Iterator

from hie.canonical import said
from hie.canonical.recognised import FINDINGS, Recognised
from hie.canonical.record_words import Language, word
from hie.canonical.remarks import change_told, moment_text
from hie.canonical.study_said import accession, body_parts, forms_text, study_uid
from hie.fhir import LOINC, Resource
from hie.fhir.elements import code_in, find_extension, in_words
from hie.web.sheet import Block, Row, Sheet, legible, rows, time_text

_CLASSES = frozenset({"reactive", "non-reactive", "indeterminate"})


def record_sheet(record: Recognised, lang: Language, *, synthetic: bool = False) -> Sheet:
    """The sheet, in one language; what the source wrote stays as it was written."""
    changed = change_told(record, lang)
    kind = "imaging" if record.item.is_imaging else "laboratory"
    blocks = [
        _result(record, lang),
        *(_texts(record, lang) if record.item.is_imaging else ()),
        _source(record, lang),
        _patient(record, lang),
        _decision(record, lang),
        _findings(record, lang),
    ]
    return Sheet(
        name=f"record-{record.decision.id}",
        lang=lang,
        title=word(f"title-{kind}", lang),
        subtitle=legible(record.decision.institution.name or record.decision.institution.code),
        blocks=tuple(block for block in blocks if block.rows or block.text),
        alerts=(changed,) if changed else (),
        whose=_whose(record),
        note=(
            word("note-record", lang),
            *((word("note-synthetic", lang),) if synthetic else ()),
        ),
    )


def name_of_item(record: Recognised, lang: Language) -> str:
    """The catalogue's name, and its key."""
    own = record.item.en if lang == "en" else record.item.zh
    return f"{own} ({record.item.key})" if own != record.item.key else own


def _result(record: Recognised, lang: Language) -> Block:
    used = record.used
    lines = [Row(word("label-item", lang), name_of_item(record, lang))]
    if record.is_withdrawn:
        lines.append(Row(word("label-value", lang), word("value-withdrawn", lang), strong=True))
    elif not record.item.is_imaging:
        lines += _value(record, lang)
    if record.item.is_imaging:
        lines += _study(record, lang)
    named = used.get("code", {}).get("text", "")
    status = used.get("status") or ""
    lines += rows(
        (word("label-as-sent", lang), named if not record.item.is_imaging else None),
        ("LOINC", code_in(used.get("code"), LOINC)),
        (word("label-method", lang), in_words(used.get("method"))),
        (word("label-specimen", lang), _specimen(record)),
        (word("label-taken", lang), time_text(_taken(record))),
        (word("label-issued", lang), time_text(used.get("issued") or _issued(record))),
        (word("label-status", lang), word(f"status-{status}", lang) if status else None),
    )
    if not record.is_withdrawn:
        notes = "\n".join(one.get("text", "") for one in used.get("note", ()))
        lines += rows((word("label-note", lang), notes))
    return Block(word("block-result", lang), tuple(lines))


def _value(record: Recognised, lang: Language) -> Iterator[Row]:
    used, verdict = record.used, record.verdict
    value, unit = said.value(used), said.unit(used)
    text = f"{value} {unit}".strip() if value else word("value-none", lang)
    yield Row(word("label-value", lang), legible(text), strong=True)
    flags = [code for one in used.get("interpretation", ()) if (code := _flag(one))]
    yield from rows((word("label-flag", lang), " ".join(flags)))
    yield from rows((word("label-interval", lang), said.interval(used)))
    if verdict.value in _CLASSES:
        yield from rows((word("label-class", lang), word(f"class-{verdict.value}", lang)))
    elif verdict.value is not None and verdict.value != value:
        yield from rows((word("label-converted", lang), f"{verdict.value} {verdict.unit or ''}"))


def _study(record: Recognised, lang: Language) -> Iterator[Row]:
    used, report = record.used, record.report or {}
    told = report or used
    count = used.get("numberOfInstances")
    yield from rows(
        (
            word("label-examination", lang),
            used.get("description") or told.get("code", {}).get("text", ""),
        ),
        (word("label-parts", lang), ", ".join(body_parts(used, report))),
        (word("label-images", lang), None if count is None else str(count)),
        (word("label-study-uid", lang), study_uid(used)),
        (word("label-accession", lang), accession(used, report)),
    )


def _texts(record: Recognised, lang: Language) -> Iterator[Block]:
    """What the report says; a withdrawn one says nothing any more."""
    told = record.report or record.used
    if record.is_withdrawn:
        return
    found = find_extension(told, FINDINGS) or {}
    text = found.get("valueString") or found.get("valueMarkdown") or forms_text(told)
    yield Block(word("block-findings", lang), text=legible(text))
    yield Block(word("block-conclusion", lang), text=legible(told.get("conclusion")))


def _source(record: Recognised, lang: Language) -> Block:
    report = record.report or (record.used if record.item.is_imaging else {})
    reviewers = [one["display"] for one in report.get("resultsInterpreter", ()) if "display" in one]
    number = next((one.get("value") for one in report.get("identifier", ())), None)
    return Block(
        word("block-source", lang),
        rows(
            (word("label-institution", lang), record.source.name or record.source.code),
            (word("label-code", lang), record.source.code),
            (word("label-mark", lang), record.verdict.mark),
            (word("label-reviewer", lang), ", ".join(reviewers)),
            (word("label-report", lang), number),
            (word("label-version", lang), record.verdict.resource),
        ),
    )


def _patient(record: Recognised, lang: Language) -> Block:
    patient = record.patient or {}
    name = next((one.get("text") for one in patient.get("name", ()) if one.get("text")), None)
    asked = record.asked_name
    numbers = [value for _, value in record.asked] or [
        one["value"] for one in patient.get("identifier", ()) if one.get("value")
    ]
    sex = patient.get("gender")
    return Block(
        word("block-patient", lang),
        rows(
            (word("label-name", lang), name or asked),
            (word("label-name-asked", lang), asked if name and asked != name else None),
            (word("label-sex", lang), word(f"sex-{sex}", lang) if sex else None),
            (word("label-born", lang), patient.get("birthDate")),
            (word("label-number", lang), masked(numbers[0]) if numbers else None),
        ),
    )


def _whose(record: Recognised) -> str:
    patient = record.patient or {}
    names = (one.get("text") for one in patient.get("name", ()))
    name = next((name for name in names if name), None) or record.asked_name
    return legible(f"{name or ''} {patient.get('birthDate', '')}")


def masked(number: str) -> str:
    """A number as a page shows it: its ends, so that a person can compare."""
    hidden = "*" * max(len(number) - 8, 4)
    return f"{number[:4]}{hidden}{number[-4:]}" if len(number) > 8 else hidden


def _decision(record: Recognised, lang: Language) -> Block:
    decision, verdict = record.decision, record.verdict
    return Block(
        word("block-decision", lang),
        rows(
            (word("label-decided", lang), word("decided-use", lang)),
            (word("label-institution", lang), decision.institution.name),
            (word("label-department", lang), decision.department),
            (word("label-clinician", lang), decision.practitioner_name or decision.practitioner),
            (word("label-at", lang), moment_text(decision.at_us)),
            (word("label-words", lang), decision.text),
            (word("label-outcome", lang), word(f"outcome-{verdict.outcome}", lang)),
            (word("label-age", lang), _age(record, lang)),
            (word("label-policy", lang), verdict.policy),
            (word("label-decision", lang), decision.id),
            (word("label-check", lang), verdict.check),
            (word("label-assessment", lang), verdict.assessment),
        ),
    )


def _age(record: Recognised, lang: Language) -> str | None:
    days, limit = record.verdict.age_days, record.verdict.limit_days
    return None if days is None or limit is None else word("age-of", lang, days=days, limit=limit)


def _findings(record: Recognised, lang: Language) -> Block:
    """The rules that spoke: of a withdrawn result only their numbers, for their words hold it."""
    found = record.verdict.findings
    lines = [
        Row(
            str(one["rule"]),
            legible(one.get("text", {}).get(lang)) or word("state-fired", lang)
            if one.get("fired")
            else legible(one.get("text", {}).get(lang)) or word("state-unknown", lang),
        )
        for one in found
    ]
    return Block(word("block-findings-of-check", lang), tuple(lines))


def _specimen(record: Recognised) -> str | None:
    kinds = (one.get("type") for one in record.others if one["resourceType"] == "Specimen")
    return next((in_words(kind) for kind in kinds if kind), None)


def _flag(one: Resource) -> str:
    return str(one.get("text") or next((c.get("code", "") for c in one.get("coding", ())), ""))


def _taken(record: Recognised) -> str | None:
    used, report = record.used, record.report or {}
    text: str | None = (
        used.get("effectiveDateTime") or used.get("started") or report.get("effectiveDateTime")
    )
    return text


def _issued(record: Recognised) -> str | None:
    text: str | None = (record.report or {}).get("issued")
    return text
