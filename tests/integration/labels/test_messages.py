"""Labels of what comes as messages: set with the rows, the report as high as its highest result."""

import base64
from typing import Any

import pytest

from hie.access.labels import Topic
from hie.errors import UnprocessableRequest
from hie.exchange.commands import run
from hie.store import code_maps, resources
from hie.store.code_maps import MapState
from hie.store.resources import Put
from tests.integration.labels.support import (
    approved,
    everything,
    is_seen,
    labels,
    laboratory,
    message,
    result,
    rows,
    sent,
)
from tests.unit.access.labels.test_files import page

pytestmark = pytest.mark.anyio
K = "K^钾^99LAB^2823-3^Potassium^LN"
NA = "NA^钠^99LAB^2951-2^Sodium^LN"
HIV = "HIVAB^HIV抗体^99LAB^75622-1^HIV 1 and 2 tests^LN"
OWN = "X7^某项目^99LAB"
NORMAL: tuple[str, set[Topic]] = ("N", set())
UNKNOWN = ("R", {Topic.UNMAPPED})


async def kept(hub: Any) -> int:
    """How often the log says that a label was kept."""
    async with hub.db.reading() as reader:
        found: int = await reader.fetchval(
            "SELECT count(*) FROM audit_access"
            " WHERE type = 'refused' AND reason = 'label' AND outcome = '4'"
        )
        return found


async def test_an_ordinary_report_is_normal_throughout(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K), result(NA, "140")))
        assert await everything(hub) == {
            kind: {"N"}
            for kind in (
                "Patient", "Observation", "DiagnosticReport", "Specimen", "ServiceRequest",
                "Provenance",
            )
        }  # fmt: skip


async def test_what_holds_a_restricted_result_is_restricted_and_its_neighbour_is_not(
    place: Any,
) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K), result(HIV, "阴性", "")))
        found = await labels(hub, "Observation")
        assert found == {"K": NORMAL, "HIVAB": ("R", {Topic.HIV})}
        for kind in ("DiagnosticReport", "Specimen", "ServiceRequest", "Provenance"):
            assert ("R", {Topic.HIV}) in (await labels(hub, kind)).values(), kind
        assert (await everything(hub))["Patient"] == {"N"}


@pytest.mark.parametrize(
    ("code", "topic"),
    [
        ("CD4^CD4+T细胞计数^99LAB", Topic.HIV), ("VL^病毒载量^99LAB", Topic.HIV),
        ("TPPA^梅毒螺旋体抗体^99LAB", Topic.STD), ("TRUST^甲苯胺红试验^99LAB", Topic.STD),
        ("CLZ^氯氮平^99LAB", Topic.PSY), ("MOP^尿吗啡^99LAB", Topic.SUD),
    ],
)  # fmt: skip
async def test_a_proxy_is_labelled_by_table(place: Any, code: str, topic: Topic) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(code)))
        ((level, found),) = (await labels(hub, "Observation")).values()
        assert level == "R"
        assert topic in found


async def test_what_a_department_asks_for_is_labelled_by_table(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K), department="精神科门诊"))
        assert await labels(hub, "Observation") == {"K": ("R", {Topic.PSY})}
        assert (await everything(hub))["Patient"] == {"N"}


async def test_a_panel_is_labelled_with_all_that_is_in_it(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K), name="STDP^性病五项^99LAB"))
        assert await labels(hub, "Observation") == {"K": ("R", {Topic.STD})}


