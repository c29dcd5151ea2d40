"""No regular expression of the standard is compiled: one of them takes seconds for 90 characters.

R4's own pattern of base64Binary is exponential. Primitives have checks of their own, and
the few patterns of the schema are run by an engine that does not go back; all are tried here on
texts made for backtracking.
"""

import time
from pathlib import Path

import pytest

from hie.fhir.profile import check

ROOT = Path(__file__).parents[3]
# What R4 writes for its primitives (datatypes.html): a part of each that no other text would have.
PATTERNS = {
    "base64Binary": r"(\s*([0-9a-zA-Z",
    "code": r"[^\s]+(\s[^\s]+)*",
    "decimal": r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?",
    "date": r"([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)",
    "string": r"[ \r\n\t\S]+",
}
BODIES = [
    "AAAA    " * 12_500 + "!", "A" * 100_000, " " * 100_000, "a " * 50_000 + "\t", "1" * 100_000,
    "1." * 50_000, "urn:oid:2" + ".0" * 50_000 + "!", "2026-" * 20_000, "\u3000" * 30_000,
    "示" * 30_000, "<div>" * 20_000, "http://" * 14_000, "é" * 50_000,
]  # fmt: skip


def test_no_pattern_of_the_standard_stands_in_the_code_or_the_data() -> None:
    files = [*ROOT.glob("hie/**/*.py"), *ROOT.glob("schemas/fhir/*.json")]
    assert len(files) > 300
    for file in files:
        text = file.read_text("utf-8").replace("\\\\", "\\")
        for name, pattern in PATTERNS.items():
            assert pattern not in text, (file, name)


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_text_made_for_backtracking_is_read_in_a_moment(body: str) -> None:
    trees: list[dict[str, object]] = [
        {"resourceType": "Binary", "contentType": "text/plain", "data": body},
        {"resourceType": "Binary", "contentType": body, "data": "QUJD"},
        {"resourceType": "Patient", "id": body, "language": body, "birthDate": body},
        {"resourceType": "Patient", "identifier": [{"system": body, "value": body}]},
        {"resourceType": "Patient", "text": {"status": "generated", "div": body}},
        {
            "resourceType": "Observation",
            "status": body,
            "code": {"text": body},
            "effectiveDateTime": body,
            "issued": body,
            "subject": {"reference": body},
            "instantiatesCanonical": body,
        },
    ]
    check(trees[0])  # the first loads what is needed
    for tree in trees:
        start = time.process_time()
        check(tree)
        assert time.process_time() - start < 0.25, tree["resourceType"]
