"""A Consent resource read into a `Directive`: every element held to, or named as a fault.

FHIR R4 consent.html, as IHE PCF 1.1 profiles it; depth up to five where PCF has two.
"""

from collections.abc import Mapping
from typing import Any

from hie.consent.naming import Known, Pointed, meant_by, named, signed_by_guardian
from hie.consent.provision import DEPTH, Data, Directive, Labels, Level, Provision, Who
from hie.consent.rule import EVER_US, FIRST_US
from hie.consent.tree import codings, contained_in, node, nodes
from hie.consent.words import (
    ACT_REASON,
    BASIC_PURPOSES,
    PARTICIPATION,
    RESOURCE_TYPES,
    level,
    purposes,
    topic,
)
from hie.errors import Fault
from hie.fhir import Resource
from hie.fhir.elements import bounds

# Roles of somebody who does not receive anything.
_NO_RECIPIENT = frozenset({"AUT", "CST", "ENT", "INF", "RCT", "SBJ", "DATAENTERER", "AUTHEN"})
_READING = frozenset({"access", "use", "disclose"})
_HELD_TO = frozenset(
    {
        "type", "period", "actor", "action", "securityLabel", "purpose", "class", "dataPeriod",
        "data", "provision", "id", "extension",
    }
)  # fmt: skip
_OPT = {"OPTIN": True, "OPTINR": True, "OPTOUT": False, "OPTOUTE": False}


def read(
    consent: Resource, known: Known, received_us: int, pointing: Pointed | None = None
) -> Directive:
    """What a Consent says; `known` has who stands behind a reference, where anybody does.

    `pointing` has the patient's resources that point at what `pointed` names.

    `received_us` stands in for a dateTime that is not there. Its faults name what it says and
    cannot be held to.
    """
    contained = contained_in(consent)
    reader = _Reading(known, contained, pointing or {})
    root = reader.root(consent)
    at = bounds(str(consent.get("dateTime", "")))
    if "dateTime" in consent and at is None:
        reader.fault("Consent.dateTime", "not-a-time", "a day, or an instant with its zone")
    return Directive(
        str(consent.get("id", "")),
        received_us if at is None else at[0],
        root,
        reader.level,
        signed_by_guardian(consent),
        tuple(reader.faults),
    )


