"""What an imaging study and its report say of themselves: UID, accession number, parts, texts."""

import base64
from collections.abc import Iterator
from typing import Any

from hie.fhir import Resource, extension
from hie.fhir.elements import find_extension

_FACTS = extension("study-facts")


def study_uid(study: Resource) -> str:
    """The StudyInstanceUID, without `urn:oid:`; "" for what is no study."""
    for one in study.get("identifier", ()):
        if one.get("system") == "urn:dicom:uid":
            return str(one.get("value", "")).removeprefix("urn:oid:")
    return ""


def accession(*told: Resource) -> str:
    """The first accession number that study or report states; "" for none."""
    for resource in told:
        for one in resource.get("identifier", ()):
            codings = one.get("type", {}).get("coding", ())
            if any(coding.get("code") == "ACSN" for coding in codings):
                return str(one.get("value", ""))
    return ""


def body_parts(*told: Resource) -> list[str]:
    """The body parts, of the first that states any."""
    for resource in told:
        found = [str(value) for name, value in _facts(resource) if name == "body-part"]
        if found:
            return found
    return []


def forms_text(report: Resource) -> str:
    """Plain text that came with the report; other forms are documents, not lines."""
    texts = [
        base64.b64decode(form["data"]).decode("utf-8", "replace")
        for form in report.get("presentedForm", ())
        if form.get("contentType", "").startswith("text/plain") and form.get("data")
    ]
    return "\n".join(texts)


def _facts(resource: Resource) -> Iterator[tuple[str, Any]]:
    found = find_extension(resource, _FACTS) or {}
    for one in found.get("extension", ()):
        for name, value in one.items():
            if name.startswith("value"):
                yield str(one.get("url", "")), value
