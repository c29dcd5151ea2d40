"""No code path reads patients' tables but `store.visible`: a check of the program text itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import hie
from hie.store.tables import TABLES

ROOT = Path(hie.__file__).parent
CLASSES = frozenset(TABLES) | {"ResourceHistory"}
# The writers (they hold locks and answer nobody), the one reader, and the declarations.
ALLOWED = {
    "store/tables.py",
    "store/visible.py",
    "store/consented.py",
    "store/plain_tables.py",
    "store/resources.py",
    "store/rewriting.py",
    "store/relabelling.py",
    "store/relations.py",
    "store/reindexing.py",
    "store/sealed_columns.py",
    "store/labelling.py",
    "store/locate.py",
    "store/migrations/versions/0001_the_first_tables.py",
    "store/migrations/versions/0013_results_take_less.py",
    "store/migrations/versions/0014_who_may_see.py",
}
_NAMES = "|".join((*TABLES.values(), "resource_history"))
_USE = re.compile(rf"\b(from|join|into|update|table)\s+\"?({_NAMES})\b", re.IGNORECASE)


def raw_uses(text: str) -> Iterator[str]:
    """Every place of a module that names a patients' table or the map to one."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _USE.search(node.value)
            if found and not _is_docstring(node, text):
                yield f"line {node.lineno}: {found.group(0)}"
        elif isinstance(node, ast.ImportFrom) and node.module == "hie.store.tables":
            for name in node.names:
                if name.name in CLASSES | {"METADATA", "*"}:
                    yield f"line {node.lineno}: imports {name.name}"
        elif isinstance(node, ast.Attribute | ast.Subscript) and _is_map(node.value):
            # That a type exists may be asked (`in TABLES`), its table's name may not.
            yield f"line {node.lineno}: a table's name out of TABLES"


def _is_map(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
    return name in {"TABLES", "METADATA"}


def _is_docstring(node: ast.Constant, text: str) -> bool:
    lines = text.splitlines()
    return lines[node.lineno - 1].lstrip().startswith(('"""', 'r"""'))


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_patients_tables_are_named_where_they_may_be(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name in ALLOWED or name == "store/migrations/env.py":
        return
    assert list(raw_uses(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        'await reader.fetch("SELECT body FROM observation WHERE id = $1", key)',
        'f"SELECT 1 FROM x JOIN patient AS p ON {a}"',
        '"DELETE FROM resource_history"',
        "from hie.store.tables import Observation",
        "from hie.store.tables import METADATA",
        "tables.TABLES[kind]",
        "TABLES.get(kind)",
        "METADATA.tables[name]",
    ],
)
def test_the_check_sees_a_way_around(text: str) -> None:
    assert list(raw_uses(text))


# Rows of images are patients' data as well. They are reached by the id or the site and UID of an
# ImagingStudy that came through `visible`, in these modules alone.
IMAGES = {
    "store/imaging_tables.py",
    "store/instances.py",
    "store/studies.py",
    "store/arrivals.py",
    "store/imaging_keys.py",
    "store/search/studies.py",
    "store/migrations/versions/0002_images.py",
}
_IMAGES = re.compile(r"\b(FROM|JOIN|INTO|UPDATE)\s+(instance|study|arrival|imaging_key)\b")


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_tables_of_images_are_named_where_they_may_be(path: Path) -> None:
    if str(path.relative_to(ROOT)) in IMAGES:
        return
    text = path.read_text("utf-8")
    found = [
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _IMAGES.search(node.value)
        and not _is_docstring(node, text)
    ]
    assert found == []
