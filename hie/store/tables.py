"""The tables of resources; modules named `..._tables` beside this one have the rest.

`METADATA` is the schema of this version: a test compares it with what the migrations make.
Current versions lie in one table for each resource type, every key beginning with the home.
"""

from functools import cache

from sqlalchemy.dialects.postgresql.base import PGDialect, PGTypeCompiler
from sqlmodel import Index, PrimaryKeyConstraint, SQLModel

from hie.store import (
    access_tables,
    agreement_tables,
    card_tables,
    data_tables,
    duty_tables,
    glass_tables,
    imaging_tables,
    key_tables,
    launch_tables,
    message_tables,
    office_tables,
    person_tables,
    plain_tables,
    register_tables,
    token_tables,
)
from hie.store.columns import (
    ResourceColumns,
    count,
    data,
    instant,
    maybe,
    maybe_count,
    maybe_instant,
    number,
    text,
)


class Patient(ResourceColumns, table=True):
    """A site's patient; its id is the home of all that is theirs."""

    __tablename__ = "patient"
    __table_args__ = (
        Index("patient_id", "id"),
        Index("patient_updated", "updated_us"),
    )


class Observation(ResourceColumns, table=True):
    """One result. Systems are written short (`systems.short`); times are bounds (`instants`).

    There are more of them than of all else: the key begins with the id and is the index by id too,
    and what is asked of a home goes by home and item.
    """

    __tablename__ = "observation"
    __table_args__ = (
        PrimaryKeyConstraint("id", "home"),
        Index("observation_updated", "updated_us"),
        Index("observation_item", "home", "item", "effective_us"),
        Index("observation_local", "local_system", "local_code"),
    )
    home: str = text()
    id: str = text()
    code_system: str | None = maybe()
    code: str | None = maybe()
    local_system: str | None = maybe()
    local_code: str | None = maybe()
    item: str | None = maybe()
    category: str | None = maybe()
    effective_us: int | None = maybe_instant()
    effective_end_us: int | None = maybe_instant()
    issued_us: int | None = maybe_instant()
    report: str | None = maybe()
    codes: str | None = maybe()


class DiagnosticReport(ResourceColumns, table=True):
    """One report, found by its patient and when its specimen was taken."""

    __tablename__ = "diagnostic_report"
    __table_args__ = (
        Index("diagnostic_report_id", "id"),
        Index("diagnostic_report_updated", "updated_us"),
        Index("diagnostic_report_effective", "home", "effective_us"),
        Index("diagnostic_report_item", "home", "item", "effective_us"),
    )
    code_system: str | None = maybe()
    code: str | None = maybe()
    local_system: str | None = maybe()
    local_code: str | None = maybe()
    category: str | None = maybe()
    effective_us: int | None = maybe_instant()
    effective_end_us: int | None = maybe_instant()
    issued_us: int | None = maybe_instant()
    item: str | None = maybe()
    mapping: str | None = maybe()
    codes: str | None = maybe()


class ImagingStudy(ResourceColumns, table=True):
    """One imaging study; `klass` is its class (catalogue key), `modality` every one between spaces.

    The two hashes are how a search by identifier finds it: its UID, its accession number.
    """

    __tablename__ = "imaging_study"
    __table_args__ = (
        Index("imaging_study_id", "id"),
        Index("imaging_study_updated", "updated_us"),
        Index("imaging_study_class", "home", "klass", "effective_us"),
        Index("imaging_study_effective", "home", "effective_us"),
        Index("imaging_study_when", "effective_us", "id"),
        Index("imaging_study_uid", "uid_hash"),
        Index("imaging_study_accession", "accession_hash"),
    )
    klass: str | None = maybe()
    modality: str | None = maybe()
    effective_us: int | None = maybe_instant()
    effective_end_us: int | None = maybe_instant()
    uid_hash: str | None = maybe()
    accession_hash: str | None = maybe()
    accession_system: str | None = maybe()
    codes: str | None = maybe()


class Endpoint(ResourceColumns, table=True):
    """Where the images of a site are asked for: the hub's own DICOMweb door."""

    __tablename__ = "endpoint"
    __table_args__ = (
        Index("endpoint_id", "id"),
        Index("endpoint_updated", "updated_us"),
    )


