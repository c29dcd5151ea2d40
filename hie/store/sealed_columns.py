"""Which columns hold sealed cells, and what each is bound to: what re-encryption goes through.

The requests of the audit log are left out: its rows are never changed, and the proofs over them
are over what lies there. Their keys only ever open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hie.store.cells import CLEAR, Place, owner_of
from hie.store.code_maps import is_plain
from hie.store.tables import TABLES
from hie.store.vault import HUB, DataClass

Values = Mapping[str, Any]  # a row, by the names of its columns


class Form(StrEnum):
    """How a cell is before it is sealed."""

    BODY = "body"  # compressed; clear in rows of earlier versions
    BYTES = "bytes"
    WORDS = "words"  # text in a column of text; clear in rows of earlier versions


@dataclass(frozen=True, slots=True)
class Column:
    """One column of sealed cells. `keys` are its table's primary key, in its order.

    `place` is what a cell is bound to, `owner` whose key seals it ("" where the row does not say:
    then it stays whose it is). `given`: more columns these two need. `plain`: words that may stay
    in clear. `former`: what earlier versions bound it to, where that was less.
    """

    table: str
    name: str
    keys: tuple[str, ...]
    klass: DataClass
    form: Form
    place: Callable[[Values], tuple[str, ...]]
    owner: Callable[[Values], str] = lambda _: HUB
    given: tuple[str, ...] = ()
    plain: Callable[[str], bool] = lambda _: False
    former: Callable[[Values], tuple[str, ...]] | None = None


def _by_id(table: str, name: str, klass: DataClass, form: Form, owner: str = "") -> Column:
    return Column(
        table, name, ("id",), klass, form,
        lambda row: (table, name, row["id"]),
        lambda row: row[owner] if owner else HUB,
        (owner,) if owner else (),
    )  # fmt: skip


def _of_resource(kind: str) -> Column:
    return Column(
        TABLES[kind], "body", ("id", "home"), DataClass.RECORD, Form.BODY,
        lambda row: _row(kind, row).parts,
        lambda row: owner_of(row["message"]),
        ("version", "message", "label"),
        former=lambda row: _row(kind, row).former,
    )  # fmt: skip


def _row(kind: str, row: Values) -> Place:
    return Place(kind, row["home"], row["id"], row["version"], row["message"], row["label"])


_HISTORY = Column(
    "resource_history", "body", ("home", "type", "id", "version"), DataClass.RECORD, Form.BODY,
    lambda row: _row(row["type"], row).parts,
    lambda row: owner_of(row["message"]),
    ("message", "label"),
    former=lambda row: _row(row["type"], row).former,
)  # fmt: skip

COLUMNS: tuple[Column, ...] = (
    *(_of_resource(kind) for kind in TABLES if kind not in CLEAR),
    _HISTORY,
    _by_id("message", "body", DataClass.MESSAGE, Form.BYTES, "site"),
    _by_id("message", "native_id", DataClass.MESSAGE, Form.WORDS, "site"),
    _by_id("message", "meta", DataClass.MESSAGE, Form.WORDS, "site"),
    _by_id("message", "dropped_reason", DataClass.MESSAGE, Form.WORDS),
    Column(
        "message_issue", "found", ("message", "n"), DataClass.MESSAGE, Form.BYTES,
        lambda row: ("message_issue", "found", row["message"], str(row["n"])),
    ),
    Column(
        "instance", "facts", ("site", "sop", "sha256"), DataClass.MESSAGE, Form.BYTES,
        lambda row: ("instance", row["site"], row["sop"], row["sha256"]),
        lambda row: row["site"],
    ),
    Column(
        "study", "identity", ("site", "uid"), DataClass.MESSAGE, Form.BYTES,
        lambda row: ("study", row["site"], row["uid"]),
        lambda row: row["site"],
    ),
    _by_id("order_check", "body", DataClass.ORDER, Form.BODY, "institution"),
    _by_id("work_item", "body", DataClass.ORDER, Form.BODY, "institution"),
    _by_id("work_item", "note", DataClass.ORDER, Form.WORDS),
    Column(
        "notification", "body", ("institution", "seq"), DataClass.ORDER, Form.BODY,
        lambda row: ("notification", "body", row["id"]),
        lambda row: row["institution"],
        ("id",),
    ),
    _by_id("decision", "text", DataClass.ORDER, Form.WORDS, "institution"),
    Column(
        "cds_feedback", "comment", ("card", "hash"), DataClass.ORDER, Form.WORDS,
        lambda row: ("cds_feedback", "comment", row["card"], row["hash"]),
        lambda row: row["institution"],
        ("institution",),
    ),
    _by_id("link", "reason", DataClass.ORDER, Form.WORDS),
    _by_id("identity_task", "outcome", DataClass.ORDER, Form.WORDS),
    _by_id("user_account", "name", DataClass.ORDER, Form.WORDS, "institution"),
    _by_id("identity_provider", "secret", DataClass.ORDER, Form.BYTES),
    Column(
        "vouched_person", "number", ("id",), DataClass.ORDER, Form.BYTES,
        lambda row: ("vouched_person", "number", row["id"]),
    ),
    Column(
        "second_factor", "secret", ("account",), DataClass.AUDIT, Form.BYTES,
        lambda row: ("second_factor", "secret", row["account"]),
    ),
    _by_id("glass_opening", "body", DataClass.AUDIT, Form.BODY, "institution"),
    Column(
        "code_map", "samples", ("site", "system", "code"), DataClass.MESSAGE, Form.WORDS,
        lambda row: ("code_map", "samples", row["site"], row["system"], row["code"]),
        lambda row: row["site"],
        plain=is_plain,
    ),
)  # fmt: skip
