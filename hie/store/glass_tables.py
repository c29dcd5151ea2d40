"""Who broke the glass for whom, what became of the review, and people's second factors."""

from sqlmodel import Index, SQLModel

from hie.store.columns import data, instant, maybe, maybe_instant, number, text


class GlassOpening(SQLModel, table=True):
    """One opening: of one person (`subject`) for one patient, until `until_us` or `ended_us`.

    `home` is the Patient asked for; all homes of the same person are open. `state` is that of the
    review, due at `due_us`. `body` is compressed and sealed: the words, and the patient as shown.
    """

    __tablename__ = "glass_opening"
    __table_args__ = (
        Index("glass_opening_subject", "subject", "at_us"),
        Index("glass_opening_review", "institution", "state", "at_us"),
    )
    id: str = text(primary_key=True)
    institution: str = text()
    subject: str = text()
    client: str = text()
    home: str = text()
    person: str | None = maybe()
    reason: str = text()
    at_us: int = instant()
    until_us: int = instant()
    ended_us: int | None = maybe_instant()
    agreed_by: str | None = maybe()
    due_us: int = instant()
    state: str = text()
    reviewed_us: int | None = maybe_instant()
    reviewed_by: str | None = maybe()
    lifted_us: int | None = maybe_instant()
    lifted_by: str | None = maybe()
    dictionary: int = number(sa_column_kwargs={"name": "dict"})
    body: bytes = data()


class SecondFactor(SQLModel, table=True):
    """The sealed secret of a person's one-time codes; `step` is the one used last."""

    __tablename__ = "second_factor"
    account: str = text(primary_key=True)
    secret: bytes = data()
    step: int = instant()
    created_us: int = instant()
