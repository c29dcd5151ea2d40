"""The page names every issue code, with its severity and meaning, and no other."""

import re
from pathlib import Path

from adapters.hl7v2 import adapter
from adapters.hl7v2.expected import EXPECTED
from adapters.hl7v2.issues import TABLE

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs/hl7v2.md").read_text(encoding="utf-8")


def test_every_issue_code_is_documented_as_it_is_declared() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(code, severity.value, text) for code, (severity, text) in TABLE.items()]
    assert adapter.issue_codes == {code: text for code, _, text in rows}


def test_every_code_of_the_sources_is_declared() -> None:
    used: set[str] = set()
    for path in (ROOT / "adapters/hl7v2").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"\.(?:issue|once)\(\s*\"([a-z0-9-]+)\"", text))
    assert used <= set(TABLE)


def test_every_declared_code_is_used_somewhere() -> None:
    text = "".join(
        p.read_text(encoding="utf-8")
        for p in [*(ROOT / "adapters/hl7v2").glob("*.py"), *(ROOT / "hie/charset").glob("*.py")]
        if p.name not in {"issues.py", "expected.py"}
    )
    assert [code for code in TABLE if f'"{code}"' not in text] == []


def test_every_issue_names_what_was_expected() -> None:
    assert set(EXPECTED) == set(TABLE)
    assert all(EXPECTED[code] and EXPECTED[code] != text for code, (_, text) in TABLE.items())
