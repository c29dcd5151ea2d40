"""Messages with something wrong in them on purpose, and what a hub has to say of each.

They are ordinary reports, spoiled in their values or in their bytes. `state` and `code` are what
decoding leads to; what a rule says later of a stored one is told in `stories`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from hie.synthetic.institutions import BY_SITE
from hie.synthetic.messages import Message, written
from hie.synthetic.panels import BLOOD_COUNT, CHEMISTRY
from hie.synthetic.report import Report
from hie.synthetic.stories import Teller

State = Literal["stored", "held"]
Spoil = Callable[[Report, str], bytes]


@dataclass(frozen=True, slots=True)
class Defect:
    """One spoiled message: what is wrong, where it ends, and the issue that says so ("": none)."""

    name: str
    site: str
    state: State
    code: str
    what: str
    spoil: Spoil


def _replaced(old: str, new: str) -> Spoil:
    def spoil(report: Report, control_id: str) -> bytes:
        return written(report, control_id).replace(old.encode(), new.encode(), 1)

    return spoil


def _truncated(report: Report, control_id: str) -> bytes:
    content = written(report, control_id)
    return content[: content.index(b"OBX|9|") + 30]


def _undeclared(report: Report, control_id: str) -> bytes:
    text = written(report, control_id).decode()
    return text.replace("|UNICODE UTF-8\r", "|\r", 1).encode("gb18030")


def _declared_wrong(report: Report, control_id: str) -> bytes:
    return written(report, control_id).replace(b"|UNICODE UTF-8\r", b"|GBK\r", 1)


def _mixed(report: Report, control_id: str) -> bytes:
    content = written(report, control_id)
    note = "NTE|1|L|标本状态良好，已按流程复核\r".encode("gb18030")
    at = content.index(b"OBX|2|")
    return content[:at] + note + content[at:]


def _not_hl7(report: Report, control_id: str) -> bytes:
    return written(report, control_id).split(b"\r", 1)[1]


def _ahead(report: Report, control_id: str) -> bytes:
    return written(report, control_id, report.issued - timedelta(days=3))


def _without_status(report: Report, control_id: str) -> bytes:
    return written(report.changed("K", status=""), control_id)


def _unknown_status(report: Report, control_id: str) -> bytes:
    return written(report.changed("K", status="OK"), control_id)


def _with_comma(report: Report, control_id: str) -> bytes:
    return written(report.changed("PLT", value="1,234"), control_id)


def _in_words(report: Report, control_id: str) -> bytes:
    return written(report.changed("PLT", value="见报告单"), control_id)


def _unknown_code(report: Report, control_id: str) -> bytes:
    return written(report, control_id).replace(b"|CK^", b"|ZZ99^", 1)


DEFECTS: Final = (
    Defect("truncated", "bj-lis", "held", "truncated", "cut off in the middle", _truncated),
    Defect("undeclared-gbk", "bj-lis", "stored", "charset-undeclared",
           "GBK bytes, no charset declared", _undeclared),
    Defect("declared-wrong", "sjz-lis", "stored", "charset-declared-wrong",
           "UTF-8 bytes declared as GBK", _declared_wrong),
    Defect("mixed-charsets", "sjz-lis", "stored", "charset-mixed",
           "one line in GBK among UTF-8", _mixed),
    Defect("not-hl7", "bj-lis", "held", "not-hl7", "no MSH segment", _not_hl7),
    Defect("time-ahead", "bj-lis", "held", "time-ahead",
           "specimen taken days after the message was sent", _ahead),
    Defect("status-missing", "bj-lis", "held", "status-missing",
           "a result without a status", _without_status),
    Defect("status-unknown", "tj-lis", "held", "status-unknown",
           "a status of no table", _unknown_status),
    Defect("comma", "bj-lis", "held", "number-separator",
           "a comma in a number: thousands or decimals?", _with_comma),
    Defect("words", "bj-lis", "stored", "nm-not-numeric", "words where a number belongs",
           _in_words),
    Defect("training", "bj-lis", "held", "processing-id",
           "a training message on the production channel", _replaced("|P|2.5.1", "|T|2.5.1")),
    Defect("unknown-code", "sjz-lis", "stored", "", "a test under an unknown code",
           _unknown_code),
    Defect("report-error", "bj-lis", "held", "report-status-error",
           "the laboratory knows no such order", _replaced("|LAB|F|", "|LAB|Y|")),
    Defect("no-number", "bj-lis", "held", "order-number-missing",
           "neither placer nor filler number", lambda report, control_id: written(
               report, control_id).replace(report.placer.encode(), b"").replace(
               report.filler.encode(), b"")),
)  # fmt: skip
FIRST: Final = 34  # the first person without a laboratory's story


def make_defects(teller: Teller, count: int) -> list[tuple[Message, Defect]]:
    """The spoiled messages, each of another person as far as there are enough."""
    found = []
    for number, defect in enumerate(DEFECTS):
        index = FIRST + number if FIRST + number <= count else number % count + 1
        panel = BLOOD_COUNT if defect.name in {"comma", "words"} else CHEMISTRY
        report = teller.report(index, panel, 6 + number, defect.site)
        prefix = BY_SITE[defect.site].prefix
        report = replace(report, filler=report.filler.replace(prefix, f"{prefix}X", 1))
        content = defect.spoil(report, f"{prefix}X{number:06}")
        found.append((Message(defect.site, f"defect-{defect.name}.hl7", content), defect))
    return found
