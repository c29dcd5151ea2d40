"""The state of reading one instance: its profile, its issues, the charsets of its texts.

Every other module is handed a `View` of the data set, which tells its issues here.
"""

from typing import Final

from adapters.dicom.issues import TABLE
from adapters.dicom.profile import Compiled
from adapters.dicom.reader import Buffer, Elements
from adapters.dicom.tags import (
    SPECIFIC_CHARACTER_SET,
    place,
)
from adapters.dicom.text import Told, tell
from adapters.dicom.view import Scope, View, raw_bytes
from hie.adapter import Issue, Severity

_LONGEST_FOUND: Final = 200


class Reading:
    """What is known and found while one instance is read."""

    __slots__ = ("buffer", "charset", "compiled", "explicit", "issues", "offset", "profile", "told")

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.profile = compiled.profile
        self.offset = compiled.offset
        self.issues: list[Issue] = []
        self.told: set[tuple[str, str]] = set()
        self.buffer = Buffer(b"", True)
        self.explicit = True
        self.charset = "ascii"

    def issue(
        self,
        code: str,
        path: str,
        found: str | None = None,
        *,
        expected: str = "",
        severity: Severity | None = None,
    ) -> None:
        """Tell an issue, once for each code and path."""
        if (code, path) in self.told:
            return
        self.told.add((code, path))
        usual, meaning = TABLE[code]
        shown = found[:_LONGEST_FOUND] if found else None
        self.issues.append(
            Issue("decode", code, severity or usual, path, expected or meaning, shown)
        )

    def views(self, elements: Elements) -> View:
        """The data set as a view, with its charset told. Raises MalformedMessage, Broken."""
        scopes = [Scope(raw_bytes(self.buffer, elements.get(SPECIFIC_CHARACTER_SET)))]
        top = View(self, elements, scopes[0], 0, "")
        top.gather(scopes)
        for scope in scopes:
            told = self._tell(scope)
            scope.decode = told.decode
            for finding in told.findings:
                self.issue(finding, place(SPECIFIC_CHARACTER_SET), expected=told.charset)
        return top

    def _tell(self, scope: Scope) -> Told:
        own = self.profile.charset
        declared = scope.declared.strip(b" \0").decode("latin-1")
        told = tell(scope.values, declared, own.force, own.fallback)
        if told.charset != "ascii":
            self.charset = told.charset
        return told
