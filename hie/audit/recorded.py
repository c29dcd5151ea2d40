"""One event as it stands in the audit log, seen with one of the patients it concerned.

An event that concerned three patients is seen three times, each with one of them, so that what is
shown of one patient never names another (IHE BALP: one AuditEvent for each patient).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row of `audit_access` and the row of `audit_subject` it is seen with, if it has any.

    `n` is the patient's place among the event's, None without any. `query` is the raw request, None
    while it is sealed; `asked` is what it asked without any value. `place` is the event's number in
    its process `boot`.
    """

    access: str
    n: int | None
    at_us: int
    boot: str
    place: int
    type: str
    action: str
    outcome: str
    kind: str
    client: str
    subject: str
    role: str | None
    institution: str
    purpose: str
    token: str | None
    network: str | None
    request: str | None
    reason: str | None
    policy: str | None
    detail: str | None
    home: str | None = None
    person: str | None = None
    resources: tuple[str, ...] = ()
    query: bytes | None = None
    asked: str | None = None

    @property
    def id(self) -> str:
        """The id of the AuditEvent: the event's, and the patient's place in it from 1 on."""
        return self.access if self.n is None else f"{self.access}-{self.n + 1}"


def places_of(key: str) -> tuple[str, int | None] | None:
    """The event and the place that an id names; None when it is none of ours."""
    access, dash, number = key.partition("-")
    if not dash:
        return access, None
    if not (number.isascii() and number.isdigit() and len(number) <= 6 and number[0] != "0"):
        return None
    return access, int(number) - 1
