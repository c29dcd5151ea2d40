"""Each form becomes the Consent it says, with the words that were signed."""

from base64 import b64decode
from hashlib import sha1, sha256

import pytest

from hie.consent.forms import Filled, consent, form_of, forms
from hie.consent.reading import read
from hie.errors import UnprocessableRequest
from hie.fhir.profile import check
from tests.unit.consent.consents import KNOWN, NOW, RESULT, A, B, C, asked
from tests.unit.consent.test_compiling import HIV

AT = "2026-06-01T09:00:00+08:00"
FILLED = {
    "share": Filled("share"),
    "share-some": Filled("share-some", (A, B)),
    "opt-out": Filled("opt-out"),
    "deny-some": Filled("deny-some", (C,)),
    "deny-topics": Filled("deny-topics", topics=("HIV", "PSY", "HBV")),
    "emergency": Filled("emergency"),
}


@pytest.mark.parametrize("key", list(forms()))
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("guardian", ["", "母亲"])
def test_every_form_is_a_sound_consent_that_is_held_to(key: str, lang: str, guardian: str) -> None:
    one = FILLED[key]
    filled = Filled(
        one.form, one.institutions, one.topics, guardian=guardian, until="2026-12-31", lang=lang
    )
    tree = consent(filled, "p5", A, AT)
    assert check({**tree, "id": "x"}) == []
    directive = read({**tree, "id": "x"}, KNOWN, NOW)
    assert directive.faults == ()
    assert directive.by_guardian is bool(guardian)
    assert form_of(tree) == (key, forms()[key].version)
    words = forms()[key].texts[lang].encode()
    assert b64decode(tree["sourceAttachment"]["data"]) == words
    assert b64decode(tree["sourceAttachment"]["hash"]) == sha1(words).digest()  # noqa: S324
    assert tree["extension"][0]["valueString"] == sha256(words).hexdigest()


def made(filled: Filled, at: str = AT) -> dict[str, object]:
    return consent(filled, "p5", A, at)


def test_what_each_form_decides() -> None:
    assert asked(made(FILLED["share"])) is True
    assert asked(made(FILLED["share-some"]), by=B) is True
    assert asked(made(FILLED["share-some"]), by=C) is False
    assert asked(made(FILLED["opt-out"])) is False
    assert asked(made(FILLED["opt-out"]), purpose="BTG") is None
    assert asked(made(FILLED["deny-some"]), by=C) is False
    assert asked(made(FILLED["deny-some"]), by=B) is None
    assert asked(made(FILLED["deny-topics"]), record=HIV) is False
    assert asked(made(FILLED["deny-topics"]), record=RESULT) is None
    assert asked(made(FILLED["emergency"]), purpose="ETREAT") is True
    assert asked(made(FILLED["emergency"]), purpose="TREAT") is None


def test_a_denial_may_hold_in_an_emergency_too() -> None:
    assert asked(made(Filled("opt-out", emergency=True)), purpose="BTG") is False
    assert asked(made(Filled("opt-out", emergency=True)), purpose="PUBHLTH") is False


def test_a_form_for_emergencies_lifts_a_denial_there_alone() -> None:
    denied = made(Filled("opt-out", emergency=True))
    lifted = made(FILLED["emergency"], "2026-06-02T09:00:00+08:00")
    assert asked(denied, lifted, purpose="BTG") is True
    assert asked(denied, lifted, purpose="TREAT") is False


@pytest.mark.parametrize(
    ("filled", "path"),
    [
        (Filled("none"), "form"),
        (Filled("deny-some"), "institutions"),
        (Filled("share", (A,)), "institutions"),
        (Filled("deny-topics"), "topics"),
        (Filled("deny-topics", topics=("X",)), "topics"),
        (Filled("share", emergency=True), "emergency"),
        (Filled("share", lang="fr"), "lang"),
    ],
)
def test_what_is_missing_or_does_not_belong_is_named(filled: Filled, path: str) -> None:
    with pytest.raises(UnprocessableRequest) as refused:
        consent(filled, "p5", A, AT)
    assert path in {one.path for one in refused.value.faults}
