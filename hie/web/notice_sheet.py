"""The notice to the patient (R-902) as a sheet: what is repeated and why, what is used."""

from hie.canonical.notice import Line, Notice, Repeated, Used
from hie.canonical.recognised import Change
from hie.canonical.record_words import Language, word
from hie.canonical.remarks import moment_text
from hie.recognition.reasons import load_reasons
from hie.web.sheet import Block, Row, Sheet, legible, rows, time_text


def notice_sheet(notice: Notice, lang: Language, *, synthetic: bool = False) -> Sheet:
    """The sheet in one language."""
    repeated = [_repeated(line, line.repeated, lang) for line in notice.lines if line.repeated]
    used = [_used(line, line.used, lang) for line in notice.lines if line.used]
    blocks = [_patient(notice, lang)]
    if repeated:
        blocks.append(Block(word("notice-repeated", lang), text=word("notice-why", lang)))
        blocks += repeated
    if used:
        blocks.append(Block(word("notice-used", lang), text=word("notice-saved", lang)))
        blocks += used
    blocks.append(_who(notice, lang))
    has_changed = any(line.used is not None and line.used.change for line in notice.lines)
    return Sheet(
        name=f"notice-{notice.id}",
        lang=lang,
        title=word("notice-title", lang),
        subtitle=legible(notice.institution.name or notice.institution.code),
        blocks=tuple(blocks),
        whose=legible(f"{notice.name or ''} {notice.birth_date or ''}"),
        alerts=(word("notice-changed", lang),) if has_changed else (),
        note=(
            word("notice-note", lang),
            *((word("note-synthetic", lang),) if synthetic else ()),
        ),
        sign=(word("sign-patient", lang), word("sign-clinician", lang)),
    )


def name_of_test(line: Line, lang: Language) -> str:
    """What the test is called."""
    return line.en if lang == "en" else line.zh


def _patient(notice: Notice, lang: Language) -> Block:
    return Block(
        word("block-patient", lang),
        rows(
            (word("label-name", lang), notice.name),
            (word("label-sex", lang), word(f"sex-{notice.sex}", lang) if notice.sex else None),
            (word("label-born", lang), notice.birth_date),
        ),
    )


def _repeated(line: Line, said: Repeated, lang: Language) -> Block:
    reason = load_reasons().by_key.get(said.reason)
    words = reason.patient[lang] if reason is not None else said.reason
    return Block(
        name_of_test(line, lang),
        (
            Row(word("label-reason", lang), words, strong=True),
            *rows((word("label-clinician-words", lang), said.text)),
            Row(
                word("label-explained", lang),
                word("explained-yes" if said.explained else "explained-no", lang),
            ),
        ),
        is_part=True,
    )


def _used(line: Line, said: Used, lang: Language) -> Block:
    value = f"{said.value} {said.unit or ''}" if said.value else None
    note = None if said.change is None else _since(said.change, lang)
    return Block(
        name_of_test(line, lang),
        rows(
            (word("label-from", lang), said.source.name or said.source.code),
            (word("label-taken", lang), time_text(said.taken)),
            (word("label-value", lang), value),
            (word("label-since", lang), note),
        ),
        is_part=True,
    )


def _since(change: Change, lang: Language) -> str:
    if change.kind == "parted":
        return word("notice-parted", lang)
    when = word("since-unknown", lang) if change.at_us is None else moment_text(change.at_us)
    return word(f"notice-{change.kind}", lang, at=when)


def _who(notice: Notice, lang: Language) -> Block:
    last = max(line.at_us for line in notice.lines)
    people = list(dict.fromkeys(line.practitioner for line in notice.lines))
    return Block(
        word("notice-who", lang),
        rows(
            (word("label-clinician", lang), ", ".join(people)),
            (word("label-institution", lang), notice.institution.name),
            (word("label-department", lang), notice.department),
            (word("label-at", lang), moment_text(last)),
            (word("label-number-of-sheet", lang), notice.id),
        ),
    )
