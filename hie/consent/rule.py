"""One rule out of a Consent: a decision, and what it speaks of; of a list the first counts.

A rule without a condition speaks of everything. What is not known about a record (its topics before
they are labelled, the day of what has none) a denial takes for granted, a permission never does.
"""

from dataclasses import dataclass, replace

from hie.consent.words import EVERY_PURPOSE, TOPICS_MASK, UNMAPPED

FIRST_US, EVER_US = -(2**62), 2**62
DENY, PERMIT, OPEN = 0, 1, 2  # OPEN: permitted, and restricted records with it


@dataclass(frozen=True, slots=True)
class Rule:
    """`decision` for who asks (`institution`, `party`, `purposes`), when, about which records.

    `source`: whose records, by institution. `resource`: one, with what it is part of. `least`,
    `most`: confidentiality. `any_topics`: at least one of these bits; `within_topics`: some, and
    no others; `no_topics`: none of these. None = not asked. Instants are [from, until).
    """

    decision: int
    consent: str = ""
    institution: str | None = None
    party: str | None = None
    purposes: int = EVERY_PURPOSE
    source: str | None = None
    kind: str | None = None
    resource: str | None = None
    least: int = 0
    most: int = 2
    any_topics: int | None = None
    within_topics: int | None = None
    no_topics: int = 0
    from_us: int = FIRST_US
    until_us: int = EVER_US
    data_from_us: int | None = None
    data_until_us: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks, for what (a bit of `words`), when; `parties`: the person and the system."""

    institution: str
    purpose: int
    at_us: int
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Record:
    """What a rule may ask about a record; `beside`: the report it is in, the results in it."""

    kind: str
    id: str
    label: int | None = None
    source: str = ""
    day: tuple[int, int] | None = None
    beside: frozenset[str] = frozenset()


def speaks(rule: Rule, question: Question, record: Record) -> bool:
    """Whether a rule speaks of this question about this record."""
    return (
        rule.institution in (None, question.institution)
        and (rule.party is None or rule.party in question.parties)
        and bool(rule.purposes & question.purpose)
        and rule.from_us <= question.at_us < rule.until_us
        and _of_record(rule, record)
    )


def decide(rules: list[Rule], question: Question, record: Record) -> Rule | None:
    """The rule that decides: the first that speaks; None where none does."""
    return next((rule for rule in rules if speaks(rule, question, record)), None)


def both(a: Rule, b: Rule) -> Rule | None:
    """`b`'s decision about what both speak of; None when that is nothing."""
    pairs = [(a.institution, b.institution), (a.party, b.party), (a.source, b.source)]
    pairs += [(a.kind, b.kind), (a.resource, b.resource)]
    if any(one != other for one, other in pairs if one is not None and other is not None):
        return None
    institution, party, source, kind, resource = (
        other if one is None else one for one, other in pairs
    )
    within = _both_masks(a.within_topics, b.within_topics)
    met = replace(
        b,
        institution=institution, party=party, source=source, kind=kind, resource=resource,
        purposes=a.purposes & b.purposes,
        least=max(a.least, b.least), most=min(a.most, b.most),
        any_topics=b.any_topics if a.any_topics is None else a.any_topics,
        within_topics=within, no_topics=a.no_topics | b.no_topics,
        from_us=max(a.from_us, b.from_us), until_us=min(a.until_us, b.until_us),
        data_from_us=_later(a.data_from_us, b.data_from_us),
        data_until_us=_earlier(a.data_until_us, b.data_until_us),
    )  # fmt: skip
    is_empty = (
        not met.purposes or met.least > met.most or met.from_us >= met.until_us or within == 0
    )
    return None if is_empty else met