@pytest.mark.parametrize("where", ["note", "value", "report"])
async def test_a_text_names_the_condition_and_the_codes_do_not(place: Any, where: str) -> None:
    words = "建议至疾控中心行HIV确证试验"
    line = result(K, note=words) if where == "note" else result(K)
    extra = f"NTE|1||{words}" if where == "report" else ""
    lines = [line, result(NA, words, "")] if where == "value" else [line]
    async with laboratory(place) as hub:
        await sent(hub, message(*lines, extra=extra))
        ((level, found),) = (await labels(hub, "DiagnosticReport")).values()
        assert (level, found) == ("R", {Topic.HIV})
        about = await labels(hub, "Observation")
        assert about["K"] == (("R", {Topic.HIV}) if where == "note" else NORMAL)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("HIV antibody: reactive", ("R", {Topic.HIV})), ("No abnormality.", NORMAL)],
)
async def test_a_printed_report_names_the_condition_and_the_codes_do_not(
    place: Any, words: str, expected: Any
) -> None:
    data = base64.b64encode(page(words)).decode()
    printed = f"OBX|{{n}}|ED|PDF^报告^99LAB||^application^pdf^Base64^{data}||||||F"
    async with laboratory(place) as hub:
        await sent(hub, message(result(K), printed))
        ((level, found),) = (await labels(hub, "DiagnosticReport")).values()
        assert (level, found) == expected
        assert (await labels(hub, "Observation"))["K"] == NORMAL


async def test_a_source_that_sends_less_keeps_the_label(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K, note="HIV抗体阳性"), status="F"))
        corrected = message(result(K, "4.20").replace("|F", "|C"), number="M2", status="C")
        assert await kept(hub) == 0
        await sent(hub, corrected)
        assert await kept(hub) == 1
        (standing,) = await rows(hub, "Observation")
        assert standing.version == 2
        assert await labels(hub, "Observation") == {"K": ("R", {Topic.HIV})}
        assert not await is_seen(hub, "Observation", standing.id)


async def test_a_source_that_sends_more_hides_the_version_before(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K)))
        (standing,) = await rows(hub, "Observation")
        assert await is_seen(hub, "Observation", standing.id)
        corrected = result(K, "4.20", note="HIV抗体阳性").replace("|F\r", "|C\r")
        await sent(hub, message(corrected, number="M2"))
        assert not await is_seen(hub, "Observation", standing.id)
        assert not await is_seen(hub, "Observation", standing.id, 1)
        ((level, _),) = (await labels(hub, "DiagnosticReport")).values()
        assert level == "R"  # its own words are the same


async def test_a_result_that_comes_later_raises_the_report_that_lists_it(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(K)))
        assert (await everything(hub))["DiagnosticReport"] == {"N"}
        await sent(hub, message(result(K), result(HIV, "阴性", ""), number="M2"))
        assert await labels(hub, "Observation") == {"K": NORMAL, "HIVAB": ("R", {Topic.HIV})}
        assert (await everything(hub))["DiagnosticReport"] == {"R"}
        assert (await everything(hub))["ServiceRequest"] == {"R"}


async def test_a_code_is_restricted_until_its_map_is_approved(place: Any) -> None:
    async with laboratory(place) as hub:
        kept = await sent(hub, message(result(OWN), result(NA, "140")))
        assert kept["state"] == "held"
        assert await labels(hub, "Observation") == {"X7": UNKNOWN, "NA": NORMAL}
        for kind in ("DiagnosticReport", "Specimen", "ServiceRequest"):
            assert (await everything(hub))[kind] == {"R"}
        await approved(hub, "X7", "K")
        assert await labels(hub, "Observation") == {"X7": NORMAL, "NA": NORMAL}
        for kind in ("DiagnosticReport", "Specimen", "ServiceRequest"):
            assert (await everything(hub))[kind] == {"N"}


async def test_a_map_that_is_only_proposed_is_not_approved(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result("P9^血钾^99LAB")))
        await run(hub, "map-suggest", {"site": "lab-1"})
        assert await labels(hub, "Observation") == {"P9": UNKNOWN}
        await approved(hub, "P9", "K")
        assert await labels(hub, "Observation") == {"P9": NORMAL}


async def test_an_approved_map_takes_no_topic_away(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result("X8^HIV初筛^99LAB")))
        assert await labels(hub, "Observation") == {"X8": ("R", {Topic.HIV, Topic.UNMAPPED})}
        await approved(hub, "X8", "K")
        assert await labels(hub, "Observation") == {"X8": ("R", {Topic.HIV})}


async def test_a_rejected_map_leaves_the_code_unknown(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(OWN)))
        asked = {"site": "lab-1", "codes": ["X7"], "system": "99LAB", "approve": False}
        await run(hub, "map-review", asked)
        assert await labels(hub, "Observation") == {"X7": UNKNOWN}


