"""What every copy of a used result says of itself: whence, by which check, and what since."""

from collections.abc import Iterator

from hie.canonical.recognised import Recognised
from hie.canonical.record_words import Language, word
from hie.fhir.elements import instant


def remarks(record: Recognised, lang: Language) -> Iterator[str]:
    """The sentences, the one about a correction first: nobody may read on past it."""
    changed = change_told(record, lang)
    if changed:
        yield changed
    source, verdict, decision = record.source, record.verdict, record.decision
    yield word("remark-source", lang, name=source.name or source.code, code=source.code)
    mark = word("remark-mark", lang, mark=verdict.mark) if verdict.mark else ""
    outcome = word(f"outcome-{verdict.outcome}", lang)
    yield word("remark-check", lang, check=verdict.check, assessment=verdict.assessment,
               decision=decision.id, policy=verdict.policy, outcome=outcome) + mark  # fmt: skip
    who = decision.practitioner_name or decision.practitioner
    yield word("remark-decision", lang, who=who, at=moment_text(decision.at_us))
    yield word("remark-version", lang, resource=verdict.resource)


def change_told(record: Recognised, lang: Language) -> str:
    """That the result was corrected or withdrawn since; "" when it still stands."""
    change = record.change
    if change is None:
        return word("since-reopened", lang) if record.decision.state == "reopened" else ""
    if change.kind == "parted":
        return word("since-parted", lang)
    at = word("since-unknown", lang) if change.at_us is None else moment_text(change.at_us)
    return word(f"since-{change.kind}", lang, at=at)


def moment_text(at_us: int) -> str:
    """An instant as people read it, in the hub's zone, to the minute."""
    return f"{instant(at_us):%Y-%m-%d %H:%M}"
