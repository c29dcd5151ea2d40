"""Why a test is repeated although an earlier result exists: the keys a clinician chooses from.

The hub suggests reasons from the rules that lowered an outcome; the clinician's choice is never
computed from them (R-900, R-901).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hie.errors import RulebookInvalid
from hie.recognition.rulebook import Effect, Words
from hie.schemas import read_once, read_shaped, read_yaml


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason; `needs_text`: the clinician writes at least a sentence (R-901).

    `patient`: the same said to the patient, on the notice (R-902).
    """

    key: str
    scope: str
    words: Words
    needs_text: bool
    patient: Words


@dataclass(frozen=True, slots=True)
class Reasons:
    """All reasons by key, those each rule suggests, and those always offered."""

    by_key: Mapping[str, Reason]
    suggested: Mapping[str, tuple[str, ...]]
    always: tuple[str, ...]

    def for_effects(
        self, effects: Iterable[tuple[str, Effect]], local: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """The keys to offer: of the rules that had an effect, in rule order; national; local.

        `effects` are rule ids with the effect each had on the leading candidate (or the first);
        `local` are the policy's local_reasons. Each key once, at its first place.
        """
        moved = sorted(rule for rule, effect in effects if effect is not Effect.PASS)
        found = (key for rule in moved for key in self.suggested.get(rule, ()))
        return tuple(dict.fromkeys((*found, *self.always, *local)))


@read_once
def load_reasons() -> Reasons:
    """The shipped reasons. Raises RulebookInvalid when one names a key that is none."""
    return build_reasons(read_yaml("rulebook", "reasons.yaml"), "rulebook/reasons.yaml")


def build_reasons(data: Any, name: str) -> Reasons:
    """Reasons from a file's content. Raises RulebookInvalid."""
    read_shaped(data, "reasons", name)
    known = {
        key: Reason(
            key,
            entry["scope"],
            Words(entry["zh"], entry["en"]),
            entry["needs_text"],
            Words(**entry["patient"]),
        )
        for key, entry in data["reasons"].items()
    }
    named = [*data["always"], *(key for keys in data["suggested"].values() for key in keys)]
    missing = next((key for key in named if key not in known), None)
    if missing:
        raise RulebookInvalid(f"{name}: {missing} is not among the reasons")
    return Reasons(
        MappingProxyType(known),
        MappingProxyType({rule: tuple(keys) for rule, keys in data["suggested"].items()}),
        tuple(data["always"]),
    )
