"""Messages of one laboratory that are held, and people of hospitals' IT; everybody is invented."""

import re
from datetime import datetime, timedelta, timezone

from hie.exchange.commands import run
from hie.exchange.hub import Hub
from hie.synthetic import example
from hie.synthetic.institutions import BY_SITE, CHAOYANG
from tests.e2e.running import PASSWORD
from tests.integration.test_road import _packed

SITE = "bj-lis"
TECHNICIAN, IDLE = "it-bj", "it-cy"  # the second connects nothing yet
_NEW = "CREA-E^肌酐^99BJ"  # a new test of the laboratory, by the name that the catalogue has


def messages() -> list[bytes]:
    """Two with a new code, three with a word of the laboratory's own for a status."""
    text = example(today=datetime.now(timezone(timedelta(hours=8))).date()).message.decode()
    kept = [s for s in text.split("\r") if not s.startswith("OBX|") or s.startswith("OBX|10|")]
    told = "\r".join(kept).replace("OBX|10|", "OBX|1|")
    new = re.sub(r"CREA\^肌酐\^99BJ\^[^|]*", _NEW, told)
    odd = told.replace("|||F|||", "|||已核|||")
    return [
        one.replace("BJEXAMPLE0001", f"HELD{n}").replace("BJ26", f"HELD{n}26").encode()
        for n, one in enumerate((new, new, odd, odd, odd), 1)
    ]


async def hold(hub: Hub) -> dict[str, str]:
    """Send them, and let those people in; login to password."""
    files = [_packed(one, f"{n}.hl7") for n, one in enumerate(messages())]
    await run(hub, "receive", {"site": SITE, "files": files})
    institutions = {TECHNICIAN: BY_SITE[SITE].institution, IDLE: CHAOYANG}
    for login, institution in institutions.items():
        person = {"login": login, "name": "王五（合成）", "role": "integrator"}
        more = {"department": "信息科", "institution": institution.code, "password": PASSWORD}
        await run(hub, "user-add", person | more)
    return dict.fromkeys(institutions, PASSWORD)
