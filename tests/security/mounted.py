"""Every address the application has, filled so that it can be called; read from its own router."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute, Mount, Route

from tests.security.asked import (
    cds_call,
    consent_tree,
    decision,
    observation_tree,
    order_check,
    patient_tree,
)
from tests.security.callers import BASE, Caller, Filled

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
TYPES = ("Patient", "Observation", "Consent")  # in place of {type}: what is held of people
_SYSTEM = ("/v1", "/intake", "/dicom-web", "/cds-services")
_FHIR_JSON = {"Content-Type": "application/fhir+json"}
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True)
class Address:
    """A path of the router as it is written, one way to fill its type, and its methods."""

    path: str
    methods: frozenset[str]

    @property
    def is_fhir(self) -> bool:
        """Whether the FHIR door serves it."""
        return self.path.startswith("/fhir") and "/.well-known" not in self.path


def routes_of(app: Any) -> Sequence[BaseRoute]:
    """The routes of the application inside its middleware."""
    while hasattr(app, "_app"):
        app = app._app
    return list(app.router.routes)


def addresses(routes: Sequence[BaseRoute]) -> list[Address]:
    """All of them, each path once, `{type}` filled; raises TypeError at a kind that is not known."""
    found: dict[str, frozenset[str]] = {}
    for path, methods in _flat(routes, ""):
        for name in TYPES if "{type}" in path else ("",):
            filled = path.replace("{type}", name)
            found[filled] = found.get(filled, frozenset()) | methods
    return [Address(path, methods) for path, methods in sorted(found.items())]


def _flat(routes: Sequence[BaseRoute], prefix: str) -> Iterator[tuple[str, frozenset[str]]]:
    for route in routes:
        if isinstance(route, Mount):
            below = list(route.routes)
            yield from _flat(below, prefix + route.path)
            if not below:
                yield f"{prefix}{route.path}/{{path}}", frozenset({"GET", "HEAD"})
        elif isinstance(route, Route):
            yield prefix + route.path, frozenset(route.methods or METHODS)
        else:
            raise TypeError(f"{route!r}: a kind of route whose methods are not known here")


def filled_path(address: Address, method: str, known: dict[str, str]) -> str:
    """The path to call: what is read or changed is there, what is deleted is not."""

    def fill(match: re.Match[str]) -> str:
        if method == "DELETE":
            return "absent"
        name = match[1]
        return known.get(_kind(address.path, name, match.start()), _WORDS.get(name, "x"))

    path = _PARAMETER.sub(fill, address.path)
    return path + _QUERY.get(address.path, "") if method in {"GET", "HEAD"} else path


_WORDS = {
    "form": "json",
    "frames": "1",
    "site": "bj-lis",
    "vid": "1",
    "operation": "absent",
    "path": "absent",
}
# What a read must say to be answered at all.
_QUERY = {
    "/fhir/Observation/$lastn": "?patient=@Patient",
    "/fhir/Observation": "?patient=@Patient",
    "/fhir/Consent": "?patient=@Patient",
    "/v1/indicators": "?from=2026-01-01&to=2026-01-02",
}


def _kind(path: str, name: str, place: int) -> str:
    """Which known id stands at a parameter: by its name, or by the word before it."""
    if name == "patient":
        return "Patient"
    words = path[:place].rstrip("/").rsplit("/", 1)
    return {"patients": "Patient", "checks": "check", "decisions": "decision"}.get(
        words[-1], {"assessments": "assessment"}.get(words[-1], words[-1])
    )


def request_of(address: Address, method: str, caller: Caller, found: Filled) -> dict[str, Any]:
    """The arguments of one sound request, as far as one can be made of the address alone."""
    path = filled_path(address, method, found.known).replace("@Patient", found.known["Patient"])
    sent: dict[str, Any] = {"method": method, "url": path}
    if method in {"GET", "HEAD", "OPTIONS", "TRACE"}:
        return sent
    if not address.is_fhir and not address.path.startswith(_SYSTEM):
        return sent | {"data": {"csrf": caller.csrf or "x"}, "headers": {"Origin": BASE}}
    return sent | _body(address, method, found)


def _body(address: Address, method: str, found: Filled) -> dict[str, Any]:
    about = {"reference": f"Patient/{found.known['Patient']}"}
    path, kind = address.path, f"{address.path}/".split("/")[2] if address.is_fhir else ""
    if path == "/v1/order-check":
        return {"json": order_check(found)}
    if path == "/v1/decisions":
        return {"json": decision(found.known["check"])}
    if path == "/v1/break-glass":
        return {
            "json": {"patient": about, "reason": "unconscious", "text": "不省人事，需要既往结果"}
        }
    if path == "/cds-services/{id}":
        return {"json": cds_call(found)}
    if path.startswith("/cds-services"):
        return {"json": {"feedback": []}}
    if path.startswith("/v1"):
        return {"json": {}}
    if path.startswith("/intake"):
        return {"content": b"MSH|^~\\&|A|B|C|D|20260601||ORU^R01|1|P|2.5.1\r"}
    if path.startswith("/dicom-web"):
        return {"content": b"", "headers": {"Content-Type": "application/dicom"}}
    if path.endswith("_search"):
        form = (
            {}
            if kind == "AuditEvent" or "/Patient/" in path
            else {"patient": found.known["Patient"]}
        )
        return {"data": {} if kind == "Patient" else form}
    if method == "PATCH":
        patch = b'[{"op":"add","path":"/language","value":"zh"}]'
        return {"content": patch, "headers": {"Content-Type": "application/json-patch+json"}}
    return {"json": _tree(path, kind, about, found.known), "headers": _FHIR_JSON}


def _tree(path: str, kind: str, about: dict[str, str], known: dict[str, str]) -> dict[str, Any]:
    """A resource that may be sent there."""
    if path in {"/fhir", "/fhir/"}:
        asked = {
            "request": {"method": "POST", "url": "Observation"},
            "resource": observation_tree(about),
        }
        return {"resourceType": "Bundle", "type": "transaction", "entry": [asked]}
    if "$" in path and not path.endswith("$validate"):
        meta = {"name": "meta", "valueMeta": {"tag": [{"system": "urn:x", "code": "x"}]}}
        return {"resourceType": "Parameters", "parameter": [meta] if "$meta-" in path else []}
    trees: dict[str, dict[str, Any]] = {
        "Patient": patient_tree(),
        "Observation": observation_tree(about),
        "Consent": consent_tree(about),
    }
    tree = trees.get(kind, {"resourceType": kind})
    return {**tree, "id": known.get(kind, "absent")} if path.endswith("{id}") else tree
