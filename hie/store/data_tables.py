"""The table of data in force: what order-checks were answered from, each kept once by its hash."""

from sqlmodel import SQLModel

from hie.store.columns import data, instant, text


class DataInForce(SQLModel, table=True):
    """Some data an answer rested on; `hash` is the SHA-256 of what `body` is packed from.

    `kind` is the part it is (catalogue, rulebook, reasons, texts, policy, registers), or manifest.
    Rows are only added; `at_us` is when an answer first rested on it.
    """

    __tablename__ = "data_in_force"
    hash: str = text(primary_key=True)
    kind: str = text()
    at_us: int = instant()
    body: bytes = data()
