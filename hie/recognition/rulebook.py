"""The rulebook in force: rules by gate, each with what follows, from which text, and for whom.

Gates are files (schemas/rulebook/gate*.yaml); changing what follows from a condition is a change
there, without code. A rulebook that leaves a gate out is none. What cannot
hold together is found when the rulebook is loaded, not when a patient waits.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hie.errors import RulebookInvalid
from hie.schemas import read_once, read_shaped, yaml_files


class Effect(StrEnum):
    """What one rule does to an outcome, mildest first."""

    PASS = "pass"  # noqa: S105 - an effect, no password
    REVIEW = "clinician_review"
    REFUSE = "do_not_recognise"

    @property
    def severity(self) -> int:
        """0 for none, 2 for the worst: effects are compared by it."""
        return list(Effect).index(self)


class Kind(StrEnum):
    """What a record or order is."""

    LABORATORY = "laboratory"
    IMAGING = "imaging"


@dataclass(frozen=True, slots=True)
class Words:
    """One text in the two languages of the hub."""

    zh: str
    en: str

    def __getitem__(self, lang: str) -> str:
        """The text in a language: `en`, else Chinese."""
        return self.en if lang == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Basis:
    """A text that rules rest on; `address` is its official page, "" when none is known."""

    code: str
    title: Words
    address: str = ""
    seen_at: str = ""
    since: str = ""
    note: str = ""


# A rulebook has a file for each of these gates.
GATES = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `unknown` None: its condition always has an answer.

    `cases` are other outcomes for when the condition says which case it is (R-105, R-107:
    `voluntary`), `unknown_cases` the same where it is not known. `basis` is the code shown;
    `basis_also` the further ones. `hidden`: a record this rule refuses is not shown.
    `unless_refused`: a notice that is not given when an earlier rule of its gate refuses (R-609).
    """

    id: str
    gate: int
    title: Words
    condition: str
    outcome: Effect
    unknown: Effect | None
    basis: str
    kinds: frozenset[Kind]
    basis_also: tuple[str, ...] = ()
    cases: Mapping[str, Effect] = field(default_factory=dict)
    unknown_cases: Mapping[str, Effect] = field(default_factory=dict)
    hidden: bool = False
    unless_refused: bool = False

    def effect(self, *, fired: bool, unknown: bool, case: str | None = None) -> Effect:
        """What follows: fired goes before unknown; neither has no effect."""
        if fired:
            return self.cases.get(case, self.outcome) if case else self.outcome
        if unknown:
            usual = self.unknown or Effect.PASS
            return self.unknown_cases.get(case, usual) if case else usual
        return Effect.PASS


@dataclass(frozen=True, slots=True)
class Gate:
    """Rules that are asked together, by rising id."""

    number: int
    title: Words
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The gates that are asked, in order, and the texts their rules rest on."""

    gates: tuple[Gate, ...]
    basis: Mapping[str, Basis]
    rules: Mapping[str, Rule]

    def gate(self, number: int) -> Gate | None:
        """The gate of this number, if it is asked."""
        return next((gate for gate in self.gates if gate.number == number), None)

    def check_conditions(self, known: Collection[str]) -> None:
        """Every rule's condition exists, and every condition has a rule. Raises RulebookInvalid."""
        asked = {rule.condition: rule.id for rule in self.rules.values()}
        for name, rule in asked.items():
            if name not in known:
                raise RulebookInvalid(f"rule {rule}: there is no condition {name!r}")
        idle = sorted(set(known) - set(asked))
        if idle:
            raise RulebookInvalid(f"condition {idle[0]!r}: no rule asks it")


@read_once
def load_rulebook() -> Rulebook:
    """The rulebook of this hub. Raises RulebookInvalid naming file and rule."""
    files = dict(yaml_files("rulebook"))
    gates = [(n, data) for n, data in files.items() if n.startswith("rulebook/gate")]
    found = build_rulebook(gates, join_basis(files))
    left_out = sorted(GATES - {gate.number for gate in found.gates})
    if left_out:
        raise RulebookInvalid(f"rulebook: gate {left_out[0]} has no file")
    return found


def join_basis(files: Mapping[str, Any]) -> Any:
    """The codes of all files `rulebook/basis*.yaml` together. Raises RulebookInvalid."""
    joined: dict[str, Any] = {}
    for name, data in files.items():
        if not name.startswith("rulebook/basis"):
            continue
        twice = sorted(joined.keys() & read_shaped(data, "basis", name).keys())
        if twice:
            raise RulebookInvalid(f"{name}: {twice[0]} is a code of another file already")
        joined |= data
    return joined


def build_rulebook(gates: Iterable[tuple[str, Any]], basis: Any) -> Rulebook:
    """A rulebook from (file name, content) pairs and the basis texts. Raises RulebookInvalid."""
    known = {
        code: Basis(code, Words(**entry.pop("title")), **entry)
        for code, entry in _copied(read_shaped(basis, "basis", "rulebook/basis.yaml")).items()
    }
    found: dict[int, Gate] = {}
    rules: dict[str, Rule] = {}
    for name, data in gates:
        read_shaped(data, "gate", name)
        gate = Gate(
            data["gate"],
            Words(**data["title"]),
            tuple(_rule(entry, data["gate"]) for entry in data["rules"]),
        )
        if gate.number in found:
            raise RulebookInvalid(f"{name}: gate {gate.number} has another file already")
        found[gate.number] = gate
        _check_gate(name, gate, known)
        for rule in gate.rules:
            rules[rule.id] = rule
    asked = [rule.condition for rule in rules.values()]
    twice = next((condition for condition in asked if asked.count(condition) > 1), None)
    if twice:
        raise RulebookInvalid(f"rulebook: condition {twice!r} is asked by two rules")
    return Rulebook(
        tuple(found[number] for number in sorted(found)),
        MappingProxyType(known),
        MappingProxyType(dict(sorted(rules.items()))),
    )


def _rule(entry: Mapping[str, Any], gate: int) -> Rule:
    unknown = entry["unknown"]
    return Rule(
        id=entry["id"],
        gate=gate,
        title=Words(**entry["title"]),
        condition=entry["condition"],
        outcome=Effect(entry["outcome"]),
        unknown=None if unknown == "never" else Effect(unknown),
        basis=entry["basis"][0],
        kinds=frozenset(Kind(kind) for kind in entry["kinds"]),
        basis_also=tuple(entry["basis"][1:]),
        cases=_cases(entry, "cases"),
        unknown_cases=_cases(entry, "unknown_cases"),
        hidden=entry.get("hidden", False),
        unless_refused=entry.get("unless_refused", False),
    )


def _cases(entry: Mapping[str, Any], name: str) -> Mapping[str, Effect]:
    return MappingProxyType({case: Effect(said) for case, said in entry.get(name, {}).items()})


def _check_gate(name: str, gate: Gate, known: Mapping[str, Basis]) -> None:
    ids = [rule.id for rule in gate.rules]
    if ids != sorted(set(ids)):
        raise RulebookInvalid(f"{name}: rules stand by rising id, each once")
    for rule in gate.rules:
        if int(rule.id[2]) != gate.number:
            raise RulebookInvalid(f"{name}: {rule.id} belongs to another gate")
        missing = next((c for c in (rule.basis, *rule.basis_also) if c not in known), None)
        if missing:
            raise RulebookInvalid(f"{name}: {rule.id}: basis {missing} is not in basis.yaml")


def _copied(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {code: dict(entry) for code, entry in entries.items()}
