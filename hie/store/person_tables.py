"""The tables of persons: identifiers to find them by, sets of homes, links, and open questions."""

from sqlmodel import Index, SQLModel

from hie.store.columns import count, instant, maybe, maybe_instant, text


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


class IdentifierFormer(SQLModel, table=True):
    """A usable identifier that a Patient no longer has: who asks as of then finds it by it."""

    __tablename__ = "identifier_former"
    __table_args__ = {"sqlite_with_rowid": False}
    type: str = text(primary_key=True)
    hash: str = text(primary_key=True)
    home: str = text(primary_key=True)


class NameToken(SQLModel, table=True):
    """What a Patient's names are found by (`names`): 32 bits of a keyed hash, many of each."""

    __tablename__ = "name_token"
    __table_args__ = {"sqlite_with_rowid": False}
    token: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    home: str = text(primary_key=True)


class PersonHome(SQLModel, table=True):
    """A person is a set of homes; a home belongs to one person at a time."""

    __tablename__ = "person_home"
    __table_args__ = (Index("person_home_person", "person"),)
    home: str = text(primary_key=True)
    person: str = text()


class Link(SQLModel, table=True):
    """Two persons became one: `homes` are those that changed, `was` whose they were before.

    `one` and `other` are the homes it is of; `parted` what moved to whom when it was taken back.
    """

    __tablename__ = "link"
    __table_args__ = (Index("link_person", "person"), Index("link_was", "was"))
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
    one: str | None = maybe()
    other: str | None = maybe()
    parted: str | None = maybe()


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
