"""The tables of images: instances as received, the studies they make, and how those are found.

An instance's file lies outside the database under its SHA-256 (`instance_files`); a row here names
it from the moment it is kept, so a file without a row is nobody's.
"""

from sqlmodel import Index, SQLModel

from hie.store.columns import (
    count,
    data,
    instant,
    maybe,
    maybe_count,
    maybe_data,
    maybe_instant,
    text,
)


class Study(SQLModel, table=True):
    """One study of one site on its way to an ImagingStudy; `id` is that resource's id.

    `identity` is sealed: whom the first instance named, to notice when a later one names somebody
    else. `due_us` is when the study is published unless more arrives; None: nothing to publish, or
    an interrupted arrival left it incomplete. `changed`: something came since the last version.
    """

    __tablename__ = "study"
    __table_args__ = (
        Index("study_due", "due_us"),
        Index("study_home", "home"),
        Index("study_resource", "id"),
    )
    site: str = text(primary_key=True)
    uid: str = text(primary_key=True)
    home: str = text()
    id: str = text()
    state: str = text()
    identity: bytes = data()
    accession_hash: str | None = maybe()
    expected: int | None = maybe_count()
    changed: bool
    first_us: int = instant()
    last_us: int = instant()
    due_us: int | None = maybe_instant()
    published_us: int | None = maybe_instant()


class Instance(SQLModel, table=True):
    """One content of one SOP instance; a changed re-send is a second row. States: `instances`.

    `data_hash` is over the data set alone: two doors write different file headers before the same
    instance. `facts` is the sealed InstanceRecord, from the moment it was decoded.
    """

    __tablename__ = "instance"
    __table_args__ = (
        Index("instance_study", "site", "study"),
        Index("instance_file", "sha256"),
        Index("instance_message", "message"),
    )
    site: str = text(primary_key=True)
    sop: str = text(primary_key=True)
    sha256: str = text(primary_key=True)
    study: str = text()
    series: str = text()
    number: int | None = maybe_count()
    data_hash: str = text()
    size: int = instant()
    at_hub: bool
    transfer_syntax: str = text()
    sop_class: str = text()
    state: str = text()
    message: str = text()
    received_us: int = instant()
    facts: bytes | None = maybe_data()


class Arrival(SQLModel, table=True):
    """One association's part in one study. Outcomes: `arrivals.Outcome`; None while it is open."""

    __tablename__ = "arrival"
    __table_args__ = (Index("arrival_study", "site", "study"),)
    id: str = text(primary_key=True)
    study: str = text(primary_key=True)
    site: str = text()
    opened_us: int = instant()
    seen_us: int = instant()
    outcome: str | None = maybe()


class ImagingKey(SQLModel, table=True):
    """How a study and its report find each other within an institution, in either order.

    `kind` is accession, study or order; `hash` the keyed hash of the value; `type` ImagingStudy or
    DiagnosticReport.
    """

    __tablename__ = "imaging_key"
    __table_args__ = (
        Index("imaging_key_resource", "id"),
        {"sqlite_with_rowid": False},
    )
    owner: str = text(primary_key=True)
    kind: str = text(primary_key=True)
    hash: str = text(primary_key=True)
    type: str = text(primary_key=True)
    id: str = text(primary_key=True)
    home: str = text()


class StudySource(SQLModel, table=True):
    """How the source of images that are left there answers: of one study, or (`uid` "") at all.

    States: `study_sources.SourceState`. `sop` is the instance it was last asked for; `reason` says
    in a word what is wrong; `next_us`: when it is worth asking again, None: nobody need ask.
    """

    __tablename__ = "study_source"
    __table_args__ = (Index("study_source_next", "next_us"),)
    site: str = text(primary_key=True)
    uid: str = text(primary_key=True)
    state: str = text()
    reason: str | None = maybe()
    sop: str | None = maybe()
    tries: int = count()
    at_us: int = instant()
    next_us: int | None = maybe_instant()