def covers(a: Rule, b: Rule) -> bool:
    """Whether `a` surely speaks of all that `b` speaks of: of two in this order `b` never decides.

    What is not known a denial speaks of and a permission does not; who the patient is every
    permission speaks of, and a denial of some results does not.
    """
    if (
        b.purposes & ~a.purposes
        or a.from_us > b.from_us or a.until_us < b.until_us
        or a.least > b.least or a.most < b.most
        or a.institution not in (None, b.institution) or a.party not in (None, b.party)
        or a.source not in (None, b.source)
        or a.kind not in (None, b.kind) or a.resource not in (None, b.resource)
    ):  # fmt: skip
        return False
    if (a.decision == DENY) != (b.decision == DENY):
        of_patients = a.kind in (None, "Patient") and (a.least, a.most) == (0, 2)
        return _is_of_unknown(a) and (of_patients or a.decision != DENY)
    return (
        _is_within(b.any_topics, a.any_topics)
        and _is_within(b.within_topics, a.within_topics)
        and not a.no_topics & ~b.no_topics
        and _later(a.data_from_us, b.data_from_us) == b.data_from_us
        and _earlier(a.data_until_us, b.data_until_us) == b.data_until_us
    )


def is_of_everything(rule: Rule) -> bool:
    """Whether a rule asks nothing about a record but whose it is."""
    return rule.kind is None and (rule.least, rule.most) == (0, 2) and _is_of_unknown(rule)


def _is_of_unknown(rule: Rule) -> bool:
    """Whether it asks nothing that may be unknown of a record, nor which one it is."""
    asked = (rule.resource, rule.any_topics, rule.within_topics)
    days = (rule.data_from_us, rule.data_until_us)
    return asked == (None, None, None) and days == (None, None) and not rule.no_topics


def _is_within(topics: int | None, others: int | None) -> bool:
    return others is None or (topics is not None and not topics & ~others)


def _of_record(rule: Rule, record: Record) -> bool:
    if rule.source not in (None, record.source):
        return False
    if record.kind == "Patient":
        return rule.decision != DENY or _of_patient(rule, record)
    own = f"{record.kind}/{record.id}"
    return (
        rule.kind in (None, record.kind)
        and (rule.resource in (None, own) or _is_beside(rule, record))
        and _labelled(rule, record.label)
        and _dated(rule, record.day)
    )


def _is_beside(rule: Rule, record: Record) -> bool:
    """A result goes with its report; a report with its result only where that is denied."""
    named = rule.resource in record.beside
    return named and (rule.decision == DENY or record.kind != "DiagnosticReport")


def _of_patient(rule: Rule, record: Record) -> bool:
    """Who the patient is: hidden by a denial of everything, or of just this, not of some results.

    A permission of some results is one of seeing whose they are.
    """
    return (
        rule.kind in (None, "Patient")
        and rule.resource in (None, f"Patient/{record.id}")
        and rule.data_from_us is None
        and rule.data_until_us is None
        and _labelled(rule, 1 if record.label is None else record.label)
    )


def _labelled(rule: Rule, label: int | None) -> bool:
    level = 1 if label is None else label & 3
    topics = UNMAPPED if label is None else label >> 2 & TOPICS_MASK
    unknown = bool(topics & UNMAPPED)
    denies = rule.decision == DENY
    return (
        rule.least <= level <= rule.most
        and (
            rule.any_topics is None
            or bool(topics & rule.any_topics)
            or (unknown and denies)
        )
        and (
            rule.within_topics is None
            or (topics != 0 and not topics & ~rule.within_topics)
            or (unknown and denies)
        )
        and not (topics & rule.no_topics or (unknown and rule.no_topics and not denies))
    )  # fmt: skip


def _dated(rule: Rule, day: tuple[int, int] | None) -> bool:
    if rule.data_from_us is None and rule.data_until_us is None:
        return True
    if day is None:
        return rule.decision == DENY
    start, end = rule.data_from_us, rule.data_until_us
    if rule.decision == DENY:  # any part of it
        return (start is None or day[1] >= start) and (end is None or day[0] < end)
    return (start is None or day[0] >= start) and (end is None or day[1] < end)


def _both_masks(a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _later(a: int | None, b: int | None) -> int | None:
    return max((one for one in (a, b) if one is not None), default=None)


def _earlier(a: int | None, b: int | None) -> int | None:
    return min((one for one in (a, b) if one is not None), default=None)
