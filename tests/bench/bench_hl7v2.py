"""How many bare splits one decode costs: 30 results, with values, paths and coverage.

The bare split into segments and fields is the least that any reader must do. Decode and split
are measured in turns, so that a busy machine slows both; the median of the rounds counts.
"""

import statistics
import time
from collections.abc import Callable

from adapters.hl7v2 import adapter
from hie.adapter import Site
from tests.bench.figure import Figure, show

BUDGET = 20.0
ROUNDS, REPEATS = 21, 40
SITE = Site("bench", "91110000802100433B", "hl7v2", {})
NAMES = "钾 钠 氯 钙 磷 镁 葡萄糖 尿素 肌酐 尿酸 总蛋白 白蛋白 胆固醇 甘油三酯 乳酸脱氢酶".split()
HEAD = (
    "MSH|^~\\&|LIS|LABONE|HIE|HUB|20260612120000+0800||ORU^R01^ORU_R01|B-{n}|P|2.5.1"
    "||||||{charset}",
    "PID|1||P{n}^^^LABONE^MR~11010519491231002X^^^^NI||王小东||19491231|F|||北京市朝阳区",
    "PV1|1|O|心内科^^^LABONE||||||||||||||||V{n}",
    "ORC|RE|P-{n}|F-{n}||CM",
    "OBR|1|P-{n}|F-{n}|CHEM^生化全套^99LAB|||20260612080000+0800|||||||20260612083000+0800|"
    "血清&1|||||||20260612110000+0800||CH|F|||||||31&李审核",
)
FULL = (
    "OBX|{i}|NM|0{i:03}^{name}{i}^99LAB^{i}-1^{name}^LN||{value}|mmol/L^mmol/L^UCUM|3.5-5.3|{flag}|||F"
    "|||20260612080000+0800|LAB01^检验科|41^钱检验|ISE^离子选择电极法^99LAB|AU5800^LIS"
    "|20260612093000+0800"
)
PLAIN = (
    "OBX|{i}|NM|0{i:03}^{name}{i}^99LAB||{value}|mmol/L|3.5-5.3|{flag}|||F|||20260612080000+0800"
)


def message(obx: str, number: int, encoding: str = "utf-8") -> bytes:
    """A report of 30 results of an invented person; values and flags differ by `number`."""
    charset = "UNICODE UTF-8" if encoding == "utf-8" else "GB18030"
    lines = [line.format(n=number, charset=charset) for line in HEAD]
    for i in range(1, 31):
        value = f"{(i * 7 + number * 3) % 90 / 10 + 0.1:.2f}"
        lines.append(
            obx.format(i=i, name=NAMES[i % len(NAMES)], value=value, flag="NHL"[(i + number) % 3])
        )
    return ("\r".join(lines) + "\r").encode(encoding)


def split(text: str) -> list[list[str]]:
    """The bare split."""
    return [line.split("|") for line in text.split("\r")]


def microseconds(work: Callable[[], object]) -> float:
    """CPU time of one call, over some repeats."""
    began = time.process_time_ns()
    for _ in range(REPEATS):
        work()
    return (time.process_time_ns() - began) / REPEATS / 1000


def measured(name: str, obx: str, encoding: str) -> list[Figure]:
    """The ratio for one shape of message, over 25 messages that differ in every value."""
    contents = [message(obx, n, encoding) for n in range(25)]
    texts = [c.decode(encoding) for c in contents]
    for content in contents:
        decoded = adapter.decode(content, SITE)
        assert len(decoded.records[0].results) == 30
        assert not [i for i in decoded.issues if i.severity in ("hold", "error")]
    decodes, splits = [], []
    for turn in range(ROUNDS):
        content, text = contents[turn % 25], texts[turn % 25]
        splits.append(microseconds(lambda text=text: split(text)))
        decodes.append(microseconds(lambda content=content: adapter.decode(content, SITE)))
    ratio = statistics.median(d / s for d, s in zip(decodes, splits, strict=True))
    return [
        Figure(f"{name}: bare split", statistics.median(splits), "µs"),
        Figure(f"{name}: decode", statistics.median(decodes), "µs"),
        Figure(f"{name}: decode / split", ratio, "×", f"≤ {BUDGET:.0f}"),
    ]


def run() -> list[Figure]:
    """Messages as analysers fill them, and as the sparest senders do; UTF-8 and GB18030."""
    return [
        *measured("30 full OBX, UTF-8", FULL, "utf-8"),
        *measured("30 full OBX, GB18030", FULL, "gb18030"),
        *measured("30 sparse OBX, UTF-8", PLAIN, "utf-8"),
    ]


if __name__ == "__main__":
    for figure in run():
        show(figure)
