"""The tables of messages as received, what was found wrong with them, and what they produced."""

from sqlmodel import Index, SQLModel

from hie.store.columns import count, data, instant, maybe, maybe_data, maybe_instant, text


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