class _Reading:
    """One Consent being read: its faults, and the option of PCF it needs."""

    def __init__(
        self, known: Known, contained: Mapping[str, Mapping[str, Any]], pointing: Pointed
    ) -> None:
        self.faults: list[Fault] = []
        self.level = Level.BASIC
        self._known = known
        self._contained = contained
        self._pointing = pointing

    def fault(self, path: str, code: str, expected: str) -> None:
        self.faults.append(Fault(path, code, expected))

    def root(self, consent: Resource) -> Provision:
        """The root provision; where it does not say permit or deny, the policy it names does."""
        tree = node(consent.get("provision"))
        kind = tree.get("type")
        if kind is None:
            kind = _policy(consent)
        if kind is None:
            self.fault("Consent.provision.type", "required", "permit or deny")
        return self.provision({**tree, "type": kind or "deny"}, "Consent.provision", 1)

    def provision(self, tree: Mapping[str, Any], path: str, depth: int) -> Provision:
        """One provision; what it cannot be held to makes a permission void, a denial wider."""
        before = len(self.faults)
        permit = tree.get("type") == "permit"
        for name in sorted(tree.keys() - _HELD_TO):
            if not name.startswith("_"):
                self.fault(f"{path}.{name}", "not-held-to", "nothing: this is not evaluated here")
        self._actions(tree, path)
        who, bits, named = self._who(tree, path), *self._purposes(tree, path)
        found = Provision(
            permit, who, bits, named,
            self._period(tree, path), self._days(tree, path), self._data(tree, path),
            self._labels(tree, path), self._kinds(tree, path),
        )  # fmt: skip
        if permit and len(self.faults) > before:
            found = Provision(permit, who=())
        inner = nodes(tree, "provision")
        if inner:
            self._need(Level.INTERMEDIATE)
        if inner and depth == DEPTH:
            self.fault(f"{path}.provision", "too-deep", f"at most {DEPTH} provisions")
            return Provision(False)
        but = tuple(
            self.provision(one, f"{path}.provision[{n}]", depth + 1) for n, one in enumerate(inner)
        )
        for n, one in enumerate(inner):
            if one.get("type") not in ("permit", "deny"):
                self.fault(f"{path}.provision[{n}].type", "required", "permit or deny")
        return _with(found, but)

    def _need(self, level_: Level) -> None:
        self.level = max(self.level, level_)

    def _who(self, tree: Mapping[str, Any], path: str) -> tuple[Who, ...] | None:
        if "actor" not in tree:
            return None
        found = []
        for n, one in enumerate(nodes(tree, "actor")):
            place = f"{path}.actor[{n}]"
            codes = {code for _, code in codings(node(one.get("role")))}
            if codes & _NO_RECIPIENT:
                self.fault(f"{place}.role", "not-held-to", f"IRCP of {PARTICIPATION}")
                continue
            who = named(node(one.get("reference")), self._known, self._contained)
            if who is None:
                expected = "one institution, or one person or system of the hub"
                self.fault(f"{place}.reference", "not-known", expected)
                continue
            found.append(who)
        if len(found) < len(nodes(tree, "actor")) and tree.get("type") != "permit":
            return None  # whoever that is
        return tuple(found)

    def _purposes(self, tree: Mapping[str, Any], path: str) -> tuple[int | None, bool]:
        if "purpose" not in tree:
            return None, False
        named = [(one.get("system"), one.get("code")) for one in nodes(tree, "purpose")]
        for n, (system, code) in enumerate(named):
            if system is None:
                self.fault(f"{path}.purpose[{n}].system", "required", ACT_REASON)
            if code not in BASIC_PURPOSES:
                self._need(Level.INTERMEDIATE)
        if any(system is None for system, _ in named) and tree.get("type") != "permit":
            return None, False
        return purposes(named), (ACT_REASON, "BTG") in named

    def _period(self, tree: Mapping[str, Any], path: str) -> tuple[int, int] | None:
        if "period" not in tree:
            return None
        start, end = self._ends(tree["period"], f"{path}.period")
        return FIRST_US if start is None else start, EVER_US if end is None else end

    def _days(self, tree: Mapping[str, Any], path: str) -> tuple[int | None, int | None] | None:
        if "dataPeriod" not in tree:
            return None
        self._need(Level.INTERMEDIATE)
        return self._ends(tree["dataPeriod"], f"{path}.dataPeriod")

    def _ends(self, period: Any, path: str) -> tuple[int | None, int | None]:
        """[from, until) of a Period: a day, a month, a year to its end; an instant to itself."""
        found: list[int | None] = []
        for name in ("start", "end"):
            text = node(period).get(name)
            ends = None if text is None else bounds(str(text))
            if text is not None and ends is None:
                self.fault(f"{path}.{name}", "not-a-time", "a day, or an instant with its zone")
            whole = name == "end" and text is not None and "T" not in str(text)
            found.append(None if ends is None else ends[1 if whole else 0])
        return found[0], found[1]

    def _data(self, tree: Mapping[str, Any], path: str) -> tuple[Data, ...] | None:
        if "data" not in tree:
            return None
        self._need(Level.INTERMEDIATE)
        found: list[Data] = []
        is_whole, permits = True, tree.get("type") == "permit"
        for n, one in enumerate(nodes(tree, "data")):
            data = self._one_of_data(one, f"{path}.data[{n}]", permits=permits)
            is_whole = is_whole and bool(data)
            found += data
        return tuple(found) if is_whole or permits else None

    def _one_of_data(self, one: Mapping[str, Any], path: str, *, permits: bool) -> list[Data]:
        """What one element means; nothing where it cannot be held to.

        A study that is denied takes with it what tells of it; one that is permitted is itself.
        """
        meant = meant_by(one)
        if meant is not None and permits and one.get("meaning") == "instance":
            return [Data(resource=meant[1])]
        if meant is not None:
            return [Data(resource=text) for text in (meant[1], *self._pointing.get(meant, ()))]
        reference = node(one.get("reference"))
        if one.get("meaning") == "authoredby":
            who = named(reference, self._known, self._contained)
            if who is not None and who.institution is not None and who.party is None:
                return [Data(source=who.institution)]
            self.fault(f"{path}.reference", "not-known", "an institution or staff of the hub")
            return []
        text = "/".join(str(reference.get("reference", "")).split("/")[:2])
        if "/" not in text or ":" in text or text.startswith("#"):
            self.fault(f"{path}.reference", "not-known", "a resource of this hub")
            return []
        is_result = text.startswith(("Observation/", "DiagnosticReport/"))
        if one.get("meaning") != "instance" and not is_result:
            self.fault(f"{path}.meaning", "not-held-to", "instance, or authoredby")
            return []
        return [Data(resource=text)]

    def _labels(self, tree: Mapping[str, Any], path: str) -> Labels | None:
        if "securityLabel" not in tree:
            return None
        self._need(Level.ADVANCED)
        levels, topics, is_known = [], 0, True
        for n, one in enumerate(nodes(tree, "securityLabel")):
            system, code = one.get("system"), one.get("code")
            confidentiality, subject = level(system, code), topic(system, code)
            if confidentiality is not None:
                levels.append(confidentiality)
            elif subject is not None:
                topics |= subject
            else:
                is_known = False
                self.fault(f"{path}.securityLabel[{n}]", "not-known", "N, R, V, or a topic")
        if not is_known and tree.get("type") != "permit":
            return None
        permit = tree.get("type") == "permit"
        reached = (max if permit else min)(levels) if levels else None
        return Labels(reached, topics)

    def _kinds(self, tree: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
        if "class" not in tree:
            return None
        self._need(Level.INTERMEDIATE)
        ours = [one for one in nodes(tree, "class") if one.get("system") == RESOURCE_TYPES]
        if len(ours) < len(nodes(tree, "class")):
            self.fault(f"{path}.class", "not-known", f"types of {RESOURCE_TYPES}")
            if tree.get("type") != "permit":
                return None
        return tuple(str(one.get("code")) for one in ours)

    def _actions(self, tree: Mapping[str, Any], path: str) -> None:
        for n, one in enumerate(nodes(tree, "action")):
            if not {code for _, code in codings(one)} <= _READING:
                self.fault(f"{path}.action[{n}]", "not-held-to", "access, use or disclose")


def _with(found: Provision, but: tuple[Provision, ...]) -> Provision:
    return Provision(
        found.permit, found.who, found.purposes, found.named_glass, found.period, found.days,
        found.data, found.labels, found.kinds, but,
    )  # fmt: skip


def _policy(consent: Resource) -> str | None:
    """Permit or deny by `policyRule`, for a root provision that has no type (as R4 has it)."""
    for _, code in codings(node(consent.get("policyRule"))):
        if code in _OPT:
            return "permit" if _OPT[code] else "deny"
    return None
