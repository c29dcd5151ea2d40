"""One hospital's client that writes by FHIR about a patient of its; people are invented."""

from typing import Any

from hie.access.labels import Topic
from hie.fhir.wire import write
from tests.integration.fhir.support import hub_of_writer
from tests.integration.labels.support import Found, label_of, rows

LOINC = "http://loinc.org"
LEVEL = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
HIV: Found = ("R", {Topic.HIV})
NORMAL: Found = ("N", set())


class Desk:
    """One hospital's client, and a patient of its."""

    def __init__(self, opened: Any, patient: str = "") -> None:
        self.hub, self.client = opened
        self.headers = {"Content-Type": "application/fhir+json"}
        self.patient = patient

    async def asked(self, method: str, path: str, tree: Any = None, **headers: str) -> Any:
        """The answer of the FHIR door."""
        content = None if tree is None else write(tree)
        headers = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await self.client.request(method, f"/fhir/{path}", content=content, headers=headers)

    async def made(self, tree: dict[str, Any]) -> dict[str, Any]:
        """A resource that was created, as it was answered."""
        answer = await self.asked("POST", tree["resourceType"], tree)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def label(self, tree: dict[str, Any]) -> Found:
        """The label of a resource as it stands."""
        found = await rows(self.hub, tree["resourceType"])
        return label_of(next(one for one in found if one.id == tree["id"]))

    async def refusals(self) -> list[str]:
        """The reasons of the refusals in the log that are about labels."""
        async with self.hub.db.reading() as reader:
            found = await reader.fetch(
                "SELECT outcome FROM audit_access WHERE type = 'refused' AND reason = 'label'"
            )
        return [row[0] for row in found]

    def observation(self, code: str = "2823-3", **more: Any) -> dict[str, Any]:
        """A result of the patient."""
        return {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": LOINC, "code": code}]},
            "subject": {"reference": f"Patient/{self.patient}"},
            **more,
        }

    def report(self, *results: dict[str, Any], name: str = "生化", **more: Any) -> dict[str, Any]:
        """A report over these results."""
        return {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": name},
            "subject": {"reference": f"Patient/{self.patient}"},
            **(
                {"result": [{"reference": f"Observation/{one['id']}"} for one in results]}
                if results
                else {}
            ),
            **more,
        }


def tagged(*codes: str) -> dict[str, Any]:
    return {"security": [{"system": LEVEL if len(c) == 1 else ACT, "code": c} for c in codes]}


def hub_with_desk(place: Any, tmp_path: Any, *more: str) -> Any:
    return hub_of_writer(place, tmp_path, *more)


async def desk_of(opened: Any) -> Desk:
    desk = Desk(opened)
    desk.patient = (await desk.made({"resourceType": "Patient", "name": [{"text": "示例"}]}))["id"]
    return desk
