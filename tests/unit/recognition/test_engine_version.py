"""The engine's version covers everything that turns facts and books into an answer."""

import ast
from pathlib import Path

import hie
from hie.recognition.engine_version import ENGINE, covered, engine_version

ROOT = Path(hie.__file__).parent
# What answers do not depend on: how data is found and refused, and who may ask.
OUTSIDE = {"errors", "schemas", "access", "fhir", "identity", "status"}


def _imported(module: str) -> set[str]:
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("hie"):
            name = node.module.removeprefix("hie").lstrip(".")
            below = [f"{name}.{one.name}".lstrip(".") for one in node.names]
            found |= {one for one in (name, *below) if one and _is_module(one)}
    return found


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def test_every_module_the_engine_reaches_is_covered_or_named_as_outside() -> None:
    reached: set[str] = set()
    waiting = ["recognition.check", "recognition.answer", "recognition.kept_facts"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += _imported(module)
    names = {name.removesuffix(".py").removesuffix("/__init__") for name in covered()}
    missing = {one for one in reached if one.replace(".", "/") not in names}
    assert {one.split(".")[0] for one in missing} <= OUTSIDE
    assert not {one for one in missing if one.startswith(("recognition.", "terminology."))}


def test_tables_that_words_are_read_by_are_covered() -> None:
    named = {name.removeprefix("schemas/") for name in covered() if name.startswith("schemas/")}
    assert {"terminology/regions.tsv", "terminology/specimen-classes.yaml"} <= named


def test_data_in_force_is_not_covered_for_it_has_a_hash_of_its_own() -> None:
    assert not [name for name in covered() if "catalogue/" in name or "rulebook/" in name]


def test_a_version_is_a_number_and_a_digest() -> None:
    number, _, digest = engine_version().partition("-")
    assert number == ENGINE
    assert len(digest) == 16
    assert set(digest) <= set("0123456789abcdef")
