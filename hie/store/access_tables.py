"""Who may see whom: institutions' relations to patients, and the rules of their consents."""

from sqlmodel import Index, SQLModel

from hie.store.columns import count, instant, maybe, maybe_count, maybe_instant, number, text


class Relation(SQLModel, table=True):
    """What an institution has to do with one of its Patients, of one kind, and until when.

    `kind`: own, visit, order, referral, declared, patient. `source` names what says so. `mark`:
    that the hub wrote it (`relation_marks`); `own` has none, as who wrote the Patient says it.
    """

    __tablename__ = "relation"
    __table_args__ = {"sqlite_with_rowid": False}
    home: str = text(primary_key=True)
    institution: str = text(primary_key=True)
    kind: str = text(primary_key=True)
    from_us: int = instant()
    until_us: int = instant()
    source: str = text()
    mark: str | None = maybe()


class ReachRow(SQLModel, table=True):
    """`relation` spread over all homes of the person: what `store.visible` asks, one look a row."""

    __tablename__ = "reach"
    __table_args__ = {"sqlite_with_rowid": False}
    home: str = text(primary_key=True)
    institution: str = text(primary_key=True)
    kind: str = text(primary_key=True)
    from_us: int = instant()
    until_us: int = instant()


class ConsentRule(SQLModel, table=True):
    """One rule out of a patient's active Consents: the matching one of the highest rank decides.

    The columns are those of `hie.consent.rule.Rule`; one that is null matches everything. `permit`
    is 0, 1, or 2 where restricted records are opened with it.
    """

    __tablename__ = "consent_rule"
    __table_args__ = (Index("consent_rule_consent", "consent"), {"sqlite_with_rowid": False})
    home: str = text(primary_key=True)
    rank: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    permit: int = number()
    institution: str | None = maybe()
    party: str | None = maybe()
    purposes: int = count()
    source: str | None = maybe()
    kind: str | None = maybe()
    resource: str | None = maybe()
    least: int = number()
    most: int = number()
    any_topics: int | None = maybe_count()
    within_topics: int | None = maybe_count()
    no_topics: int = count()
    from_us: int = instant()
    until_us: int = instant()
    data_from_us: int | None = maybe_instant()
    data_until_us: int | None = maybe_instant()
    consent: str = text()
