"""The tables of duties after an answer: what was shown, what was used, and what must be looked at.

A decision to use a result names the versions it rests on (`decision_use`), so that a correction
finds it by the result's id; what it finds becomes a `work_item` and a `notification`.
"""

from sqlalchemy import text as sql
from sqlmodel import Index, SQLModel

from hie.store.columns import count, data, instant, maybe, maybe_instant, number, text


class DecisionUse(SQLModel, table=True):
    """A version that a decision to use a result rests on; `role` is `result` or `report`."""

    __tablename__ = "decision_use"
    __table_args__ = (
        Index("decision_use_decision", "decision"),
        Index("decision_use_home", "home"),
    )
    id: str = text(primary_key=True)
    decision: str = text(primary_key=True)
    type: str = text()
    version: int = count()
    home: str = text()
    role: str = text()


class WorkItem(SQLModel, table=True):
    """What somebody of an institution has to look at: of one decision at most one is open.

    `cause` is the newest one; `body` is the compressed JSON of every cause with what changed.
    `again` is the newest check that asked anew; `closed_with` the decision that closed the item.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        Index("work_item_list", "institution", "state", "updated_us", "id"),
        Index(
            "work_item_open",
            "decision",
            unique=True,
            sqlite_where=sql("state = 'open'"),
            postgresql_where=sql("state = 'open'"),
        ),
        Index("work_item_again", "again"),
    )
    id: str = text(primary_key=True)
    kind: str = text()
    institution: str = text()
    decision: str = text()
    check_id: str = text()
    ref: str = text()
    person: str | None = maybe()
    cause: str = text()
    created_us: int = instant()
    updated_us: int = instant()
    state: str = text()
    done_us: int | None = maybe_instant()
    done_by: str | None = maybe()
    closed_with: str | None = maybe()
    note: str | None = maybe()
    again: str | None = maybe()
    dictionary: int = number(sa_column_kwargs={"name": "dict"})
    body: bytes = data()


class Notification(SQLModel, table=True):
    """What an institution is told, numbered for it without a gap in the order of commits."""

    __tablename__ = "notification"
    institution: str = text(primary_key=True)
    seq: int = instant(primary_key=True, sa_column_kwargs={"autoincrement": False})
    id: str = text()
    kind: str = text()
    at_us: int = instant()
    work_item: str = text()
    decision: str = text()
    person: str | None = maybe()
    dictionary: int = number(sa_column_kwargs={"name": "dict"})
    body: bytes = data()


class OrderView(SQLModel, table=True):
    """Somebody saw what was said of an order: the first time, once for each person and order.

    `reminded`: it was put before them, as R-907 permits once; else they looked it up.
    """

    __tablename__ = "order_view"
    __table_args__ = (Index("order_view_at", "institution", "at_us"),)
    check_id: str = text(primary_key=True)
    ref: str = text(primary_key=True)
    practitioner: str = text(primary_key=True)
    institution: str = text()
    at_us: int = instant()
    reminded: bool
