"""Registers and policies at random, as a case states them."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.conformance.second_opinion.items import IMAGING, ITEMS
from tests.conformance.second_opinion.record import SOURCE

Case = dict[str, Any]
_REGIONS = (
    "130102", "130102", "130100", "130000", "110102", "429004", "420106", "420802", "500103",
    "510104", "370102", "220202", "220102", "310101", "810000", "440106", "650102", "469002",
)  # fmt: skip
_LEVELS = ("3A", "3B", "3C", "3", "2A", "2", "1C", "1", "")
_MARKS = (
    "京津冀HR", "全国HR", "冀HR", "河北HR", "河北省HR", "石家庄HR", "石家庄市HR", "河北石家庄HR",
    "石家庄市长安区HR", "河北省石家庄市长安区HR", "长安区HR", "北京市西城区HR", "西城区HR",
    "鄂HR", "武汉HR", "仙桃HR", "仙桃市HR", "长三角HR", "成渝HR", "川渝HR", "京津冀鲁HR",
    "吉林HR", "吉林市HR", "内蒙古HR", "广西壮族自治区HR", "广西自治区HR", "北京市HR", "河北市HR",
    "延边HR", "延边州HR", "示例医联体HR", "什么HR", "HR", "优秀实验室", "★", "-GX", "京津冀hr",
    "京 津 冀 HR", "京津冀ＨＲ", "港HR", "蜀HR", "渝川HR", "四川省HR", "正定县HR", "朝阳区HR",
    "辛集市HR", "鼓楼区HR", "南京市鼓楼区HR", "京京HR", "台湾省HR", "甘肃HR", "陇HR", "－ＧＸ",
)  # fmt: skip


def change(random: Random, case: Case, item: str, on: date) -> None:
    """One register otherwise than usual."""
    one = random.choice((_marks, _marks, _rounds, _rounds, _precision, _source, _receiver,
                         _policies, _policies, _consortium))  # fmt: skip
    one(random, case, item, on)


def _period(random: Random, on: date) -> Case:
    """A period that ends or begins near the day asked about or the days before it."""
    at = on - timedelta(days=random.choice((0, 1, 2, 3, 4, 7, 8)))
    return random.choice(
        (
            {"from": "2022-03-01"},
            {"from": "2022-03-01", "to": at.isoformat()},
            {"from": at.isoformat()},
            {"from": (at - timedelta(days=90)).isoformat(), "to": at.isoformat()},
        )
    )


def _marks(random: Random, case: Case, item: str, on: date) -> None:
    several = random.choice((0, 1, 1, 1, 2, 3))
    texts = random.sample(_MARKS, several)
    case["marks"] = [
        one if random.random() < 0.7 else {"text": one, **_period(random, on)} for one in texts
    ]


def _rounds(random: Random, case: Case, item: str, on: date) -> None:
    found = []
    for n in range(random.choice((0, 1, 2, 3, 4, 5))):
        one = {"scheme": random.choice(("NCCL", "北京")), "round": f"2026-{n}"}
        one |= _period(random, on)
        found.append({**one, "acceptable": random.random() < 0.7})
    if random.random() < 0.6:
        found.append({"scheme": "A", "round": "0", "from": "2022-03-01"})
    case["qualifications"] = found


def _precision(random: Random, case: Case, item: str, on: date) -> None:
    limit = ITEMS[item].get("cv") or "5.0"
    months = {}
    for back in random.sample(range(6), random.choice((0, 1, 1, 2, 3))):
        year, month = divmod(on.year * 12 + on.month - 1 - back, 12)
        months[f"{year}-{month + 1:02d}"] = random.choice((limit, limit + "1", "0.1", "99"))
    case["precision"] = months or None


def _source(random: Random, case: Case, item: str, on: date) -> None:
    status = random.choice(("active", "active", "suspended", "withdrawn"))
    one: Case = {"region": random.choice(_REGIONS), "level": random.choice(_LEVELS)}
    if random.random() < 0.6:
        case["source"] = {**one, "status": random.choice(("active", "active", "active", status))}
        return
    cut = on - timedelta(days=random.choice((0, 1, 2, 3, 4)))
    case["source"] = [
        {**one, "to": (cut - timedelta(days=1)).isoformat(), "status": status},
        {"from": cut.isoformat(), "region": random.choice(("110102", "420106", "440106"))},
    ]


def _receiver(random: Random, case: Case, item: str, on: date) -> None:
    case["receiver"] = {
        **case.get("receiver", {}),
        "region": random.choice(_REGIONS),
        "level": random.choice(_LEVELS),
        "status": random.choice(("active", "suspended")),
    }


def _consortium(random: Random, case: Case, item: str, on: date) -> None:
    name = random.choice(("示例医联体", "示例医联体", "另一医联体"))
    for side in ("source", "receiver"):
        if isinstance(case.get(side, {}), dict):
            case[side] = {**case.get(side, {}), "consortium": random.choice((name, name, ""))}


def _policies(random: Random, case: Case, item: str, on: date) -> None:
    kind = "imaging" if item in IMAGING else "laboratory"
    scopes = ("default", "region:13", "region:1301", "region:130102", "region:42",
              "receiver:121301024000001027", f"receiver:{SOURCE}")  # fmt: skip
    values: Case = {
        "catalogue": random.choice(("all", [item, "NA"], ["CL"])),
        "voluntary": random.choice((True, False, None)),
        "level_rule": random.choice(("none", "same_or_higher", "same_or_higher_grade")),
        "time_limits": random.choice(
            ({}, {item: random.choice((0, 1, 3, 14, 90))}, {kind: random.choice((0, 3, 10, 90))},
             {item: 5, kind: 1}, {"imaging": 2}, {"laboratory": 2})
        ),
        "exit_list": [
            {"institution": SOURCE, "items": random.choice(("all", [item], ["CL"])),
             **_period(random, on)}
        ],
        "critical_limits": {item: random.choice(
            ({"low": "3", "high": "5"}, {"high": "4"}, {"low": None}, {"low": "100"})
        )},
        "reference_intervals": {item: random.choice(
            (["3.5", "5.0"], {"male": ["57", "97"], "female": ["41", "73"]}, ["10", "50"])
        )},
        "methods": {"CRE": "enzymatic", "LDH": "pyruvate-to-lactate", "HBSAG": "rapid"},
        "prices": {ITEMS[item]["price"][0]: random.choice(("8.50", "0.005", "12"))},
        "local_reasons": random.choice(([], ["L4_PHYSICIAN_JUDGEMENT"],
                                        ["L1_PATIENT_REQUEST", "L4_PHYSICIAN_JUDGEMENT"])),
        "lookback_days": random.choice((0, 3, 7, 30, 365)),
        "max_candidates": random.choice((1, 2, 5)),
        "delta_window_days": random.choice((0, 1, 3, 30)),
    }  # fmt: skip
    if item in IMAGING:
        for name in ("critical_limits", "reference_intervals", "methods"):
            del values[name]
    found: list[Case] = case.setdefault("policies", [])
    for _ in range(random.choice((1, 1, 2, 3))):
        start = on - timedelta(days=random.choice((0, 1, 30, 400, -1)))
        scope = random.choice(scopes)
        if any(one["scope"] == scope and one["from"] == start.isoformat() for one in found):
            continue
        own = dict(random.sample(list(values.items()), random.choice((1, 1, 2, 3))))
        if scope == f"receiver:{SOURCE}":
            own = {"methods": values["methods"]} if "methods" in values else {"voluntary": False}
        ends = {"to": (start + timedelta(days=random.choice((0, 1, 500)))).isoformat()}
        found.append(
            {"scope": scope, "from": start.isoformat(), **own, **random.choice(({}, {}, ends))}
        )
