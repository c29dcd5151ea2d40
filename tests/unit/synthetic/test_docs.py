from pathlib import Path

import hie.synthetic
from hie.synthetic.cast import BY_LABORATORIES, CAST
from hie.synthetic.defects import DEFECTS, FIRST
from hie.synthetic.imaging.departments import DEPARTMENTS
from hie.synthetic.imaging.examinations import EXAMINATIONS
from hie.synthetic.imaging.stories import TOLD as TOLD_IMAGES
from hie.synthetic.institutions import SENDERS
from hie.synthetic.registers import _MARKS
from hie.synthetic.stories import TOLD

TEXT = (Path(__file__).parents[3] / "docs" / "synthetic-data.md").read_text("utf-8")


def test_every_story_is_told_by_somebody_of_the_cast_and_in_the_document() -> None:
    assert list(TOLD) == sorted(BY_LABORATORIES) == list(range(1, FIRST))
    assert [*TOLD, *TOLD_IMAGES] == list(CAST)
    for number, (_, shows) in {**TOLD, **TOLD_IMAGES}.items():
        role = CAST[number]
        assert f"| {number} | {role.name} | {', '.join(role.sites)} | {shows} |" in TEXT


def test_every_defect_is_in_the_document() -> None:
    for one in DEFECTS:
        code = f"`{one.code}`" if one.code else ""
        line = f"| `defect-{one.name}` | {one.site} | {one.state} | {code} | {one.what} |"
        assert line in TEXT


def test_every_site_mark_and_function_is_in_the_document() -> None:
    for sender in SENDERS:
        assert f"| `{sender.site}` | {sender.institution.name} |" in TEXT
    for one in DEPARTMENTS:
        assert f"| `{one.archive}`, `{one.reports}` | {one.institution.name} |" in TEXT
    for kind in EXAMINATIONS.values():
        assert kind.name in TEXT
    for _, mark in _MARKS:
        assert mark in TEXT or mark in {"冀内互认", "滹沱示例医共体HR"}
    for name in ("generate", "example", "sample_oru", "many"):
        assert f"{name}(" in TEXT
        assert name in hie.synthetic.__all__
