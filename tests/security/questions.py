"""Generated questions over the whole grammar of search, and every other way to look at a row.

What they ask with is what the world holds, hidden rows first of all: their ids, numbers, words.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from hie.fhir import identifier_system
from hie.fhir.search.definitions import Kind, Parameter
from hie.store.search.registry import BOUND, PARAMETERS
from tests.security.callers import BASE
from tests.security.twins import Known
from tests.security.worlds import (
    CATEGORIES,
    CODES,
    DAYS,
    HOSPITALS,
    LOINC,
    NAMES,
    VALUES,
    World,
    resident_of,
)

JSON = {"Content-Type": "application/fhir+json"}
# What people are asked about; of the rest, which belongs to nobody, two.
TYPES = (
    "Patient", "Observation", "DiagnosticReport", "Encounter", "Specimen", "ServiceRequest",
    "ImagingStudy", "DocumentReference", "Provenance", "Task", "Consent", "Communication",
    "Practitioner", "Organization",
)  # fmt: skip
ABSENT = "AAAAAAAAAAAAAAAAAAAAAA"
_STATUSES = ("final", "active", "current", "requested", "in-progress", "available", "registered")
_PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
_TOKEN_MODIFIERS = (*[""] * 6, ":not", ":not", ":text", ":missing", ":in", ":below")
_STRING_MODIFIERS = ("", "", ":exact", ":contains", ":missing")
_REFERENCE_MODIFIERS = ("", "", "", ":identifier", ":missing", ":Patient")


@dataclass(frozen=True)
class Question:
    """One request; a search may be followed over its pages."""

    method: str
    url: str
    content: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=())

    def arguments(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """What an HTTP client is asked for."""
        more = {**headers, **dict(self.headers)}
        return {"method": self.method, "url": self.url, "content": self.content, "headers": more}


class Asked:
    """Strategies of questions about one world, for one asker."""

    def __init__(
        self,
        world: World,
        known: Known,
        shown: frozenset[str],
        *,
        writes: bool,
        asks: bool,
        written: frozenset[str] = frozenset(),
    ) -> None:
        """`shown`: the ids this asker may see; `writes`, `asks`: whether changes, checks are theirs.

        `written`: what the own house wrote, which it may write again, whoever denies it to read.
        """
        self._writes, self._asks = writes, asks
        self._ids = {kind: [*found, ABSENT] for kind, found in known.ids.items()}
        self._mine = {
            kind: mine
            for kind, found in known.ids.items()
            if (mine := [*shown.intersection(found)])
        }
        self._all = sorted({key for found in known.ids.values() for key in found}) or [ABSENT]
        self._strange = [key for key in self._all if key not in shown | written] + [ABSENT]
        self._numbers = [resident_of(n) for n in range(len(world.people))]
        self._numbers += ["a-0", "b-1", "c-2", "0-0", "1-0", "2-1", "none"]
        self._words = [*known.words] or ["canary"]

    def questions(self) -> st.SearchStrategy[Question]:
        """Any of them; searches most often."""
        search = self.searches()
        several = [*[search] * 8, self.reads(), self.reads(), self.operations(), self.batches()]
        if self._writes:
            several += [self.changes()] * 4
        if self._asks:
            several.append(self.checks())
        return st.one_of(several)

    # Searches ------------------------------------------------------------------------------

    def searches(self) -> st.SearchStrategy[Question]:
        """A search by GET, by POST, or of a compartment."""
        pairs = st.sampled_from(TYPES).flatmap(
            lambda kind: st.tuples(st.just(kind), self._pairs(kind))
        )
        return st.tuples(pairs, st.integers(0, 9), self._id("Patient")).map(_searched)

    def _pairs(self, kind: str) -> st.SearchStrategy[list[tuple[str, str]]]:
        by_id = self._id(kind).map(lambda key: [("_id", key)])
        if kind in BOUND:
            patient = self._id("Patient").map(lambda key: [("patient", key)])
            about = st.one_of(patient, patient, patient, patient, by_id, st.just([]))
        elif kind == "Patient":
            numbers = st.sampled_from(self._numbers)
            by_number = numbers.map(lambda number: [("identifier", f"urn:his|{number}")])
            about = st.one_of(by_id, by_id, by_number, st.just([]))
        else:
            about = st.one_of(by_id, st.just([]))
        asked = st.lists(self._parameter(kind, deep=True), max_size=2)
        return st.tuples(about, asked, self._controls(kind)).map(lambda f: [*f[0], *f[1], *f[2]])

    def _parameter(self, kind: str, *, deep: bool) -> st.SearchStrategy[tuple[str, str]]:
        named = sorted(PARAMETERS[kind].items())
        plain = st.sampled_from(named).flatmap(lambda one: self._one(one[0], one[1]))
        if not deep:
            return plain
        references = [one for one in named if one[1].kind is Kind.REFERENCE]
        others = [plain, plain, self._backwards(kind)]
        if references:
            others.append(st.sampled_from(references).flatmap(self._chained))
        return st.one_of(*others)

    def _chained(self, named: tuple[str, Parameter]) -> st.SearchStrategy[tuple[str, str]]:
        name, parameter = named
        targets = sorted(parameter.targets & set(TYPES)) or ["Patient"]

        def joined(target: str) -> st.SearchStrategy[tuple[str, str]]:
            inner = self._parameter(target, deep=False)
            typed = st.sampled_from(("", f":{target}"))
            return st.tuples(typed, inner).map(
                lambda one: (f"{name}{one[0]}.{one[1][0]}", one[1][1])
            )

        return st.sampled_from(targets).flatmap(joined)

    def _backwards(self, kind: str) -> st.SearchStrategy[tuple[str, str]]:
        pointing = [
            (other, name)
            for other in TYPES
            for name, one in PARAMETERS[other].items()
            if one.kind is Kind.REFERENCE and (kind in one.targets or not one.targets)
        ]
        if not pointing:
            return st.just(("_id", ABSENT))

        def joined(one: tuple[str, str]) -> st.SearchStrategy[tuple[str, str]]:
            inner = self._parameter(one[0], deep=False)
            return inner.map(lambda found: (f"_has:{one[0]}:{one[1]}:{found[0]}", found[1]))

        return st.sampled_from(pointing).flatmap(joined)

    def _one(self, name: str, parameter: Parameter) -> st.SearchStrategy[tuple[str, str]]:
        modifiers: Sequence[str] = ("", "", ":missing")
        match parameter.kind:
            case Kind.TOKEN:
                modifiers = _TOKEN_MODIFIERS
            case Kind.STRING:
                modifiers = _STRING_MODIFIERS
            case Kind.REFERENCE:
                modifiers = _REFERENCE_MODIFIERS
            case Kind.URI:
                modifiers = ("", ":below", ":above", ":missing")

        def valued(modifier: str) -> st.SearchStrategy[tuple[str, str]]:
            if modifier == ":missing":
                return st.sampled_from(("true", "false")).map(lambda text: (name + modifier, text))
            values = st.lists(self._value(name, parameter, modifier), min_size=1, max_size=2)
            return values.map(lambda found: (name + modifier, ",".join(found)))

        return st.sampled_from(modifiers).flatmap(valued)

    def _value(self, name: str, parameter: Parameter, modifier: str) -> st.SearchStrategy[str]:
        if name == "_id":
            return st.sampled_from([*self._all, ABSENT])
        match parameter.kind:
            case Kind.TOKEN:
                return self._token(modifier)
            case Kind.DATE:
                return st.tuples(st.sampled_from(_PREFIXES), self._date()).map("".join)
            case Kind.STRING:
                return st.sampled_from([*NAMES, "欧", "oysl", "示", "wang", *self._words])
            case Kind.REFERENCE:
                return self._reference(modifier, parameter.targets)
            case Kind.QUANTITY:
                units = st.sampled_from(("", "||mmol/L", "|http://unitsofmeasure.org|umol/L"))
                return st.tuples(st.sampled_from(_PREFIXES), st.sampled_from(VALUES), units).map(
                    "".join
                )
            case Kind.COMPOSITE:
                parts = st.tuples(st.sampled_from(CODES), st.sampled_from(VALUES))
                return parts.map("$".join)
            case _:
                return st.sampled_from(("urn:x:example", "https://hie.example/fhir/policy/sharing"))

    def _token(self, modifier: str) -> st.SearchStrategy[str]:
        if modifier == ":text":
            return st.sampled_from([*self._words, "项目", *NAMES])
        if modifier == ":in":
            return st.just("http://hl7.org/fhir/ValueSet/observation-status")
        resident = identifier_system("resident-id")
        numbers = st.sampled_from(self._numbers)
        return st.one_of(
            st.sampled_from(CODES),
            st.sampled_from(CODES).map(lambda code: f"{LOINC}|{code}"),
            st.sampled_from(
                [*CATEGORIES, *_STATUSES, "male", "female", "true", "K", "N", "R", "V"]
            ),
            numbers.map(lambda number: f"{resident}|{number}"),
            numbers.map(lambda number: f"urn:his|{number}"),
            numbers.map(lambda number: f"urn:lab|{number}"),
            numbers,
            st.just(f"{LOINC}|"),
            st.just("|K"),
        )

    def _date(self) -> st.SearchStrategy[str]:
        days = st.sampled_from([*DAYS, "2026-05", "2026", "1960-03-04", "1961", "2030-01-01"])
        times = st.sampled_from(DAYS).map(lambda day: f"{day}T08:00:00%2B08:00")
        return st.one_of(days, times.map(lambda text: text.replace("%2B", "+")))

    def _reference(self, modifier: str, targets: frozenset[str]) -> st.SearchStrategy[str]:
        if modifier == ":identifier":
            return st.sampled_from(self._numbers).map(lambda number: f"urn:his|{number}")
        known = sorted(self._ids.keys() & targets) or sorted(self._ids) or ["Patient"]
        kinds = st.sampled_from(["Patient"] if modifier == ":Patient" else known)
        named = kinds.flatmap(lambda kind: st.tuples(st.just(kind), self._id(kind)))
        return st.one_of(
            named.map("/".join),
            named.map(lambda one: f"{BASE}/fhir/{one[0]}/{one[1]}"),
            named.map(lambda one: one[1]),
            named.map(lambda one: f"{one[0]}/{one[1]}/_history/1"),
        )

    def _controls(self, kind: str) -> st.SearchStrategy[list[tuple[str, str]]]:
        references = [
            f"{kind}:{name}"
            for name, one in sorted(PARAMETERS[kind].items())
            if one.kind is Kind.REFERENCE
        ]
        backwards = [
            f"{other}:{name}"
            for other in TYPES
            for name, one in sorted(PARAMETERS[other].items())
            if one.kind is Kind.REFERENCE and kind in one.targets
        ]
        one = st.one_of(
            st.sampled_from(("1", "2", "3", "50", "1000")).map(lambda text: ("_count", text)),
            st.sampled_from(("accurate", "estimate", "none")).map(lambda text: ("_total", text)),
            st.sampled_from(("count", "true", "data", "text")).map(lambda text: ("_summary", text)),
            st.sampled_from(("_id", "-_lastUpdated", "_lastUpdated", "date", "-date", "code")).map(
                lambda text: ("_sort", text)
            ),
            st.sampled_from((*references, f"{kind}:*", "*")).map(lambda text: ("_include", text)),
            st.sampled_from((*backwards, "*", "Provenance:target")).map(
                lambda text: ("_revinclude", text)
            ),
            st.sampled_from((*references, *backwards, "Observation:has-member")).map(
                lambda text: ("_include:iterate", text)
            ),
            st.sampled_from(("code,subject", "status", "name")).map(
                lambda text: ("_elements", text)
            ),
        )
        return st.lists(one, max_size=2, unique_by=lambda found: found[0])

    # Everything else -----------------------------------------------------------------------

    def reads(self) -> st.SearchStrategy[Question]:
        """A row by its id, its versions, the versions of a type; by HEAD, and on conditions."""
        kinds = st.sampled_from(sorted(self._ids) or ["Patient"])
        tails = ("", "", "/_history", "/_history/1", "/_history/2", "/$meta", "?_elements=code",
                 "/_history?_count=1", "?_summary=text")  # fmt: skip
        conditions = (
            (), (), (("If-None-Match", 'W/"1"'),),
            (("If-Modified-Since", "Sat, 01 Jan 2028 00:00:00 GMT"),),
        )  # fmt: skip
        one = kinds.flatmap(lambda kind: st.tuples(st.just(kind), self._id(kind)))
        by_id = st.tuples(
            st.sampled_from(("GET", "GET", "HEAD")), one, st.sampled_from(tails),
            st.sampled_from(conditions),
        ).map(lambda found: Question(found[0], f"/fhir/{'/'.join(found[1])}{found[2]}", None, found[3]))  # fmt: skip
        whole = st.sampled_from(TYPES).map(lambda kind: Question("GET", f"/fhir/{kind}/_history"))
        return st.one_of(by_id, by_id, by_id, whole)

    def operations(self) -> st.SearchStrategy[Question]:
        """`$everything`, `$lastn`, `$validate` of what is stored, images by DICOMweb."""
        patient = self._id("Patient")
        asked = st.sampled_from(("", "?_count=2", "?_type=Observation", "?_since=2026-01-01"))
        return st.one_of(
            st.tuples(patient, asked).map(
                lambda one: Question("GET", f"/fhir/Patient/{one[0]}/$everything{one[1]}")
            ),
            st.tuples(
                patient, st.sampled_from(("", "&code=K", "&max=2", "&category=laboratory"))
            ).map(
                lambda one: Question("GET", f"/fhir/Observation/$lastn?patient={one[0]}{one[1]}")
            ),
            st.sampled_from(self._all).map(
                lambda key: Question("POST", f"/fhir/Observation/{key}/$validate", "{}", JSON_PAIRS)
            ),
            st.sampled_from(("studies", "series", "instances")).map(
                lambda level: Question("GET", f"/dicom-web/{level}?limit=5")
            ),
        )

    def batches(self) -> st.SearchStrategy[Question]:
        """Reads and searches as entries: of a batch, and of a transaction that fails as a whole."""
        inner = st.one_of(self.reads(), self.searches()).filter(
            lambda one: one.method == "GET" and "/dicom-web" not in one.url
        )

        def whole(found: tuple[str, list[Question]]) -> Question:
            kind, asked = found
            entries = [
                {"request": {"method": "GET", "url": one.url.removeprefix("/fhir/")}}
                for one in asked
            ]
            if kind == "transaction":
                entries.append({"request": {"method": "GET", "url": f"Patient/{ABSENT}"}})
            tree = {"resourceType": "Bundle", "type": kind, "entry": entries}
            return Question("POST", "/fhir", json.dumps(tree), JSON_PAIRS)

        kinds = st.sampled_from(("batch", "transaction"))
        return st.tuples(kinds, st.lists(inner, min_size=1, max_size=4)).map(whole)

    def changes(self) -> st.SearchStrategy[Question]:
        """Attempts on rows that are hidden or not there, and references to them: nothing happens."""
        key = st.sampled_from(self._strange)
        kinds = st.sampled_from(("Observation", "Patient", "DiagnosticReport", "Consent"))
        number = st.sampled_from([one for one in self._numbers if one[0] in "bc"] + ["none"])
        patch = '[{"op":"test","path":"/status","value":"final"}]'
        pointing = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "x"}}

        def reported(key: str) -> str:
            return json.dumps({**pointing, "result": [{"reference": f"Observation/{key}"}]})

        def about(key: str) -> str:
            tree = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
            return json.dumps({**tree, "subject": {"reference": f"Patient/{key}"}})

        def put(found: tuple[str, str]) -> Question:
            tree = json.dumps({"resourceType": found[0], "id": found[1]})
            return Question("PUT", f"/fhir/{found[0]}/{found[1]}", tree, JSON_PAIRS)

        return st.one_of(
            st.tuples(kinds, key).map(
                lambda one: Question(
                    "PATCH", f"/fhir/{one[0]}/{one[1]}", patch,
                    (("Content-Type", "application/json-patch+json"),),
                )
            ),
            st.tuples(kinds, key).map(lambda one: Question("DELETE", f"/fhir/{one[0]}/{one[1]}")),
            st.tuples(kinds, key).map(put),
            st.tuples(kinds, number).map(
                lambda one: Question("DELETE", f"/fhir/{one[0]}?identifier=urn:his|{one[1]}")
            ),
            key.map(lambda one: Question("POST", "/fhir/DiagnosticReport", reported(one), JSON_PAIRS)),
            key.map(lambda one: Question("POST", "/fhir/Observation", about(one), JSON_PAIRS)),
            key.map(lambda one: Question("POST", f"/fhir/Patient/{one}/$meta-add", "{}", JSON_PAIRS)),
        )  # fmt: skip

    def checks(self) -> st.SearchStrategy[Question]:
        """Is there an earlier result? Asked by reference and by number."""
        by_reference = self._id("Patient").map(lambda key: {"reference": f"Patient/{key}"})
        by_number = st.sampled_from(self._numbers).map(
            lambda number: {"identifiers": [{"type": "resident-id", "value": number}]}
        )

        def asked(patient: dict[str, Any]) -> Question:
            tree = {
                "patient": patient,
                "receiver": {"institution": HOSPITALS["a"]},
                "encounter": {"class": "outpatient"},
                "orders": [{"ref": "1", "item": "K"}, {"ref": "2", "item": "CRE"}],
                "on": "2026-06-01T08:00:00+08:00",
            }
            headers = (("Content-Type", "application/json"),)
            return Question("POST", "/v1/order-check", json.dumps(tree), headers)

        return st.one_of(by_reference, by_number).map(asked)

    def _id(self, kind: str) -> st.SearchStrategy[str]:
        """An id of this type: mostly of what is seen, beside which a hidden row could show."""
        every = st.sampled_from(self._ids.get(kind, [ABSENT]))
        if kind not in self._mine:
            return every
        mine = st.sampled_from(sorted(self._mine[kind]))
        return st.one_of(mine, mine, mine, every)


JSON_PAIRS = tuple(JSON.items())


def _searched(found: tuple[tuple[str, list[tuple[str, str]]], int, str]) -> Question:
    (kind, pairs), way, patient = found
    text = urlencode(pairs, quote_via=quote, safe=":,|/$*")
    if way == 0:
        form = (("Content-Type", "application/x-www-form-urlencoded"),)
        return Question("POST", f"/fhir/{kind}/_search", text, form)
    if way == 1 and kind != "Patient":
        text = urlencode(
            [one for one in pairs if one[0] not in {"patient", "subject"}], safe=":,|/$*"
        )
        return Question("GET", f"/fhir/Patient/{patient}/{kind}?{text}".rstrip("?"))
    return Question("GET", f"/fhir/{kind}?{text}".rstrip("?"))
