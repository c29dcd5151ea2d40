"""The active Consents of a patient, made into one ordered list of rules: the first counts.

The newest Consent that speaks decides; of those given at the same instant a denial does. In one
Consent exceptions come before what they are exceptions to, and a denial among them before a
permission. A root that permits speaks for its purposes: what it does not name is denied there. A
root that denies says nothing of what it does not name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby, product
from math import prod

from hie.consent.merging import Merging, TooManyRulesError
from hie.consent.minors import Ages, as_signed
from hie.consent.provision import Data, Directive, Level, Provision, Who, purposes_of
from hie.consent.rule import DENY, EVER_US, FIRST_US, OPEN, PERMIT, Rule
from hie.consent.terms import Terms


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rules of one patient, the one that counts first first; at most `MOST`.

    Not `is_whole`: there would be more. Everything is denied then: it is never half a wish that is
    held to.
    """

    rules: list[Rule]
    is_whole: bool = True


def compile_all(directives: Iterable[Directive], terms: Terms, ages: Ages) -> Compiled:
    """The rules of one patient's Consents."""
    if terms.level is Level.IMPLICIT:
        return Compiled([])
    newest = sorted(directives, key=lambda one: (-one.at_us, one.consent))
    merging = Merging()
    found: list[Rule] = []
    try:
        for _, group in groupby(newest, key=lambda one: one.at_us):
            lists = (as_signed(one, _of_one(one, terms, merging), ages) for one in group)
            found += merging.denials_first(lists)
        return Compiled(merging.ordered(found))
    except TooManyRulesError:
        return Compiled([Rule(DENY, newest[0].consent)], is_whole=False)


def _of_one(directive: Directive, terms: Terms, merging: Merging) -> list[Rule]:
    root = directive.root
    if directive.level > terms.level:
        root = _held_to(root, terms.level)
    found = _below(root, _Stated(), terms, merging)
    period = root.period or (FIRST_US, EVER_US)
    if root.permit:
        rest = Rule(
            DENY, purposes=purposes_of(replace(root, permit=False), presumed=terms.presumed)
        )
        found.append(rest)
    return [
        replace(rule, consent=directive.consent, from_us=start, until_us=end)
        for rule in found
        if (start := max(rule.from_us, period[0])) < (end := min(rule.until_us, period[1]))
    ]


@dataclass(frozen=True, slots=True)
class _Stated:
    """What is stated so far: an exception says again only what differs."""

    provision: Provision | None = None

    def then(self, one: Provision) -> Provision:
        above = self.provision
        if above is None:
            return one
        purposes = one.purposes is None
        return replace(
            one,
            who=above.who if one.who is None else one.who,
            purposes=above.purposes if purposes else one.purposes,
            named_glass=above.named_glass if purposes else one.named_glass,
            period=above.period if one.period is None else one.period,
            days=above.days if one.days is None else one.days,
            data=above.data if one.data is None else one.data,
            labels=above.labels if one.labels is None else one.labels,
            kinds=above.kinds if one.kinds is None else one.kinds,
        )


def _below(provision: Provision, stated: _Stated, terms: Terms, merging: Merging) -> list[Rule]:
    """The exceptions of a provision, then itself."""
    whole = stated.then(provision)
    inner = merging.denials_first(
        _below(one, _Stated(whole), terms, merging) for one in provision.but
    )
    return inner + _own(whole, terms, merging)


def _own(one: Provision, terms: Terms, merging: Merging) -> list[Rule]:
    """A provision's own rules: one for each combination of what it lists."""
    purposes = purposes_of(one, presumed=terms.presumed)
    start, end = one.period or (FIRST_US, EVER_US)
    if not purposes or start >= end:
        return []
    since, until = one.days or (None, None)
    plain = Rule(
        PERMIT if one.permit else DENY,
        purposes=purposes, from_us=start, until_us=end, data_from_us=since, data_until_us=until,
    )  # fmt: skip
    lists = (
        (Who(),) if one.who is None else one.who,
        (Data(),) if one.data is None else one.data,
        (None,) if one.kinds is None else one.kinds,
        _labelled(plain, one),
    )
    merging.look(prod(map(len, lists)))
    return [
        replace(
            labelled,
            institution=who.institution, party=who.party,
            source=data.source, resource=data.resource, kind=kind,
        )
        for who, data, kind, labelled in product(*lists)
    ]  # fmt: skip


def _labelled(rule: Rule, one: Provision) -> list[Rule]:
    """A permission is of what is at most so confidential; a denial of what is at least so."""
    if one.labels is None:
        return [rule]
    level, topics = one.labels.level, one.labels.topics
    found = []
    if not one.permit:
        if level is not None:
            found.append(replace(rule, least=level))
        if topics:
            found.append(replace(rule, any_topics=topics))
        return found
    if level is not None:
        found.append(replace(rule, most=level, decision=PERMIT if level == 0 else OPEN))
    if topics:
        found.append(replace(rule, within_topics=topics, decision=OPEN))
    return found


def _held_to(one: Provision, level: Level) -> Provision:
    """What is left of a provision at a lower option: denials wider, permissions narrower."""
    but = tuple(_held_to(inner, level) for inner in one.but) if level >= Level.INTERMEDIATE else ()
    void = one.permit and (
        (level < Level.ADVANCED and one.labels is not None)
        or (level < Level.INTERMEDIATE and (one.days, one.data, one.kinds) != (None, None, None))
    )
    if level < Level.INTERMEDIATE and one.but and one.permit:
        void = void or any(not inner.permit for inner in one.but)
    wider = replace(one, but=but, labels=None)
    if level < Level.INTERMEDIATE:
        wider = replace(wider, days=None, data=None, kinds=None)
    return replace(wider, who=()) if void else wider
