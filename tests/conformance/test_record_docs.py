"""What docs/decisions-and-records.md shows is what the hub does: its file is read, its codes exist."""

import re
from pathlib import Path

from adapters.hl7v2 import adapter
from hie.adapter import Site
from hie.records import LabReportRecord, Quantity
from hie.web import SHEET_ROUTES
from hie.web.pages import notice, record

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "decisions-and-records.md").read_text("utf-8")


def test_the_file_shown_is_read_back_into_the_result_it_tells_of() -> None:
    found = re.search(r"```hl7\n(.*?)```", TEXT, re.S)
    assert found is not None
    content = found[1].replace("\n", "\r").encode()
    decoded = adapter.decode(content, Site("lis-1", "12130102999900038H", "hl7v2", {}))
    assert decoded.issues == ()
    assert decoded.coverage.unknown == ()
    (report,) = decoded.records
    assert isinstance(report, LabReportRecord)
    (result,) = report.results
    assert result.value == Quantity("3.97")
    assert result.performer is not None
    assert result.performer.code == "12110102999900011H"
    assert report.filler is not None
    assert report.filler.value == "op7r5o1w11qWCBsU"


def test_every_refusal_of_these_doors_has_its_line() -> None:
    rooms = ("web/pages/asked_form.py", "exchange/decided.py", "exchange/used_record.py",
             "exchange/notices.py")  # fmt: skip
    source = "\n".join((ROOT / "hie" / name).read_text("utf-8") for name in rooms)
    codes = set(re.findall(r'Fault\(\s*"\w+",\s*"([a-z-]+)"', source))
    assert codes >= {"unknown-form", "not-spoken", "not-a-use", "replaced", "not-decided"}
    for code in codes:
        assert f"`{code}`" in TEXT, code


def test_every_door_and_form_is_named() -> None:
    for route in SHEET_ROUTES:
        assert f"`GET {route.path.removesuffix('.{form}')}`" in TEXT
    for form in {*record.FORMS, *notice.FORMS}:
        assert f"`{form}`" in TEXT
