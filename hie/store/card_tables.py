"""The tables of cards: what a hospital's system was shown at ordering, and what it said of it.

A card is about one order line of a check (`ref`), or sums a patient up (`ref` null). What is said
of it comes when it comes, in any order and more than once (CDS Hooks 2.0, "Feedback").
"""

from sqlalchemy import text as sql
from sqlmodel import Index, SQLModel

from hie.store.columns import instant, maybe, maybe_instant, text


class CdsCard(SQLModel, table=True):
    """One card that left; its id is the `uuid` it left with, known to `client` alone.

    `suggestions` are "<uuid>:<kind>" between spaces. `due_us` is when the hub looks what was done
    without a word about it, `fate` what it found then.
    """

    __tablename__ = "cds_card"
    __table_args__ = (
        Index("cds_card_check", "check_id", "ref"),
        Index("cds_card_person", "person", "institution", "at_us"),
        Index(
            "cds_card_due",
            "due_us",
            "id",
            sqlite_where=sql("fate IS NULL"),
            postgresql_where=sql("fate IS NULL"),
        ),
    )
    id: str = text(primary_key=True)
    client: str = text()
    institution: str = text()
    service: str = text()
    hook_instance: str = text()
    check_id: str = text()
    ref: str | None = maybe()
    ordered: str | None = maybe()
    practitioner: str | None = maybe()
    home: str | None = maybe()
    person: str | None = maybe()
    at_us: int = instant()
    suggestions: str = text()
    due_us: int = instant()
    fate: str | None = maybe()
    fate_us: int | None = maybe_instant()


class CdsFeedback(SQLModel, table=True):
    """What a client said of a card, each thing it said once: `hash` is a keyed one over all of it.

    `outcome_us` is when somebody acted, as the client says; `became` what the hub made of it.
    `comment` is somebody's own words, sealed.
    """

    __tablename__ = "cds_feedback"
    card: str = text(primary_key=True)
    hash: str = text(primary_key=True)
    institution: str = text()
    outcome: str = text()
    suggestion: str | None = maybe()
    reason: str | None = maybe()
    comment: str | None = maybe()
    outcome_us: int = instant()
    at_us: int = instant()
    became: str = text()
    decision: str | None = maybe()
