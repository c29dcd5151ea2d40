"""Labels as numbers and as meta.security: they join to the higher, and come back as written."""

from typing import Any

import pytest

from hie.access.labels import Topic, confidentiality, floor, joined, label_with, topics, with_label
from hie.access.labels.label import ASSIGNED, UNMAPPED, bit
from hie.access.labels.tables import tables
from hie.access.labels.tags import asked, found_in, stated

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
HIV = label_with(1, bit(Topic.HIV))


def tagged(*codes: tuple[str, str]) -> dict[str, Any]:
    return {"security": [{"system": system, "code": code} for system, code in codes]}


def test_the_number_is_what_rows_carry() -> None:
    assert HIV == 5
    assert label_with(2, bit(Topic.VIP)) == 2 + 4 * 1024
    assert [bit(one) for one in Topic] == [1 << n for n in range(13)]


def test_no_label_is_restricted() -> None:
    assert confidentiality(None) == 1
    assert topics(None) == (Topic.UNMAPPED,)


def test_labels_join_to_the_higher_and_keep_every_topic() -> None:
    both = joined(HIV, label_with(0, bit(Topic.HBV)))
    assert (confidentiality(both), topics(both)) == (1, (Topic.HIV, Topic.HBV))
    assert joined(0, 0) == 0
    assert confidentiality(joined(0, None)) == 1


@pytest.mark.parametrize("label", [0, HIV, label_with(2, bit(Topic.VIP)), label_with(1, UNMAPPED)])
def test_what_is_written_as_tags_is_found_again(label: int) -> None:
    assert found_in(with_label({}, label)) == label


def test_what_has_no_tags_has_no_label() -> None:
    assert found_in({}) is None
    assert found_in({"security": [{"system": "urn:x", "code": "N"}]}) is None


def test_what_is_stated_counts_whoever_says_it() -> None:
    assert stated(tagged((CONFIDENTIALITY, "R"))) == label_with(1, 0)
    assert stated(tagged((CONFIDENTIALITY, "M"))) == 0
    assert stated(tagged((ACT, "HIV"))) == HIV
    assert topics(stated(tagged((ACT, "ETHUD")))) == (Topic.SUD,)
    assert confidentiality(stated(tagged((CONFIDENTIALITY, "TABOO")))) == 2


def test_a_confidentiality_no_topic_explains_is_assigned() -> None:
    assert asked(tagged((CONFIDENTIALITY, "R"))) == label_with(1, ASSIGNED)
    assert asked(tagged((ACT, "HIV"), (CONFIDENTIALITY, "R"))) == HIV
    assert asked(tagged((ACT, "HIV"), (CONFIDENTIALITY, "V"))) == label_with(
        2, bit(Topic.HIV) | ASSIGNED
    )


def test_tags_of_others_stay_and_those_that_say_less_go() -> None:
    own = {"system": "urn:x", "code": "SECRET"}
    shown = {"system": CONFIDENTIALITY, "code": "R", "display": "eingeschränkt"}
    low = {"system": CONFIDENTIALITY, "code": "N"}
    made = with_label({"profile": ["p"], "security": [own, low, shown]}, HIV)
    assert made["profile"] == ["p"]
    assert made["security"] == [own, shown, {"system": ACT, "code": "HIV"}]


def test_known_codes_lower_what_was_only_unknown() -> None:
    levels = tables().levels
    assert floor(label_with(1, UNMAPPED), levels) == 0
    assert floor(label_with(1, UNMAPPED | bit(Topic.HIV)), levels) == HIV
    assert floor(label_with(1, UNMAPPED | ASSIGNED), levels) == label_with(1, ASSIGNED)
    assert floor(label_with(1, UNMAPPED | bit(Topic.HBV)), levels) == label_with(0, bit(Topic.HBV))
