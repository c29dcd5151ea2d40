"""Topics and levels mean the same in a Consent and in a label."""

from hie.access.labels.label import Topic, bit, confidentiality, label_with, mask
from hie.consent.words import LEVELS, TOPICS_MASK, UNMAPPED, topic, topic_coding, topics


def test_every_topic_has_the_bit_it_has_in_a_label() -> None:
    assert topics() == {name: bit(Topic(name)) for name in topics()}
    assert bit(Topic("UNMAPPED")) == UNMAPPED
    assert set(topics()) == {one.value for one in Topic if bit(one) < UNMAPPED}


def test_a_label_is_read_as_the_rules_read_it() -> None:
    for level in LEVELS.values():
        label = label_with(level, bit(Topic("HIV")) | UNMAPPED)
        assert (label & 3, label >> 2 & TOPICS_MASK) == (confidentiality(label), mask(label))


def test_every_topic_is_found_by_its_own_coding() -> None:
    for name, its in topics().items():
        coding = topic_coding(name)
        assert coding is not None
        assert topic(coding["system"], coding["code"]) == its
    assert topic_coding("NOTHING") is None
    assert topic("urn:x", "HIV") is None
