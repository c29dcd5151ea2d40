"""The tables of the registers and of local codes. Imports add versions; nothing is overwritten.

A row is known from one import until another takes its place (`known_to_us`); the days it speaks of
(`start`, `end_day`) are another matter. Numbers of registers stay text, digits kept.
"""

from sqlmodel import Index, SQLModel

from hie.store.columns import count, instant, maybe, maybe_instant, text


class RegisterImport(SQLModel, table=True):
    """One import, whole or not at all; `id` counts up and is the version of the registers.

    `looked_us`: when the decisions it touches had all been looked for; None, not to the end.
    """

    __tablename__ = "register_import"
    id: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at_us: int = instant()
    actor: str = text()
    files: str = text()
    counts: str = text()
    looked_us: int | None = maybe_instant()


class RegisterTouched(SQLModel, table=True):
    """A decision whose used result an import refuses, or would have refused.

    `lies` is `after` when it was made while what the import says was in force already, `before`
    when it was made earlier; `rules` is the JSON list of the rules that refuse.
    """

    __tablename__ = "register_touched"
    __table_args__ = (Index("register_touched_decision", "decision"),)
    import_id: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    decision: str = text(primary_key=True)
    lies: str = text()
    rules: str = text()


class _Known(SQLModel):
    """From when to when the hub knew a row; `n` tells rows of one import apart."""

    import_id: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    n: int = count(primary_key=True, sa_column_kwargs={"autoincrement": False})
    known_from_us: int = instant()
    known_to_us: int | None = maybe_instant()


class Institution(_Known, table=True):
    """An institution over one period."""

    __tablename__ = "institution"
    __table_args__ = (Index("institution_code", "code", "start"),)
    code: str = text()
    name: str = text()
    region: str = text()
    level: str = text()
    kind: str = text()
    consortium: str = text()
    status: str = text()
    start: str = text()
    end_day: str | None = maybe()


class Successor(_Known, table=True):
    """Who answers for an institution from a day on; an empty `successor` takes that back."""

    __tablename__ = "successor"
    __table_args__ = (Index("successor_code", "code", "start"),)
    code: str = text()
    successor: str = text()
    start: str = text()


class Qualification(_Known, table=True):
    """One round of external quality assessment."""

    __tablename__ = "qualification"
    __table_args__ = (Index("qualification_item", "institution", "item"),)
    institution: str = text()
    item: str = text()
    scheme: str = text()
    round: str = text()
    start: str = text()
    end_day: str | None = maybe()
    score: str = text()
    acceptable: bool


class Precision(_Known, table=True):
    """The imprecision an institution reported for one item and month."""

    __tablename__ = "precision_month"
    __table_args__ = (Index("precision_item", "institution", "item"),)
    institution: str = text()
    item: str = text()
    month: str = text()
    cv_percent: str = text()


class Mark(_Known, table=True):
    """A recognition mark of an institution for one item."""

    __tablename__ = "mark"
    __table_args__ = (Index("mark_item", "institution", "item"),)
    institution: str = text()
    item: str = text()
    mark: str = text()
    start: str = text()
    end_day: str | None = maybe()


class Policy(_Known, table=True):
    """What one scope says from a day on; `content` is its JSON."""

    __tablename__ = "policy_entry"
    __table_args__ = (Index("policy_scope", "scope", "start"),)
    scope: str = text()
    start: str = text()
    end_day: str | None = maybe()
    content: str = text()


class CodeMap(SQLModel, table=True):
    """A site's local code: how often it was seen, and the item it stands for."""

    __tablename__ = "code_map"
    site: str = text(primary_key=True)
    system: str = text(primary_key=True)
    code: str = text(primary_key=True)
    name: str = text()
    unit: str | None = maybe()
    specimen: str | None = maybe()
    method: str | None = maybe()
    value_type: str | None = maybe()
    first_us: int = instant()
    last_us: int = instant()
    item: str | None = maybe()
    loinc: str | None = maybe()
    state: str = text()
    by: str | None = maybe()
    at_us: int | None = maybe_instant()
    samples: str = text()
    version: int = count()
    seen: int = count(sa_column_kwargs={"name": "count"})
