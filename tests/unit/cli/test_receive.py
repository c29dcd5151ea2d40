"""What `hie receive` says of many held messages."""

from hie.cli.receive import _grouped


def _issue(message: str, code: str, path: str) -> dict[str, str]:
    expected = {"unmapped-code": "an approved map", "status-unknown": "a code of table 0085"}[code]
    return {
        "file": f"{message}.hl7",
        "message": message,
        "stage": "build",
        "code": code,
        "path": path,
        "expected": expected,
    }


def test_many_issues_are_told_by_kind_the_commonest_first_with_an_example() -> None:
    issues = [
        _issue("m1", "status-unknown", "OBX[1]-11"),
        _issue("m2", "unmapped-code", "OBX[1]-3"),
        _issue("m2", "unmapped-code", "OBX[2]-3"),
        _issue("m3", "unmapped-code", "OBX[1]-3"),
    ]
    rows = _grouped(issues)
    assert [(row["messages"], row["code"], row["file"]) for row in rows] == [
        (2, "unmapped-code", "m2.hl7"),
        (1, "status-unknown", "m1.hl7"),
    ]
