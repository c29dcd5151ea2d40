"""What a client said of a card without deciding stands on the page of the check, for who decides."""

from pathlib import Path
from typing import Any

import pytest

from hie.exchange.commands import run
from tests.integration.cds.support import CREATININE, POTASSIUM, RECEIVER, region, sign
from tests.integration.cds.test_feedback_door import SIGN, overridden, said
from tests.integration.deciding import PASSWORD, repeating, sign_in

pytestmark = pytest.mark.anyio
WORDS = "<b>胸痛加重</b>"


async def test_a_reason_without_a_decision_is_shown_and_asked_about(
    place: Any, tmp_path: Path
) -> None:
    async with region(place, tmp_path) as his:
        person = {"login": "doctor", "name": "医生", "role": "clinician", "department": ""}
        await run(his.hub, "user-add", person | {"institution": RECEIVER, "password": PASSWORD})
        potassium, creatinine = await his.cards(SIGN, sign(POTASSIUM, CREATININE))
        reason = creatinine["overrideReasons"][0]
        (told, _) = await said(
            his, overridden(creatinine, reason=reason, userComment=WORDS), overridden(potassium)
        )
        assert told["why"] == "explained-unknown"
        page = told["page"].removeprefix(his.hub.settings.address)
        await sign_in(his.http)
        whole = (await his.http.get(f"{page}?lang=zh")).text
        assert f"开单系统中已说明重复的原因：{reason['display']}。" in whole
        assert "开单系统中关闭了提醒" in whole
        assert WORDS not in whole
        assert "&lt;b&gt;胸痛加重" in whole
        assert "checked" not in whole  # of what was kept nothing is chosen beforehand
        form = repeating(whole, reason["code"], place=2)
        assert (await his.http.post(page, data=form)).status_code == 303
        after = (await his.http.get(f"{page}?lang=zh")).text
        assert "开单系统中已说明重复的原因" not in after
        assert "开单系统中关闭了提醒" in after
        (again,) = await said(his, overridden(creatinine, reason=reason, userComment="再次"))
        assert (again["state"], again["why"]) == ("decided", "already-decided")
