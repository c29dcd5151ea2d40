"""The imaging departments of the invented hospitals: an archive and a report system each.

Both share the hospital's patient index, whose object identifier both name: so a study and its
report speak of one patient, though two systems send them.
"""

from typing import Final

from hie.synthetic.imaging.study import Department
from hie.synthetic.institutions import BEIJING, JINAN, SHIJIAZHUANG, TIANJIN

_INDEX: Final = "2.25.99990"  # invented, one more digit for each hospital

DEPARTMENTS: Final = (
    Department(
        BEIJING, "bj-pacs", "bj-ris", "XCPACS", f"{_INDEX}1", "BJ", "ISO_IR 192", False,
        ("冯阅片", "魏阅片"),
    ),
    Department(
        TIANJIN, "tj-pacs", "tj-ris", "HHPACS", f"{_INDEX}2", "TJ", "GB18030", True,
        ("陶阅片", "姜阅片"),
    ),
    Department(
        SHIJIAZHUANG, "sjz-pacs", "sjz-ris", "HTPACS", f"{_INDEX}3", "SJ", "GBK", False,
        ("严阅片", "华阅片"),
    ),
    Department(
        JINAN, "jn-pacs", "jn-ris", "BTPACS", f"{_INDEX}4", "JN", "\\ISO 2022 IR 58", True,
        ("金阅片",), names_residents=True,
    ),
)  # fmt: skip
# The laboratory sites of the same hospitals, by which people say where they are treated.
BY_LABORATORY: Final = dict(
    zip(("bj-lis", "tj-lis", "sjz-lis", "jn-lis"), DEPARTMENTS, strict=True)
)


def profile(department: Department, site: str) -> str:
    """The site profile of an archive or a report system, TOML."""
    name = department.institution.name
    head = f"# Profile of the invented system {site}, {name}. Synthetic.\n"
    if site == department.archive:
        return head + _ARCHIVE.format(
            aet=department.aet,
            issuer=department.issuer,
            name=department.labelled,
            code=department.institution.code,
        )
    return head + _REPORTS.format(code=department.institution.code, facility=department.aet)


_ARCHIVE: Final = """
zone = "+08:00"

[patient]
issuer = "{issuer}"

[study]
quiet_seconds = 2                      # a demonstration does not wait two minutes

[dicom]
aets = ["{aet}"]

[institutions]
"{name}" = "{code}"
"""
_REPORTS: Final = """
zone = "+08:00"

[identifiers]
types = {{"PI" = "patient"}}

[institutions]
"{facility}" = "{code}"
"""
