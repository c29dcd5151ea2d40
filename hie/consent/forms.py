"""The forms a region has patients sign (`schemas/consent/forms.yaml`), and the Consent of each.

The words that were signed are in the Consent, with their hash: a later version of a form changes
nothing that was agreed to.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1, sha256
from typing import Any

from hie.access.implicit import Implicit
from hie.access.pcf import implicit_policy
from hie.consent.tree import nodes
from hie.consent.words import ACT_REASON, PARTICIPATION, every_purpose, topic_coding
from hie.errors import Fault, UnprocessableRequest
from hie.fhir import CANONICAL, INSTITUTION, Resource, extension
from hie.schemas import read_yaml

FORM = f"{CANONICAL}/sid/consent-form"
_SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"


@dataclass(frozen=True, slots=True)
class Form:
    """One form: its key, titles by language, what is chosen on it, its words that are in force."""

    key: str
    titles: Mapping[str, str]
    permits: bool
    purposes: tuple[str, ...]
    asks: frozenset[str]
    version: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in. `guardian`: how who signed is related, "" for the patient.

    `emergency`: a denial that holds in an emergency too. `until`: the last day, ISO, or "".
    """

    form: str
    institutions: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    emergency: bool = False
    guardian: str = ""
    until: str = ""
    lang: str = "zh"


@cache
def forms() -> Mapping[str, Form]:
    """All forms, in the order of the file."""
    return {
        key: Form(
            key,
            one["title"],
            one["type"] == "permit",
            tuple(one.get("purpose", ())),
            frozenset(one["asks"]),
            one["texts"][-1]["version"],
            {lang: one["texts"][-1][lang] for lang in ("zh", "en")},
        )
        for key, one in read_yaml("consent", "forms.yaml").items()
    }


def consent(filled: Filled, patient: str, institution: str, at: str) -> Resource:
    """The Consent of a filled form, recorded by an institution at an instant (RFC 3339).

    Raises UnprocessableRequest naming each thing that is missing or does not belong.
    """
    form = forms().get(filled.form)
    if form is None:
        fault = Fault("form", "unknown-form", ", ".join(forms()))
        raise UnprocessableRequest("no such form", (fault,))
    faults = list(_faults(form, filled))
    if faults:
        raise UnprocessableRequest("the form is not filled in", tuple(faults))
    text = form.texts[filled.lang].encode()
    signed: dict[str, Any] = {"reference": f"Patient/{patient}"}
    contained: list[Resource] = []
    if filled.guardian:
        contained.append(
            {
                "resourceType": "RelatedPerson",
                "id": "guardian",
                "patient": {"reference": f"Patient/{patient}"},
                "relationship": [{"text": filled.guardian}],
            }
        )
        signed = {"reference": "#guardian"}
    return {
        "resourceType": "Consent",
        **({"contained": contained} if contained else {}),
        "extension": [
            {"url": extension("text-sha256"), "valueString": sha256(text).hexdigest()}
        ],
        "status": "active",
        "scope": {"coding": [{"system": _SCOPES, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": at,
        "performer": [signed],
        "organization": [{"identifier": {"system": INSTITUTION, "value": institution}}],
        "sourceAttachment": {
            "contentType": "text/plain; charset=utf-8",
            "language": "zh-CN" if filled.lang == "zh" else "en",
            "data": b64encode(text).decode("ascii"),
            "hash": b64encode(sha1(text, usedforsecurity=False).digest()).decode("ascii"),
            "title": form.titles[filled.lang],
        },
        "policy": [{"uri": f"{FORM}/{form.key}/{form.version}"}],
        "provision": _provision(form, filled),
    }  # fmt: skip


def form_of(tree: Resource) -> tuple[str, str] | None:
    """Key and version of the form a Consent was signed on; None for one of another kind."""
    for one in tree.get("policy", ()):
        parts = str(one.get("uri", "")).removeprefix(f"{FORM}/").split("/")
        if len(parts) == 2 and parts[0] in forms():
            return parts[0], parts[1]
    return None


def policies_of(tree: Resource) -> tuple[str, ...]:
    """The policies a Consent names that are the region's forms or PCF's own; no other address.

    What a system writes there may say whom it is about.
    """
    said = dict.fromkeys(str(one.get("uri", "")) for one in nodes(tree, "policy"))
    return tuple(one for one in said if one in _policies())


@cache
def _policies() -> frozenset[str]:
    """The addresses of every version of every form, and of the overarching policies of PCF."""
    table = read_yaml("consent", "forms.yaml")
    signed = (f"{FORM}/{key}/{one['version']}" for key in table for one in table[key]["texts"])
    return frozenset([*signed, *map(implicit_policy, Implicit)])


def _provision(form: Form, filled: Filled) -> Resource:
    purposes: Sequence[str] = form.purposes
    if filled.emergency and not form.permits:
        purposes = every_purpose()
    recipient = {"coding": [{"system": PARTICIPATION, "code": "IRCP"}]}
    actors = [
        {"role": recipient, "reference": {"identifier": {"system": INSTITUTION, "value": code}}}
        for code in filled.institutions
    ]
    labels = [topic_coding(one) for one in filled.topics]
    named = [{"system": ACT_REASON, "code": one} for one in purposes]
    return {
        "type": "permit" if form.permits else "deny",
        **({"period": {"end": filled.until}} if filled.until else {}),
        **({"actor": actors} if actors else {}),
        **({"securityLabel": labels} if labels else {}),
        **({"purpose": named} if named else {}),
    }


def _faults(form: Form, filled: Filled) -> list[Fault]:
    found = []
    for name, given in (("institutions", filled.institutions), ("topics", filled.topics)):
        if given and name not in form.asks:
            found.append(Fault(name, "not-asked", "nothing: this form does not ask it"))
    if "institutions" in form.asks and "topics" not in form.asks and not filled.institutions:
        found.append(Fault("institutions", "required", "one or more institutions"))
    if "topics" in form.asks and not filled.topics:
        found.append(Fault("topics", "required", "one or more topics"))
    if filled.emergency and "emergency" not in form.asks:
        found.append(Fault("emergency", "not-asked", "nothing: this form does not ask it"))
    for one in filled.topics:
        if topic_coding(one) is None:
            found.append(Fault("topics", "unknown-topic", "a topic of schemas/labels"))
    if filled.lang not in form.texts:
        found.append(Fault("lang", "unknown-language", "zh or en"))
    return found
