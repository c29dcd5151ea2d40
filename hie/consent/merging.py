"""Lists of rules that hold side by side, as one ordered list: what one of them denies is denied.

A rule that an earlier one covers never decides and is left out. How many rules may be left, and how
many may be looked at for them, is bounded: lists that overlap could grow by the product.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, product, zip_longest

from hie.consent.rule import DENY, Rule, both, covers, is_of_everything
from hie.consent.words import UNMAPPED

MOST = 2_000  # rules of one patient; more than that is no wish of a person
_LOOKS = 500_000  # pairs of rules that are compared for them: about a second

_Names = tuple[str | None, ...]


class TooManyRulesError(Exception):
    """There are more rules than `MOST`, or they overlap too much to tell."""


class Merging:
    """One patient's rules being merged. All raise TooManyRulesError."""

    def __init__(self) -> None:
        self._looks = 0

    def look(self, times: int) -> None:
        """Count what is looked at."""
        self._looks += times
        if self._looks > _LOOKS:
            raise TooManyRulesError

    def ordered(self, rules: Iterable[Rule]) -> list[Rule]:
        """The same list without the rules that an earlier one covers."""
        found: list[Rule] = []
        known: dict[_Names, list[Rule]] = {}
        for rule in rules:
            names = (rule.institution, rule.party, rule.source, rule.kind, rule.resource)
            wider = product(*((None,) if one is None else (None, one) for one in names))
            near = [one for key in wider for one in known.get(key, ())]
            self.look(1 + len(near))
            if not any(covers(one, rule) for one in near):
                found.append(rule)
                known.setdefault(names, []).append(rule)
                if len(found) > MOST:
                    raise TooManyRulesError
        return found

    def denials_first(self, lists: Iterable[Sequence[Rule]]) -> list[Rule]:
        """One list of several that hold side by side: whatever one of them denies is denied.

        The denials a list begins with nothing in it excepts: they may come before all others. The
        permissions it ends with deny nothing: they may come after. Only what is between is met.
        """
        denying: list[Rule] = []
        between: dict[tuple[Rule, ...], Sequence[Rule]] = {}
        permitting: list[Rule] = []
        for rules in lists:
            permits = [n for n, rule in enumerate(rules) if rule.decision != DENY]
            first = permits[0] if permits else len(rules)
            denials = [n for n, rule in enumerate(rules) if rule.decision == DENY]
            last = max(first, denials[-1] + 1 if denials else 0)
            denying += rules[:first]
            said = tuple(replace(rule, consent="") for rule in rules[first:last])
            between.setdefault(said, rules[first:last])
            permitting += rules[last:]
        mixed = list(between.values())
        while len(mixed) > 1:  # two by two: each rule is looked at few times
            pairs = zip_longest(mixed[::2], mixed[1::2], fillvalue=())
            mixed = [self._met(one, other) for one, other in pairs]
        return self.ordered([*denying, *chain(*mixed), *permitting])

    def _met(self, one: Sequence[Rule], other: Sequence[Rule]) -> list[Rule]:
        """Two lists as one: a permission of the first holds where the second denies nothing."""
        found: list[Rule] = []
        for rule in one:
            if rule.decision != DENY:
                self.look(len(other))
                common = [met for second in other for met in _common(rule, second)]
                while common and common[-1].decision == rule.decision:
                    common.pop()  # the rule itself says so
                found += common
            found.append(rule)
        return self.ordered([*found, *other])


def _common(permission: Rule, other: Rule) -> list[Rule]:
    """The weaker decision about what both speak of: records, and who the patient is.

    A permission is never of what may be about anything, and so is no denial that is cut to it.
    """
    decision = min(permission.decision, other.decision)
    found = []
    met = both(permission, other)
    if met is not None:
        unsure = permission.within_topics is not None or permission.no_topics
        known = UNMAPPED if unsure and decision == DENY else 0
        found.append(replace(met, decision=decision, no_topics=met.no_topics | known))
    about = _of_patient(other)
    if about is not None and not is_of_everything(permission):
        patient = both(_permitted_patient(permission), about)
        if patient is not None:
            found.append(replace(patient, decision=decision))
    return found


def _of_patient(rule: Rule) -> Rule | None:
    """What a rule says of who the patient is."""
    if rule.decision != DENY:
        return _permitted_patient(rule)
    is_other = rule.resource is not None and not rule.resource.startswith("Patient/")
    is_dated = (rule.data_from_us, rule.data_until_us) != (None, None)
    if rule.kind not in (None, "Patient") or is_other or is_dated:
        return None
    return replace(rule, kind="Patient")


def _permitted_patient(rule: Rule) -> Rule:
    """A permission of any record is one of seeing whose it is."""
    return Rule(
        rule.decision, rule.consent, rule.institution, rule.party, rule.purposes, rule.source,
        "Patient", from_us=rule.from_us, until_us=rule.until_us,
    )  # fmt: skip