async def test_a_code_that_is_known_and_no_item_is_normal(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(OWN), result(K)))
        asked = {"site": "lab-1", "codes": ["X7"], "system": "99LAB", "approve": True}
        assert await run(hub, "map-review", {**asked, "no_item": True}) == {
            "changed": 1, "messages": 1,
        }  # fmt: skip
        assert await labels(hub, "Observation") == {"X7": NORMAL, "K": NORMAL}
        assert (await everything(hub))["DiagnosticReport"] == {"N"}
        kept = await sent(hub, message(result(OWN), report="F-2", number="M2"))
        assert kept["state"] == "stored"
        with pytest.raises(UnprocessableRequest):
            await run(hub, "map-review", {**asked, "no_item": True, "item": "K"})
        with pytest.raises(UnprocessableRequest):
            await run(hub, "map-review", {**asked, "no_item": True, "approve": False})


async def test_an_order_stays_restricted_while_another_report_of_it_is_unknown(place: Any) -> None:
    async with laboratory(place) as hub:
        await sent(hub, message(result(OWN), result("X9^另一项^99LAB")))
        await approved(hub, "X7", "K")
        assert await labels(hub, "Observation") == {"X7": NORMAL, "X9": UNKNOWN}
        assert (await everything(hub))["DiagnosticReport"] == {"R"}
        assert (await everything(hub))["Specimen"] == {"R"}


async def test_the_same_message_again_changes_no_label(place: Any) -> None:
    async with laboratory(place) as hub:
        content = message(result(K), result(HIV, "阴性", ""))
        await sent(hub, content)
        before = await everything(hub)
        await sent(hub, content.replace(b"|M1|", b"|M2|"))
        assert await everything(hub) == before
        assert {one.version for one in await rows(hub, "Observation")} == {1}


async def known(hub: Any, code: str, item: str) -> None:
    """The map of a code is approved, and no message is read again for it yet."""
    async with hub.db.unit() as unit:
        await code_maps.decide(
            unit, "lab-1", "99LAB", code, state=MapState.APPROVED, item=item, by="u", now_us=1
        )


def corrected(content: bytes, number: str) -> bytes:
    """The same report later, with another material and another panel."""
    later = content.replace(b"|M1|", f"|{number}|".encode()).replace(b"|CH|F", b"|CH|C")
    later = later.replace(b"20260612120000", b"20260612130000")
    return later.replace("SER^血清".encode(), "PLAS^血浆".encode()).replace(b"CHEM^", b"CHEM2^")


@pytest.mark.parametrize("other", ["NA^钠^99LAB^2951-2^Sodium^LN", "X9^另一项^99LAB"])
async def test_what_changes_in_the_message_that_makes_its_code_known_is_known_too(
    place: Any, other: str
) -> None:
    async with laboratory(place) as hub:
        first = message(result(OWN), result(other, "140"))
        await sent(hub, first)
        await known(hub, "X7", "K")
        await sent(hub, corrected(first, "M2"))
        assert (await labels(hub, "Observation"))["X7"] == NORMAL
        for kind in ("DiagnosticReport", "Specimen", "ServiceRequest"):
            assert {one.version for one in await rows(hub, kind)} == {2}, kind
            assert (await everything(hub))[kind] == ({"R"} if "X9" in other else {"N"}), kind


async def test_an_order_stays_restricted_while_a_report_of_it_cannot_be_read(place: Any) -> None:
    async with laboratory(place) as hub:
        first = message(result(OWN))
        await sent(hub, first)
        (report,) = await rows(hub, "DiagnosticReport")
        scan = {**report.resource(), "id": "scan"}
        scan["presentedForm"] = [{"contentType": "image/png", "data": "AAAA"}]
        async with hub.db.unit() as unit:
            put = Put("DiagnosticReport", report.home, "scan", scan, "institution:x")
            await resources.put(unit, [put])
        await known(hub, "X7", "K")
        await sent(hub, corrected(first, "M2"))
        assert await labels(hub, "Observation") == {"X7": NORMAL}
        assert (await everything(hub))["ServiceRequest"] == {"R"}
        assert (await everything(hub))["Specimen"] == {"R"}
