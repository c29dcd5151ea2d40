"""The tables of patients' data and messages; `register_tables` and `office_tables` have the rest.

`METADATA` is the schema of this version: a test compares it with what the migrations make.
Current versions lie in one table for each resource type, every key beginning with the home.
"""

from sqlmodel import Index, SQLModel

from hie.store import office_tables, register_tables
from hie.store.columns import (
    ResourceColumns,
    count,
    data,
    instant,
    maybe,
    maybe_data,
    maybe_instant,
    number,
    text,
)


class Patient(ResourceColumns, table=True):
    """A site's patient; its id is the home of all that is theirs."""

    __tablename__ = "patient"
    __table_args__ = (Index("patient_id", "id"),)


class Observation(ResourceColumns, table=True):
    """One result. Systems are written short (`systems.short`); times are bounds (`instants`)."""

    __tablename__ = "observation"
    __table_args__ = (
        Index("observation_id", "id"),
        Index("observation_item", "home", "item", "effective_us"),
        Index("observation_effective", "home", "effective_us"),
        Index("observation_local", "local_system", "local_code"),
    )
    code_system: str | None = maybe()
    code: str | None = maybe()
    local_system: str | None = maybe()
    local_code: str | None = maybe()
    item: str | None = maybe()
    mapping: str | None = maybe()
    category: str | None = maybe()
    effective_us: int | None = maybe_instant()
    effective_end_us: int | None = maybe_instant()
    issued_us: int | None = maybe_instant()
    report: str | None = maybe()


class DiagnosticReport(ResourceColumns, table=True):
    """One report, found by its patient and when its specimen was taken."""

    __tablename__ = "diagnostic_report"
    __table_args__ = (
        Index("diagnostic_report_id", "id"),
        Index("diagnostic_report_effective", "home", "effective_us"),
    )
    code_system: str | None = maybe()
    code: str | None = maybe()
    local_system: str | None = maybe()
    local_code: str | None = maybe()
    category: str | None = maybe()
    effective_us: int | None = maybe_instant()
    effective_end_us: int | None = maybe_instant()
    issued_us: int | None = maybe_instant()


class Specimen(ResourceColumns, table=True):
    """What was taken from the patient."""

    __tablename__ = "specimen"
    __table_args__ = (Index("specimen_id", "id"),)


class ServiceRequest(ResourceColumns, table=True):
    """The order behind a report."""

    __tablename__ = "service_request"
    __table_args__ = (Index("service_request_id", "id"),)


class Provenance(ResourceColumns, table=True):
    """Where the resources of one message came from."""

    __tablename__ = "provenance"
    __table_args__ = (Index("provenance_id", "id"),)


class Organization(ResourceColumns, table=True):
    """An institution as senders name it."""

    __tablename__ = "organization"
    __table_args__ = (Index("organization_id", "id"),)


class Practitioner(ResourceColumns, table=True):
    """A member of staff as a site names them."""

    __tablename__ = "practitioner"
    __table_args__ = (Index("practitioner_id", "id"),)


class PractitionerRole(ResourceColumns, table=True):
    """A member of staff in a department."""

    __tablename__ = "practitioner_role"
    __table_args__ = (Index("practitioner_role_id", "id"),)


class Device(ResourceColumns, table=True):
    """An analyser, or a sending application."""

    __tablename__ = "device"
    __table_args__ = (Index("device_id", "id"),)


class ResourceHistory(SQLModel, table=True):
    """Versions that are no longer current, and those that came late and never were."""

    __tablename__ = "resource_history"
    __table_args__ = (Index("resource_history_id", "id"),)
    home: str = text(primary_key=True)
    type: str = text(primary_key=True)
    id: str = text(primary_key=True)
    version: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    updated_us: int = instant()
    message: str | None = maybe()
    deleted: bool
    dictionary: int = number(sa_column_kwargs={"name": "dict"})
    body: bytes = data()


class BusinessKey(SQLModel, table=True):
    """A business identifier taken for one resource or message, in the transaction that made it.

    `key` is 128 bits of the keyed hash of owner, type, system and value together: uniqueness is
    all it is for, and one short column costs a third of four long ones.
    """

    __tablename__ = "business_key"
    __table_args__ = {"sqlite_with_rowid": False}
    key: str = text(primary_key=True)
    type: str = text()
    id: str = text()


