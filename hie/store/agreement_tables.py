"""The tables of agreements: what institutions may, whence systems call, what a patient opens."""

from sqlmodel import Index, SQLModel

from hie.store.columns import instant, maybe, maybe_instant, number, text


class AgreementRow(SQLModel, table=True):
    """What an institution has agreed on with the region; null is everything.

    `scopes` and `purposes` are words between spaces.
    """

    __tablename__ = "agreement"
    institution: str = text(primary_key=True)
    scopes: str | None = maybe()
    purposes: str | None = maybe()
    declares: bool
    people_declare: bool
    encounter: bool
    clearance: int = number()
    updated_us: int = instant()


class ClientNetwork(SQLModel, table=True):
    """A network a client calls from; one without any may call from anywhere."""

    __tablename__ = "client_network"
    __table_args__ = {"sqlite_with_rowid": False}
    client: str = text(primary_key=True)
    network: str = text(primary_key=True)


class PatientCode(SQLModel, table=True):
    """A code a patient shows to open their record for a while, by its hash; used once."""

    __tablename__ = "patient_code"
    __table_args__ = (Index("patient_code_ends", "ends_us"), {"sqlite_with_rowid": False})
    hash: str = text(primary_key=True)
    home: str = text()
    client: str = text()
    ends_us: int = instant()
    used_us: int | None = maybe_instant()
    used_by: str | None = maybe()


class RelationReview(SQLModel, table=True):
    """A declared relation that a person is to look at: a sample of them."""

    __tablename__ = "relation_review"
    __table_args__ = (Index("relation_review_state", "state", "at_us"),)
    id: str = text(primary_key=True)
    check: str = text(sa_column_kwargs={"name": "check_id"})
    institution: str = text()
    client: str = text()
    at_us: int = instant()
    state: str = text()
    closed_us: int | None = maybe_instant()
    closed_by: str | None = maybe()
    outcome: str | None = maybe()
