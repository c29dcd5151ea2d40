"""The SQL of the conditions that an index answers, and their arguments.

FHIR R4 search.html. It must answer what `hie.fhir.search.match` would of the same rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hie.errors import TooCostly
from hie.fhir import CATEGORY, ITEM, LOINC, SECTION
from hie.fhir.search.values import Token, When
from hie.store import names
from hie.store.identifiers import blind
from hie.store.index import DICOM_UID
from hie.store.masks import marks_of
from hie.store.other_codes import Place, entry, mark
from hie.store.search.condition import Condition
from hie.store.search.identified import said
from hie.store.search.registry import DATED
from hie.store.session import Dialect, Reader
from hie.store.systems import short

# The systems whose codes stand in a column; "" is a code element, which names none.
_SYSTEMS = {
    ("Observation", "status"): ("", "http://hl7.org/fhir/observation-status"),
    ("DiagnosticReport", "status"): ("", "http://hl7.org/fhir/diagnostic-report-status"),
    ("ImagingStudy", "status"): ("", "http://hl7.org/fhir/imagingstudy-status"),
    ("Observation", "category"): (CATEGORY,),
    ("DiagnosticReport", "category"): (SECTION,),
}
_DCM = "http://dicom.nema.org/resources/ontology/DCM"


class Conditions:
    """Builds the SQL of conditions and collects their arguments."""

    def __init__(
        self,
        reader: Reader,
        args: list[Any],
        known: Mapping[str, Sequence[str]],
        homes: Sequence[str] = (),
    ) -> None:
        """`known`: the ids of what has an identifier's value, by the value (`looked_up_ids`).

        `homes`: whose rows can be found at all; the labelled ones say codes by marks of theirs.
        """
        self.reader = reader
        self.args = args
        self.known = known
        self.marks = [marks_of(reader, home) for home in homes]

    def arg(self, value: Any) -> str:
        """The place of one more argument."""
        self.args.append(value)
        return f"${len(self.args)}"

    def among(self, column: str, values: Sequence[str]) -> str:
        """That a column is one of these; of one, the planner knows that all its rows share it."""
        if len(values) == 1:
            return f"{column} = {self.arg(values[0])}"
        self.args.append(self.reader.db.array(values))
        return self.reader.db.among(column, len(self.args))

    def condition(self, kind: str, one: Condition) -> str:
        """One parameter of a type. Raises TooCostly for a value that has no index."""
        if one.name == "_id":
            return self.among("v.id", one.ids)
        if one.name in {"patient", "subject"}:
            return self.among("v.home", one.ids)
        if one.name == "_lastUpdated":
            return self._any([self._date(w, "v.updated_us", "v.updated_us") for w in one.dates])
        if one.name == DATED.get(kind):
            return self._any(
                [self._date(w, "v.effective_us", "v.effective_end_us") for w in one.dates]
            )
        items = [t.code for t in one.tokens if t.system == ITEM and t.code is not None]
        if one.name == "code" and len(items) == len(one.tokens):
            hidden = [mark("item", item) for mark in self.marks for item in items]
            found = self.among("v.item", [*items, *hidden])
        else:
            found = self._any([self._token(kind, one.name, token) for token in one.tokens])
        return f"NOT coalesce({found}, false)" if one.negated else found

    def looked_up(self, kind: str, one: Condition) -> str:
        """That a resource has, or had, one of these identifiers in whatever system; or a name."""
        if kind == "Patient" and one.name in names.PARAMETERS:
            return self._named(one)
        values = said(one)
        if kind == "Patient":
            held = self.among("i.hash", [blind(self.reader, value) for value in values])
            return f"v.home IN (SELECT i.home FROM identifier AS i WHERE {held})"  # noqa: S608
        held = self.among("v.id", self._ids(values))
        if kind != "ImagingStudy":
            return held
        hashed = [blind(self.reader, value) for value in values]
        return self._any([held, self.among("v.accession_hash", hashed)])

    def _named(self, one: Condition) -> str:
        """That a patient has a name like this: all tokens of one of the values."""
        found = []
        for tokens in names.tokens_asked(self.reader, one.modifier, one.values):
            parts = [
                f"v.home IN (SELECT t.home FROM name_token AS t WHERE t.token = {self.arg(token)})"  # noqa: S608
                for token in tokens
            ]
            found.append(f"({' AND '.join(parts)})")
        return self._any(found)

    def _ids(self, values: Sequence[str]) -> list[str]:
        return sorted({id_ for value in values for id_ in self.known.get(value, ())})

    def _any(self, parts: list[str]) -> str:
        return f"({' OR '.join(parts)})"

    def _date(self, when: When, low: str, high: str) -> str:
        """The prefixes of search.html#prefix; `high` is the last microsecond of what is stored."""
        match when.prefix:
            case "eq":
                return f"({low} >= {self.arg(when.start)} AND {high} < {self.arg(when.end)})"
            case "ne":
                return f"NOT ({low} >= {self.arg(when.start)} AND {high} < {self.arg(when.end)})"
            case "gt":
                return f"{high} >= {self.arg(when.end)}"
            case "ge":
                return f"({high} >= {self.arg(when.end)} OR {low} >= {self.arg(when.start)})"
            case "lt":
                return f"{low} < {self.arg(when.start)}"
            case "le":
                return f"({low} < {self.arg(when.start)} OR {high} < {self.arg(when.end)})"
            case "sa":
                return f"{low} >= {self.arg(when.end)}"
            case "ap":
                return f"({low} < {self.arg(when.end)} AND {high} >= {self.arg(when.start)})"
            case _:
                return f"{high} < {self.arg(when.start)}"

    def _token(self, kind: str, name: str, token: Token) -> str:
        if name == "identifier":
            return self._identifier(token) if kind == "Patient" else self._study(token)
        if name == "modality":
            return self._modality(token)
        if name == "status":
            return self._bound("v.status", _SYSTEMS[kind, name], token)
        if name == "category":
            return self._category(_SYSTEMS[kind, name], token)
        return self._code(token)

    def _code(self, token: Token) -> str:
        """A code, in the columns that can hold one of its system.

        There is one for the hub's items, one for LOINC, and one for what else a sender names: its
        own code, or a second LOINC code.
        """
        columns = [("", "v.item")] if token.system in {None, ITEM} else []
        columns += [("v.code_system", "v.code")] if token.system in {None, LOINC} else []
        columns += [("v.local_system", "v.local_code")] if token.system != ITEM else []
        parts = [self._coded(system, code, token) for system, code in columns]
        return self._any([*parts, self._elsewhere(Place.CODE, token)])

    def _elsewhere(self, place: Place, token: Token) -> str:
        """A code that has no column of its own (`other_codes`)."""
        asked = entry(place, token.system, token.code)
        said = [asked, *(mark("codes", asked) for mark in self.marks)]
        return self._any([self._holds("v.codes", one) for one in said])

    def _bound(self, column: str, systems: Sequence[str], token: Token) -> str:
        """An element all of whose codes are of known systems."""
        if token.system is not None and token.system not in systems:
            return "1 = 0"
        if token.code is None:
            return f"{column} IS NOT NULL"
        return f"{column} = {self.arg(token.code)}"

    def _category(self, systems: Sequence[str], token: Token) -> str:
        """The first category of the known system, or any other."""
        held = self._bound("v.category", systems, token)
        if token.system is not None:
            held = f"({held} AND {self._unmarked(Place.CATEGORY)})"
        return self._any([held, self._elsewhere(Place.CATEGORY, token)])

    def _unmarked(self, place: Place) -> str:
        """That a column is of the system it means."""
        return f"NOT coalesce({self._holds('v.codes', mark(place))}, false)"

    def _coded(self, system: str, code: str, token: Token) -> str:
        """A system and code in two columns; without a column the system is the hub's items.

        SQLite is kept from the index of all patients' local codes: what is asked is one patient's.
        """
        mark = "+" if self.reader.db.dialect is Dialect.SQLITE else ""
        parts = [f"{mark}{code} IS NOT NULL"]
        if token.code is not None:
            parts.append(self._said(code, token.code, mark))
        if system and token.system is not None:
            parts.append(f"{mark}{system} = {self.arg(short(token.system))}")
        return f"({' AND '.join(parts)})"

    def _said(self, column: str, code: str, sign: str) -> str:
        """That a column says a code, in clear or by the mark of the patient's labelled rows."""
        name = column.removeprefix("v.")
        if not self.marks:
            return f"{sign}{column} = {self.arg(code)}"
        return self.among(f"{sign}{column}", [code, *(mark(name, code) for mark in self.marks)])

    def _identifier(self, token: Token) -> str:
        if token.code is None:
            raise TooCostly("identifier: name the value too")
        parts = [f"i.hash = {self.arg(blind(self.reader, token.code))}", "i.kind = 'Patient'"]
        if token.system is not None:
            parts.append(f"i.system = {self.arg(token.system)}")
        inner = f"SELECT i.home FROM identifier AS i WHERE {' AND '.join(parts)}"  # noqa: S608
        return f"v.home IN ({inner})"

    def _study(self, token: Token) -> str:
        """A study by its UID, bare or as "urn:oid:…", or by its accession number."""
        if token.code is None:
            raise TooCostly("identifier: name the value too")
        parts = []
        if token.system in {None, DICOM_UID}:
            uid = token.code if token.code.startswith("urn:oid:") else f"urn:oid:{token.code}"
            parts.append(f"v.uid_hash = {self.arg(blind(self.reader, uid))}")
        if token.system is None:
            parts.append(f"v.accession_hash = {self.arg(blind(self.reader, token.code))}")
            parts.append(self.among("v.id", self._ids([token.code])))
        return self._any([f"({part})" for part in parts])

    def _modality(self, token: Token) -> str:
        """A code among those of the column, which stand between blanks, or any other."""
        elsewhere = self._elsewhere(Place.MODALITY, token)
        if token.system not in {None, _DCM} or " " in (token.code or ""):
            return elsewhere
        held = "v.modality IS NOT NULL"
        if token.code is not None:
            held = self._holds("v.modality", f" {token.code} ")
        if token.system is not None:
            held = f"({held} AND {self._unmarked(Place.MODALITY)})"
        return self._any([held, elsewhere])

    def _holds(self, column: str, part: str) -> str:
        function = "strpos" if self.reader.db.dialect is Dialect.POSTGRESQL else "instr"
        return f"({column} IS NOT NULL AND {function}({column}, {self.arg(part)}) > 0)"
