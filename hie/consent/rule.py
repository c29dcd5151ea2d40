"""One rule out of a Consent: a decision, and what it speaks of; of a list the first counts.

A rule without a condition speaks of everything. What is not known about a record (its topics before
they are labelled, the day of what has none) a denial takes for granted, a permission never does.
"""

from dataclasses import dataclass, replace

from hie.consent.words import EVERY_PURPOSE

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


def _both_masks(a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return b if a is None else a
    return a & b


def _later(a: int | None, b: int | None) -> int | None:
    return max((one for one in (a, b) if one is not None), default=None)


def _earlier(a: int | None, b: int | None) -> int | None:
    return min((one for one in (a, b) if one is not None), default=None)
