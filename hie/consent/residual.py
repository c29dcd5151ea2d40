"""What a token says its holder may not see of a patient: the `residual` rules of IHE PCF, 3.71.4.

Labels alone, and forbidding alone: what cannot be said by a label (days, authors, single records)
forbids everything, as a resource that must not be seen is not named to whom it is hidden from.
Whoever goes by these rules therefore shows too little, never too much. The hub itself does not go
by them: it asks the rules of the patient's Consents with every statement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hie.access.pcf import EVERYTHING, Entry
from hie.consent.rule import DENY, OPEN, Rule
from hie.consent.words import CONFIDENTIALITY, LEVELS, UNMAPPED, codings, purpose_bit

_MOST_RULES = 256  # that are looked at for it
_NORMAL, _RESTRICTED, _VERY = LEVELS["N"], LEVELS["R"], LEVELS["V"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who will hold the token: what is put to the rules, from its issue to its end.

    `permitted`: what the region's policy says where no rule speaks; `clearance`: the highest label
    of others' records the holder sees.
    """

    institution: str
    purpose: str
    parties: frozenset[str]
    from_us: int
    until_us: int
    permitted: bool
    clearance: int


def held_to(rules: Iterable[Rule], holder: Holder) -> list[Rule]:
    """Those of a patient's rules that may speak to this holder, in their order.

    A denial that holds for a part of the token's life is taken for its whole; a permission that
    does not hold for all of it, for none of it.
    """
    bit = purpose_bit(holder.purpose)
    return [
        rule
        for rule in rules
        if rule.institution in (None, holder.institution)
        and (rule.party is None or rule.party in holder.parties)
        and rule.purposes & bit
        and _holds(rule, holder)
    ]


def consents_of(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The Consents these rules are of, in their order."""
    return tuple(dict.fromkeys(rule.consent for rule in rules if rule.consent))


def residual(rules: Sequence[Rule], holder: Holder) -> tuple[Entry, ...]:
    """What the holder may not see, of rules `held_to` them; at most one entry for each label."""
    if len(rules) > _MOST_RULES or not _permits(rules, holder, _NORMAL, _NO_TOPIC):
        return EVERYTHING
    codes = codings()
    denied = [bit for bit in codes if not _permits_topics(rules, holder, _Topics(bit, bit))]
    left = sum(bit for bit in codes if bit not in denied)
    if left and not _permits_topics(rules, holder, _Topics(left, 0)):
        denied = list(codes)
    levels = [
        (CONFIDENTIALITY, name)
        for name, level in LEVELS.items()
        if not _permits(rules, holder, level, _NO_TOPIC)
    ]
    return tuple(_forbidden(*label) for label in (*levels, *(codes[bit] for bit in denied)))


@dataclass(frozen=True, slots=True)
class _Topics:
    """Records about topics within `most`, at least those of `least`; 0 and 0: about none."""

    most: int
    least: int

    def may_be(self, rule: Rule) -> bool:
        """Whether a denial may speak of one of these records; what is not known it speaks of."""
        unknown = bool(self.most & UNMAPPED)
        if not unknown and rule.any_topics is not None and not self.most & rule.any_topics:
            return False
        within = rule.within_topics
        if not unknown and within is not None and (not self.most & within or self.least & ~within):
            return False
        return not self.least & rule.no_topics

    def must_be(self, rule: Rule) -> bool:
        """Whether a permission surely speaks of every one of these records."""
        sure = self.least or self.most
        if rule.any_topics is not None and not (
            sure and (self.least & rule.any_topics or not self.most & ~rule.any_topics)
        ):
            return False
        within = rule.within_topics
        if within is not None and (not self.most or self.most & ~within):
            return False
        return not self.most & (rule.no_topics | (UNMAPPED if rule.no_topics else 0))


_NO_TOPIC = _Topics(0, 0)


def _permits_topics(rules: Sequence[Rule], holder: Holder, topics: _Topics) -> bool:
    """Whether records about these are seen wherever records about nothing are.

    What the holder is not cleared for is asked too: the entry of a topic says that it is denied.
    """
    return all(
        _permits(rules, one, level, topics)
        for one in (holder, replace(holder, clearance=_VERY))
        for level in LEVELS.values()
        if _permits(rules, one, level, _NO_TOPIC)
    )


def _permits(rules: Sequence[Rule], holder: Holder, level: int, topics: _Topics) -> bool:
    """Whether every record so labelled is surely seen: the first rule that may speak decides."""
    for rule in rules:
        if not rule.least <= level <= rule.most:
            continue
        if rule.decision == DENY:
            if topics.may_be(rule):
                return False
        elif _is_of_labels(rule) and topics.must_be(rule):
            opened = rule.decision == OPEN and level <= _RESTRICTED
            return opened or level <= holder.clearance
    return holder.permitted and level <= holder.clearance


def _is_of_labels(rule: Rule) -> bool:
    """Whether it asks nothing of a record but its label."""
    asked = (rule.source, rule.kind, rule.resource, rule.data_from_us, rule.data_until_us)
    return all(one is None for one in asked)


def _holds(rule: Rule, holder: Holder) -> bool:
    if rule.decision == DENY:
        return rule.from_us < holder.until_us and holder.from_us < rule.until_us
    return rule.from_us <= holder.from_us and holder.until_us <= rule.until_us


def _forbidden(system: str, code: str) -> Entry:
    return {"type": "forbid", "securityLabel": [{"system": system, "code": code}]}
