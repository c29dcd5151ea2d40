"""What an engineer prepares for each sending system: its profile (TOML) and its code map.

The maps come in both forms that are imported, CSV and FHIR ConceptMap. Gaoyi's leaves one code
out: that result waits on the mapping list.
"""

import csv
import io
import json
from typing import Final

from hie.fhir import ITEM, LOINC, local_code_system
from hie.synthetic.institutions import SENDERS, Sender
from hie.synthetic.panels import PANELS, Assay

OVER_MLLP: Final = "bj-lis"  # the one system that may send over MLLP as well
_HEAD: Final = "# Profile of the invented system {site}, {name}. Synthetic.\n"
_ORU: Final = """
[identifiers]
types = {{"PI" = "patient"}}

[institutions]
"{facility}" = "{code}"
"""
_OUL: Final = """
zone = "+08:00"

[charset]
force = "gb18030"

[bindings]
sub_id = []                            # OBX-4 is a running number

[identifiers]
primary = ["outpatient-no"]
types = {{"21" = "outpatient-no", "51" = "inpatient-no", "71" = "resident-id"}}

[institutions]
"{facility}" = "{code}"

[control]
path = "OBX-20"
in = ["在控"]
out = ["失控"]
"""
_OLD: Final = """
zone = "+08:00"

[charset]
force = "gb18030"

[bindings]
flag = ["OBX-9"]                       # everything after the interval is shifted by one
status = ["OBX-10", "OBX-11"]
sub_id = []

[scale]
"*" = "Qn"                             # numbers arrive as ST

[identifiers]
primary = ["outpatient-no"]
types = {{"21" = "outpatient-no", "51" = "inpatient-no", "71" = "resident-id"}}

[institutions]
"{facility}" = "{code}"
"""
_LISTENED: Final = """
[mllp]
applications = ["{application}^{facility}"]
"""
_TEMPLATES: Final = {
    "bj-lis": _ORU,
    "sjz-lis": _ORU,
    "cy-lis": _ORU,
    "tj-lis": _OUL,
    "jn-lis": _OUL,
    "gy-lis": _OLD,
}


def profile(sender: Sender) -> str:
    """The site profile, TOML."""
    institution = sender.institution
    text = _HEAD + _TEMPLATES[sender.site]
    if sender.site == OVER_MLLP:
        text += _LISTENED
    return text.format(
        site=sender.site,
        name=institution.name,
        facility=sender.facility,
        application=sender.application,
        code=institution.code,
    )


def code_maps() -> dict[str, bytes]:
    """File name to content: one map for each site; what is no item is named as such."""
    by_site = {sender.site: sender for sender in SENDERS}
    return {
        "bj-lis.csv": _csv(by_site["bj-lis"]),
        "tj-lis.json": _concept_map(by_site["tj-lis"]),
        "sjz-lis.csv": _csv(by_site["sjz-lis"]),
        "gy-lis.csv": _csv(by_site["gy-lis"]),
        "cy-lis.csv": _csv(by_site["cy-lis"]),
        "jn-lis.csv": _csv(by_site["jn-lis"]),
    }


def local_system(sender: Sender) -> str:
    """The name the sender gives its codes; "" where it gives none."""
    return f"99{sender.prefix}" if sender.dialect == "oru" else ""


def _rows(sender: Sender) -> list[tuple[str, str, Assay]]:
    own = sender.dialect == "oru"
    return [
        (test.code, test.name, test) if own else (test.number, test.other, test)
        for panel in PANELS
        for test in panel.tests
    ]


def _csv(sender: Sender) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("system", "code", "name", "item", "loinc"))
    for code, name, test in _rows(sender):
        # What is no item of the list is named by its LOINC code alone: it waits for nobody.
        loinc = "" if test.item else test.loinc
        writer.writerow((local_system(sender), code, name, test.item or "", loinc))
    return buffer.getvalue().encode()


def _concept_map(sender: Sender) -> bytes:
    source = local_code_system(sender.site, local_system(sender) or None)
    groups = [
        {
            "source": source,
            "target": target,
            "element": [
                {
                    "code": code,
                    "display": name,
                    "target": [{"code": test.item or test.loinc, "equivalence": "equivalent"}],
                }
                for code, name, test in _rows(sender)
                if (test.item is not None) == (target == ITEM)
            ],
        }
        for target in (ITEM, LOINC)
    ]
    resource = {
        "resourceType": "ConceptMap",
        "url": f"https://hie.example/fhir/ConceptMap/{sender.site}",
        "status": "active",
        "title": "Synthetic",
        "group": groups,
    }
    return json.dumps(resource, ensure_ascii=False, indent=1).encode() + b"\n"
