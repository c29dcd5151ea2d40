"""Codes without a column: written to one text, and found in it whole."""

from hypothesis import given
from hypothesis import strategies as st

from hie.store import index
from hie.store.other_codes import Place, entry, mark, written

texts = st.text(st.sampled_from("ab|\x1e\x1f!cgm "), max_size=4)
others = st.lists(st.tuples(st.sampled_from(Place), texts, texts), max_size=5)


def _plain(text: str) -> str:
    return text.replace("\x1e", "").replace("\x1f", "")


@given(others, st.tuples(st.sampled_from(Place), texts, texts))
def test_just_the_codes_that_were_written_are_found(
    known: list[tuple[Place, str, str]], asked: tuple[Place, str, str]
) -> None:
    text = written(known) or ""
    place, system, code = asked[0], _plain(asked[1]), _plain(asked[2])
    plain = {(one[0], _plain(one[1]), _plain(one[2])) for one in known}
    assert (entry(place, system, code) in text) is ((place, system, code) in plain)
    assert (entry(place, None, code) in text) is any(
        (one[0], one[2]) == (place, code) for one in plain
    )
    assert (entry(place, system, None) in text) is any(one[:2] == (place, system) for one in plain)


def test_a_column_of_another_system_is_marked() -> None:
    text = written([(Place.CATEGORY, "a", "b")], [Place.CATEGORY])
    assert text is not None
    assert mark(Place.CATEGORY) in text
    assert mark(Place.CODE) not in text
    assert written([]) is None


def test_an_ordinary_result_has_no_text() -> None:
    laboratory = {
        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
        "code": "laboratory",
    }
    tree = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": "http://loinc.org", "code": "1-8"}, {"code": "K"}]},
        "category": [{"coding": [laboratory]}],
    }
    assert index.values("Observation", tree)[-1] is None
    tree["code"]["coding"].append({"system": "urn:x", "code": "K2"})  # type: ignore[index]
    assert index.values("Observation", tree)[-1] is not None
