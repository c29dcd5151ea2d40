"""The state of reading one message: its delimiters and profile, its issues, its coverage.

Every other module is handed a `Reading` and tells it what it met. Memos hold what comes again
in one message (times) or in every message of a panel (codes, units, intervals).
"""

from itertools import compress
from typing import Final

from adapters.hl7v2.escapes import unescape
from adapters.hl7v2.issues import TABLE
from adapters.hl7v2.profile import Compiled
from adapters.hl7v2.reader import STANDARD, Delimiters, Segment
from adapters.hl7v2.times import Moment, Placeholder, parse
from hie.adapter import Coverage, Issue, Severity
from hie.records import Institution, Time, Val

BLANKS: Final = " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
NULL: Final = '""'
_LONGEST_FOUND = 200

# Fields that are read, by segment; and fields that a rule leaves aside: set ids, what HL7 maps to
# nothing here, and what mutual recognition does not need. All others are unknown.
_USED: Final[dict[str, frozenset[int]]] = {
    "MSH": frozenset({1, 2, 3, 4, 7, 9, 10, 11, 12, 18}),
    "PID": frozenset({2, 3, 4, 5, 7, 8, 11, 13, 14, 19, 30}),
    "PV1": frozenset({2, 3, 19}),
    "ORC": frozenset({1, 2, 3, 5, 11, 12, 21}),
    "OBR": frozenset({2, 3, 4, 5, 7, 13, 14, 15, 16, 22, 24, 25, 26, 29, 32, 33, 34}),
    "OBX": frozenset({2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 16, 17, 18, 19, 21, 23, 25, 29}),
    "SPM": frozenset({2, 4, 14, 17, 18, 21, 24}),
    "NTE": frozenset({3}),
    "TQ1": frozenset({9}),
    "BTS": frozenset({1}),
}
_IGNORED: Final[dict[str, frozenset[int]]] = {
    "MSH": frozenset({5, 6, 8, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24, 25}),
    "PID": frozenset({1, 6, 9, 10, 12, 15, 16, 17, 18, *range(20, 30), *range(31, 40)}),
    "PV1": frozenset({1, *range(4, 19), *range(20, 53)}),
    "ORC": frozenset({4, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20, *range(22, 34)}),
    "OBR": frozenset(
        {1, 6, 8, 9, 10, 11, 12, 17, 18, 19, 20, 21, 23, 27, 28, 30, 31, *range(35, 51)}
    ),
    "OBX": frozenset({1, 9, 10, 12, 13, 20, 22, 24, 26, 27, 28}),
    "SPM": frozenset({1, 3, *range(5, 14), 15, 16, 19, 20, 22, 23, *range(25, 34)}),
    "NTE": frozenset({1, 2, *range(4, 8)}),
    "TQ1": frozenset({*range(1, 9), *range(10, 15)}),
}
_ASIDE: Final = frozenset(
    {
        "SFT", "UAC", "EVN", "PD1", "NK1", "PV2", "TQ2", "CTD", "SAC", "INV", "SID", "TCD", "CTI",
        "FT1", "DG1", "AL1", "DSC", "ROL", "PRT", "IPC", "ARV", "GT1", "IN1", "FHS", "BHS", "FTS",
    }
)  # fmt: skip
_LEFT: Final = {name: tuple(sorted(ignored)) for name, ignored in _IGNORED.items()}