class Identifier(SQLModel, table=True):
    """A Patient's identifiers by keyed hash: `kind` is the resource type, `type` the hub's own."""

    __tablename__ = "identifier"
    __table_args__ = (
        Index("identifier_type", "type", "hash"),
        Index("identifier_value", "kind", "hash"),
        {"sqlite_with_rowid": False},
    )
    home: str = text(primary_key=True)
    kind: str = text(primary_key=True)
    system: str = text(primary_key=True)
    hash: str = text(primary_key=True)
    type: str = text()
    usable: bool


class Message(SQLModel, table=True):
    """A message as received; `body` is compressed, then sealed. States: `messages.State`."""

    __tablename__ = "message"
    __table_args__ = (
        Index("message_state", "state", "received_us", "id"),
        Index("message_site", "site", "received_us", "id"),
        Index("message_received", "received_us", "id"),
    )
    id: str = text(primary_key=True)
    site: str = text()
    channel: str = text()
    native_id: str | None = maybe()
    content_hash: str = text()
    media: str = text()
    size: int = count()
    received_us: int = instant()
    state: str = text()
    stage: str = text()
    attempts: int = count()
    sent_us: int | None = maybe_instant()
    kind: str | None = maybe()
    meta: str = text()
    replay_of: str | None = maybe()
    dropped_reason: str | None = maybe()
    updated_us: int = instant()
    body: bytes = data()


class MessageIssue(SQLModel, table=True):
    """One finding about a message; `found` is sealed: it may be a patient's data."""

    __tablename__ = "message_issue"
    __table_args__ = (Index("message_issue_code", "code"),)
    message: str = text(primary_key=True)
    n: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    stage: str = text()
    code: str = text()
    severity: str = text()
    path: str = text()
    expected: str = text()
    found: bytes | None = maybe_data()


class MessageRecord(SQLModel, table=True):
    """What a message produced, "type/id/version" a line, compressed: one row, not thirty."""

    __tablename__ = "message_record"
    message: str = text(primary_key=True)
    records: bytes = data()


class PersonHome(SQLModel, table=True):
    """A person is a set of homes; a home belongs to one person at a time."""

    __tablename__ = "person_home"
    __table_args__ = (Index("person_home_person", "person"),)
    home: str = text(primary_key=True)
    person: str = text()


class Link(SQLModel, table=True):
    """Two persons became one: `homes` are those that changed, `was` whose they were before."""

    __tablename__ = "link"
    id: str = text(primary_key=True)
    person: str = text()
    was: str = text()
    homes: str = text()
    reason: str = text()
    score: str | None = maybe()
    author: str = text()
    at_us: int = instant()
    undone_us: int | None = maybe_instant()
    undone_by: str | None = maybe()


class IdentityTask(SQLModel, table=True):
    """What waits for a person's decision: may two Patients be one, has one number two people."""

    __tablename__ = "identity_task"
    __table_args__ = (Index("identity_task_state", "state", "at_us"),)
    id: str = text(primary_key=True)
    key: str = text(unique=True)
    kind: str = text()
    homes: str = text()
    reason: str = text()
    state: str = text()
    at_us: int = instant()
    closed_us: int | None = maybe_instant()
    closed_by: str | None = maybe()
    outcome: str | None = maybe()


class Hub(SQLModel, table=True):
    """Facts about this database, e.g. the fingerprint of the keys it was made with."""

    __tablename__ = "hub"
    name: str = text(primary_key=True)
    value: str = text()


class ZstdDictionary(SQLModel, table=True):
    """The dictionaries bodies were compressed with; never changed, never deleted."""

    __tablename__ = "zstd_dictionary"
    number: int = number(primary_key=True, sa_column_kwargs={"autoincrement": False})
    data: bytes = data()


TABLES: dict[str, str] = {
    "Patient": "patient",
    "Observation": "observation",
    "DiagnosticReport": "diagnostic_report",
    "Specimen": "specimen",
    "ServiceRequest": "service_request",
    "Provenance": "provenance",
    "Organization": "organization",
    "Practitioner": "practitioner",
    "PractitionerRole": "practitioner_role",
    "Device": "device",
}
HOMELESS = frozenset({"Organization", "Practitioner", "PractitionerRole", "Device"})
METADATA = SQLModel.metadata

__all__ = ["HOMELESS", "METADATA", "TABLES", "office_tables", "register_tables"]
