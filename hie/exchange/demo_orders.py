"""A day of orders in the demo: what hospitals asked, what was looked at, and what was decided.

The questions go through the same verbs as a hospital's. Who asks for what is thrown with dice that
always fall alike; nothing is decided that the door would refuse, and some orders stay undecided.
"""

import json
import secrets
import time
from random import Random
from typing import Any

from hie.exchange.assess import order_check
from hie.exchange.commands import operator
from hie.exchange.commands import run as command
from hie.exchange.decide import decide
from hie.exchange.demo_tour import PEOPLE
from hie.exchange.hub import Hub
from hie.store import order_views
from hie.synthetic import Manifest
from hie.synthetic.dice import dice
from hie.synthetic.example import question
from hie.synthetic.institutions import GAOYI, SHIJIAZHUANG, TIANJIN, Institution

LEADS = SHIJIAZHUANG
_HOSPITALS = (SHIJIAZHUANG, SHIJIAZHUANG, TIANJIN, GAOYI)
_DEPARTMENTS = ("心内科", "内分泌科", "肾内科", "消化内科", "全科医学科")
_ITEMS = ("K", "NA", "CL", "CRE", "UREA", "GLU", "ALT", "AST", "TC", "TG", "WBC", "HGB", "PLT")
_VIEWED, _DECIDED = 0.94, 0.86  # of what is offered
_USED = {"recognise": 0.82, "clinician_review": 0.5}


async def order(hub: Hub, region: Manifest, checks: int = 60) -> dict[str, Any]:
    """Ask and decide; then somebody who leads a hospital, to see the outcomes as.

    Of those the tour leads to nothing is ordered here: they are for whoever takes it.
    """
    people = [one for one in region.people if one.index not in PEOPLE]
    for number in range(checks):
        throw = dice(region.seed, "orders", number)
        person = throw.choice(people)
        hospital = throw.choice(_HOSPITALS)
        await _asked(hub, throw, number, person, hospital)
    password = secrets.token_urlsafe(12)
    leader = {
        "login": "manager-sjz",
        "name": "王院长（合成）",
        "role": "manager",
        "institution": LEADS.code,
        "department": "",
    }
    await command(hub, "user-add", {**leader, "password": password})
    return {"login": leader["login"], "password": password, "institution": LEADS.code,
            "name": LEADS.name}  # fmt: skip


async def _asked(hub: Hub, throw: Random, number: int, person: Any, hospital: Institution) -> None:
    items = throw.sample(_ITEMS, throw.randint(2, 6))
    orders = [{"ref": str(n), "item": item} for n, item in enumerate(items, 1)]
    body = json.loads(question(person, hospital, orders))
    body["receiver"]["department"] = throw.choice(_DEPARTMENTS)
    practitioner = body["receiver"]["practitioner"]
    answer = await order_check(hub, operator(), json.dumps(body).encode())
    offered = [one for one in answer["orders"] if one["outcome"] in _USED]
    viewed = [one for one in offered if throw.random() < _VIEWED]
    if not viewed:
        return
    async with hub.db.unit() as unit:
        await order_views.add(
            unit,
            answer["check"],
            [one["ref"] for one in viewed],
            practitioner=practitioner,
            institution=hospital.code,
            at_us=time.time_ns() // 1000,
            reminded=True,
        )
    decisions = [_decision(throw, one) for one in viewed if throw.random() < _DECIDED]
    if decisions:
        said = {"check": answer["check"], "key": f"demo-{number}", "practitioner": practitioner}
        told = json.dumps({**said, "decisions": decisions}, ensure_ascii=False)
        await decide(hub, operator(), told.encode())


def _decision(throw: Random, order_: dict[str, Any]) -> dict[str, Any]:
    """Use the result that speaks for the order, or repeat it for a reason that fits."""
    best = next(one for one in order_["candidates"] if one["outcome"] == order_["outcome"])
    if throw.random() < _USED[order_["outcome"]]:
        return {"ref": order_["ref"], "decision": "use", "assessment": best["assessment"]}
    fitting = [one for one in order_["reasons"] if not one.startswith(("N5", "N6"))]
    return {
        "ref": order_["ref"],
        "decision": "repeat",
        "reason": throw.choice(fitting[:3]),
        "explained_to_patient": True,
    }
