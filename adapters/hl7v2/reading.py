"""The state of reading one message: its delimiters and profile, its issues, its coverage.

Every other module is handed a `Reading` and tells it what it met. Memos hold what comes again
in one message (times) or in every message of a panel (codes, units, intervals).
"""

import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar, cast

from adapters.hl7v2.compiled import Compiled
from adapters.hl7v2.coverage import Tally
from adapters.hl7v2.escapes import unescape
from adapters.hl7v2.expected import EXPECTED
from adapters.hl7v2.issues import TABLE
from adapters.hl7v2.reader import STANDARD, Delimiters
from adapters.hl7v2.times import Moment, Placeholder, parse
from hie.adapter import Issue, Severity
from hie.records import Institution, Time, Val

BLANKS: Final = " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
NULL: Final = '""'
_MOST_MEMOS = 8
_MOST_KEPT = 8192
_LONGEST_KEPT = 200
_UNREAD: Final = object()
_T = TypeVar("_T")
_LONGEST_FOUND = 200


class Reading:
    """What is known and found while one message is read."""

    __slots__ = (
        "application", "charset", "compiled", "delimiters", "has_escapes", "is_plain",
        "is_standard", "issues", "memo", "moments", "offset", "profile", "sender", "sent",
        "tally", "times", "told",
    )  # fmt: skip

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.profile = compiled.profile
        self.offset = compiled.offset
        self.charset = "utf-8"
        self.has_escapes = False
        # Whether an OBX is read where and as HL7 says: then what it says may be kept for the next.
        self.is_standard = "OBX" not in compiled.bindings
        # Whether statuses and flags are HL7's own.
        self.is_plain = not (compiled.profile.status_codes or compiled.profile.flags)
        self.issues: list[Issue] = []
        self.sent: Moment | None = None
        self.application: Val | None = None  # MSH-3
        self.sender: Institution | None = None  # MSH-4, when the profile knows its credit code
        self.told: set[str] = set()
        self.moments: dict[str, Moment] = {}  # by FHIR text: every time that was read
        self.times: dict[str, Moment | None] = {}  # by the text that was sent
        self.tally = Tally(compiled.bound)
        self.speak(STANDARD)

    def speak(self, delimiters: Delimiters) -> None:
        """Take the message's delimiters, and what is remembered of senders who use them."""
        self.delimiters = delimiters
        memos = self.compiled.memos
        if len(memos) >= _MOST_MEMOS and delimiters not in memos:
            memos.clear()
        self.memo = memos.setdefault(delimiters, {})

    def keep(self, key: object, value: _T) -> _T:
        """Remember what does not depend on the patient: codes, units, methods, instruments."""
        if len(self.memo) >= _MOST_KEPT:
            self.memo.clear()
        self.memo[key] = value
        return value

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
        default = TABLE[code][0]
        if found is not None and len(found) > _LONGEST_FOUND:
            found = found[:_LONGEST_FOUND]
        self.issues.append(
            Issue("decode", code, severity or default, path, expected or EXPECTED[code], found)
        )

    def once(self, code: str, path: str, found: str | None = None) -> None:
        """Record a finding that would repeat through the message, the first time only."""
        if code not in self.told:
            self.told.add(code)
            self.issue(code, path, found)

    def kept(self, read: Callable[["Reading", str, str], _T], raw: str, path: str) -> _T:
        """What `read` finds in a field that says the same in message after message."""
        key = (read, raw, path)
        found = self.memo.get(key, _UNREAD)
        if found is not _UNREAD:
            return cast("_T", found)
        fresh = read(self, raw, path)
        return self.keep(key, fresh) if len(raw) < _LONGEST_KEPT else fresh

    # text ---------------------------------------------------------------------------------

    def whole(self, raw: str) -> str:
        """A field, component or subcomponent as one text, whatever delimiters stand in it.

        Escapes are decoded, blanks around it removed; the null `""` is empty.
        """
        if not raw or raw == NULL:
            return ""
        if self.has_escapes and self.delimiters.escape in raw:
            raw = unescape(raw, self.delimiters, self.charset)
        raw = raw.strip()
        return raw if raw.isascii() else raw.strip(BLANKS)

    def parts(self, raw: str) -> list[str]:
        """The components of a repetition, each as text; `""` is empty."""
        pieces = raw.split(self.delimiters.component)
        if not self.has_escapes and raw.isascii() and NULL not in raw:
            return [p.strip() for p in pieces]
        return [self.whole(p) for p in pieces]

    def repeats(self, raw: str) -> list[str]:
        """The repetitions of a field, undecoded."""
        return raw.split(self.delimiters.repetition)

    def component(self, raw: str, number: int) -> str:
        """Component `number` (from one) of the first repetition, as text."""
        if not raw:
            return ""
        if self.delimiters.component not in raw and self.delimiters.repetition not in raw:
            return self.whole(raw) if number == 1 else ""
        parts = raw.split(self.delimiters.repetition, 1)[0].split(self.delimiters.component)
        return self.whole(parts[number - 1]) if number <= len(parts) else ""

    def val(self, raw: str, path: str) -> Val | None:
        """The whole field as a value, or None if it is empty."""
        text = self.whole(raw)
        return Val(text, path) if text else None

    # times --------------------------------------------------------------------------------

    def moment(self, raw: str, path: str, *, quiet: bool = False) -> Moment | None:
        """The moment a field says; None, with an issue, if it says none."""
        if raw in self.times:
            found = self.times[raw]
            if found is None and not quiet:
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
        self.times[raw] = found
        if found is not None:
            self.moments[found.text] = found
        return found

    def time(self, raw: str, path: str) -> Time | None:
        """The same as a record's Time."""
        if not raw:
            return None
        found = self.times.get(raw) or self.moment(raw, path)
        if found is None:
            return None
        return Time(found.text, found.precision, path, found.zone_assumed)

    def is_invalid(self, raw: str) -> bool:
        """Whether a field that was read as a time is neither a time nor a placeholder."""
        if self.times.get(raw) is not None or not self._text_of_time(raw):
            return False
        try:
            return self._parse(raw) is None
        except Placeholder:
            return False
        except (ValueError, OverflowError):
            return True

    def _text_of_time(self, raw: str) -> str:
        text = self.component(raw, 1).strip('"')
        return text if text.isascii() else unicodedata.normalize("NFKC", text)

    def _parse(self, raw: str) -> Moment | None:
        # 20260612080000 and 20260612080000+0800, as nearly every time arrives, are read as they are
        text = (
            raw
            if raw[:14].isdigit() and raw.isascii() and (len(raw) < 15 or raw[15:].isdigit())
            else self._text_of_time(raw)
        )
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