class Reading:
    """What is known and found while one message is read."""

    __slots__ = (
        "_ignored", "_times", "_unknown", "_used", "charset", "compiled", "delimiters",
        "has_escapes", "is_standard", "issues", "offset", "profile", "sender", "sent", "told",
    )  # fmt: skip

    def __init__(self, compiled: Compiled, delimiters: Delimiters = STANDARD) -> None:
        self.compiled = compiled
        self.profile = compiled.profile
        self.offset = compiled.offset
        self.delimiters = delimiters
        self.charset = "utf-8"
        self.has_escapes = False
        # Whether an OBX is read where and as HL7 says: then what it says may be kept for the next.
        self.is_standard = "OBX" not in compiled.bindings and not compiled.profile.units
        self.issues: list[Issue] = []
        self.sent: Moment | None = None
        self.sender: Institution | None = None  # MSH-4, when the profile knows its credit code
        self.told: set[str] = set()
        self._times: dict[str, Moment | None] = {}
        self._used: list[str] = []
        self._ignored: list[str] = []
        self._unknown: list[str] = []

    # issues -------------------------------------------------------------------------------

    def issue(
        self,
        code: str,
        path: str,
        found: str | None = None,
        *,
        expected: str = "",
        severity: Severity | None = None,
    ) -> None:
        """Record one finding; its severity is the table's unless the use says otherwise."""
        default, meaning = TABLE[code]
        if found is not None and len(found) > _LONGEST_FOUND:
            found = found[:_LONGEST_FOUND]
        self.issues.append(
            Issue("decode", code, severity or default, path, expected or meaning, found)
        )

    def once(self, code: str, path: str, found: str | None = None) -> None:
        """Record a finding that would repeat through the message, the first time only."""
        if code not in self.told:
            self.told.add(code)
            self.issue(code, path, found)

    # text ---------------------------------------------------------------------------------

    def text(self, raw: str) -> str:
        """One component or subcomponent as text: escapes decoded, blanks around it removed."""
        if self.has_escapes and self.delimiters.escape in raw:
            raw = unescape(raw, self.delimiters, self.charset)
        return raw.strip(BLANKS)

    def whole(self, raw: str) -> str:
        """A field read as one text, whatever delimiters stand in it (OBX-5 of ST, TX, FT)."""
        return "" if raw == NULL else self.text(raw)

    def parts(self, raw: str) -> list[str]:
        """The components of a repetition, each as text; `""` is empty."""
        return ["" if p == NULL else self.text(p) for p in raw.split(self.delimiters.component)]

    def repeats(self, raw: str) -> list[str]:
        """The repetitions of a field, undecoded."""
        return raw.split(self.delimiters.repetition)

    def component(self, raw: str, number: int) -> str:
        """Component `number` (from one) of the first repetition, as text."""
        parts = raw.split(self.delimiters.repetition, 1)[0].split(self.delimiters.component)
        return self.whole(parts[number - 1]) if number <= len(parts) else ""

    def val(self, raw: str, path: str) -> Val | None:
        """The whole field as a value, or None if it is empty."""
        text = self.whole(raw)
        return Val(text, path) if text else None

    # times --------------------------------------------------------------------------------

    def moment(self, raw: str, path: str) -> Moment | None:
        """The moment a field says; None, with an issue, if it says none."""
        if raw in self._times:
            found = self._times[raw]
            if found is None:
                self._no_time(raw, path)
            return found
        try:
            found = self._parse(raw)
        except (ValueError, OverflowError, Placeholder):
            found = None
        if found is None:
            self._no_time(raw, path)
        elif found.zone_assumed and "zone-assumed" not in self.told:
            self.once("zone-assumed", path)
        self._times[raw] = found
        return found

    def time(self, raw: str, path: str) -> Time | None:
        """The same as a record's Time."""
        if not raw:
            return None
        found = self._times.get(raw) or self.moment(raw, path)
        if found is None:
            return None
        return Time(found.text, found.precision, path, found.zone_assumed)

    def is_invalid(self, raw: str) -> bool:
        """Whether a field that was read as a time is neither a time nor a placeholder."""
        if self._times.get(raw) is not None or not self._text_of_time(raw):
            return False
        try:
            return self._parse(raw) is None
        except Placeholder:
            return False
        except (ValueError, OverflowError):
            return True

    def _text_of_time(self, raw: str) -> str:
        text = self.component(raw, 1)
        return text.strip().strip('"')

    def _parse(self, raw: str) -> Moment | None:
        text = self._text_of_time(raw)
        if not text:
            return None
        century = None
        if self.profile.two_digit_years:
            century = int(self.sent.text[:4]) if self.sent else 2099
        return parse(text, self.offset, century)

    def _no_time(self, raw: str, path: str) -> None:
        text = self._text_of_time(raw)
        if not text:
            return
        try:
            self._parse(raw)
        except Placeholder:
            self.issue("time-placeholder", path, text)
        except (ValueError, OverflowError):
            self.issue("time-invalid", path, text, expected="YYYY[MM[DD[HH[MM[SS]]]]][+ZZZZ]")

    # coverage -----------------------------------------------------------------------------

    def cover(self, segment: Segment) -> None:
        """Account for every filled field of a segment by the tables above.

        Called after the segment was read; it blanks what it has accounted for.
        """
        name, fields, row = segment.name, segment.fields, segment.row
        left = _LEFT.get(name)
        if left is None:
            self._cover_other(segment)
            return
        bound = self.compiled.bound
        for index in left:
            if fields[index]:
                target = self._used if bound and (name, index) in bound else self._ignored
                target.append(row[index])
                fields[index] = ""
        if segment.size > len(row):
            for index in range(len(row), segment.size):
                if fields[index]:
                    self._unknown.append(segment.path(index))
        if segment.size - 1 > _LAST[name]:
            for index in range(_LAST[name] + 1, min(segment.size, len(row))):
                if fields[index]:
                    self._unknown.append(row[index])
                    fields[index] = ""
        self._used += compress(row, fields)

    def _cover_other(self, segment: Segment) -> None:
        target = self._ignored if segment.name in _ASIDE else self._unknown
        bound = self.compiled.bound
        for index in range(1, segment.size):
            if segment.fields[index]:
                is_bound = (segment.name, index) in bound
                (self._used if is_bound else target).append(segment.path(index))

    @staticmethod
    def is_aside(name: str) -> bool:
        """A known segment that is not read here."""
        return name in _ASIDE

    def ignore(self, path: str) -> None:
        """A filled field of a used kind that this message leaves aside for a reason."""
        self._ignored.append(path)

    def coverage(self) -> Coverage:
        """What became of each field; a field left aside explicitly is not also used."""
        if self._ignored:
            aside = set(self._ignored)
            used = tuple(p for p in self._used if p not in aside)
        else:
            used = tuple(self._used)
        return Coverage(used, tuple(dict.fromkeys(self._ignored)), tuple(self._unknown))


_LAST: Final = {
    name: max(max(_USED.get(name, frozenset()), default=0), max(ignored))
    for name, ignored in _IGNORED.items()
}