class DocumentReference(ResourceColumns, table=True):
    """A document that belongs to a study: a structured report, an encapsulated one."""

    __tablename__ = "document_reference"
    __table_args__ = (
        Index("document_reference_id", "id"),
        Index("document_reference_updated", "updated_us"),
    )


class Specimen(ResourceColumns, table=True):
    """What was taken from the patient."""

    __tablename__ = "specimen"
    __table_args__ = (
        Index("specimen_id", "id"),
        Index("specimen_updated", "updated_us"),
    )


class ServiceRequest(ResourceColumns, table=True):
    """The order behind a report."""

    __tablename__ = "service_request"
    __table_args__ = (
        Index("service_request_id", "id"),
        Index("service_request_updated", "updated_us"),
    )


class Provenance(ResourceColumns, table=True):
    """Where the resources of one message came from."""

    __tablename__ = "provenance"
    __table_args__ = (
        Index("provenance_id", "id"),
        Index("provenance_updated", "updated_us"),
    )


class Organization(ResourceColumns, table=True):
    """An institution as senders name it."""

    __tablename__ = "organization"
    __table_args__ = (
        Index("organization_id", "id"),
        Index("organization_updated", "updated_us"),
    )


class Practitioner(ResourceColumns, table=True):
    """A member of staff as a site names them."""

    __tablename__ = "practitioner"
    __table_args__ = (
        Index("practitioner_id", "id"),
        Index("practitioner_updated", "updated_us"),
    )


class PractitionerRole(ResourceColumns, table=True):
    """A member of staff in a department."""

    __tablename__ = "practitioner_role"
    __table_args__ = (
        Index("practitioner_role_id", "id"),
        Index("practitioner_role_updated", "updated_us"),
    )


class Device(ResourceColumns, table=True):
    """An analyser, or a sending application."""

    __tablename__ = "device"
    __table_args__ = (
        Index("device_id", "id"),
        Index("device_updated", "updated_us"),
    )


class ResourceHistory(SQLModel, table=True):
    """Versions that are no longer current, and those that came late and never were."""

    __tablename__ = "resource_history"
    __table_args__ = (
        Index("resource_history_id", "id"),
        Index("resource_history_updated", "type", "updated_us"),
    )
    home: str = text(primary_key=True)
    type: str = text(primary_key=True)
    id: str = text(primary_key=True)
    version: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    updated_us: int = instant()
    message: str | None = maybe()
    deleted: bool
    dictionary: int = number(sa_column_kwargs={"name": "dict"})
    body: bytes = data()
    label: int | None = maybe_count()


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


class ResourceIdentifier(SQLModel, table=True):
    """An identifier a resource is found by (`resource_identifiers`): type and value, hashed."""

    __tablename__ = "resource_identifier"
    __table_args__ = {"sqlite_with_rowid": False}
    hash: str = text(primary_key=True)
    home: str = text(primary_key=True)
    id: str = text(primary_key=True)


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
    "ImagingStudy": "imaging_study",
    "Endpoint": "endpoint",
    "DocumentReference": "document_reference",
    **plain_tables.TABLES,
}
HOMELESS = plain_tables.HOMELESS | {
    "Organization", "Practitioner", "PractitionerRole", "Device", "Endpoint",
}  # fmt: skip
METADATA = SQLModel.metadata


@cache
def types_of(table: str) -> dict[str, str]:
    """The type of each column as PostgreSQL calls it; nothing for a table that is none of these."""
    if table not in METADATA.tables:
        return {}
    types = PGTypeCompiler(PGDialect())  # type: ignore[no-untyped-call]
    return {
        column.name: types.process(column.type).partition(" COLLATE")[0]
        for column in METADATA.tables[table].columns
    }


__all__ = [
    "HOMELESS",
    "METADATA",
    "TABLES",
    "access_tables",
    "agreement_tables",
    "card_tables",
    "data_tables",
    "duty_tables",
    "glass_tables",
    "imaging_tables",
    "key_tables",
    "launch_tables",
    "message_tables",
    "office_tables",
    "person_tables",
    "plain_tables",
    "register_tables",
    "token_tables",
    "types_of",
]
