"""The table of wrapped data keys."""

from sqlmodel import Index, SQLModel

from hie.store.columns import count, data, instant, number, text


class DataKeyRow(SQLModel, table=True):
    """A data key, wrapped by the key named in `provider`; never deleted while cells need it."""

    __tablename__ = "data_key"
    __table_args__ = (Index("data_key_place", "owner", "class", "epoch", unique=True),)
    id: int = instant(primary_key=True, sa_column_kwargs={"autoincrement": False})
    owner: str = text()
    klass: str = text(sa_column_kwargs={"name": "class"})
    epoch: int = count()
    suite: int = number()
    provider: str = text()
    wrapped: bytes = data()
    created_us: int = instant()
    used: int = instant()
