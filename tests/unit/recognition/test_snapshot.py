"""Books as bytes named by their hash: equal data, equal bytes, and the same books again."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hie.errors import UnprocessableRequest
from hie.fhir.wire import parse
from hie.recognition.register import PolicyEntry, RegisterRows
from hie.recognition.snapshot import (
    data_hash,
    freeze,
    freeze_registers,
    read_manifest,
    thaw,
    write_manifest,
)
from hie.recognition.sources import (
    Part,
    Sources,
    build_sources,
    part_of,
    read_files,
    shipped_files,
)
from tests.unit.recognition import records


@pytest.fixture(scope="module")
def sources() -> Sources:
    return build_sources(read_files(shipped_files()))


def rows() -> RegisterRows:
    return replace(
        records.registers().rows,
        policies=(records.policy("region:42", time_limits={"K": 5}, critical_limits={"K": {"low": "2.80"}}),),
    )  # fmt: skip


def frozen(sources: Sources, of: RegisterRows) -> dict[Part, bytes]:
    return {**freeze(sources.trees), Part.REGISTERS: freeze_registers(of)}


def test_what_is_thawed_is_what_was_frozen(sources: Sources) -> None:
    books, again = sources.with_registers(rows()), thaw(frozen(sources, rows()))
    assert again.catalogue.items == books.catalogue.items
    assert again.catalogue.classes == books.catalogue.classes
    assert again.registers.rows == books.registers.rows
    assert again.policy == books.policy
    assert again.rulebook == books.rulebook
    assert again.reasons == books.reasons
    assert again.texts == books.texts


def test_what_is_thawed_freezes_to_the_same_bytes(sources: Sources) -> None:
    parts = frozen(sources, rows())
    assert freeze_registers(thaw(parts).registers.rows) == parts[Part.REGISTERS]
    again = build_sources(
        {
            name: tree
            for part, data in parts.items()
            if part is not Part.REGISTERS
            for name, tree in parse(data).items()
        }
    )
    assert {**freeze(again.trees), Part.REGISTERS: parts[Part.REGISTERS]} == parts


def test_a_digit_is_another_hash(sources: Sources) -> None:
    exact = PolicyEntry("default", rows().policies[0].start, None, {"prices": {"1": "8.5"}})
    padded = replace(exact, values={"prices": {"1": "8.50"}})
    one, other = (freeze_registers(RegisterRows(1, policies=(e,))) for e in (exact, padded))
    assert data_hash(one) != data_hash(other)
    name = "catalogue/lab/K.yaml"
    shown = {**sources.trees, name: {**sources.trees[name], "x": Decimal("4.10")}}
    plain = {**sources.trees, name: {**sources.trees[name], "x": Decimal("4.1")}}
    assert freeze(shown)[Part.CATALOGUE] != freeze(plain)[Part.CATALOGUE]
    assert b"4.10" in freeze(shown)[Part.CATALOGUE]


def test_the_order_of_members_and_files_says_nothing(sources: Sources) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(one) for one in value] if isinstance(value, list) else value

    assert freeze(turned(dict(sources.trees))) == freeze(sources.trees)


def test_a_change_of_registers_changes_no_other_part(sources: Sources) -> None:
    before = frozen(sources, rows())
    after = frozen(sources, replace(rows(), version=2, marks=()))
    assert {part for part in Part if before[part] != after[part]} == {Part.REGISTERS}


def test_page_texts_and_basis_files_fall_into_the_parts_they_belong_to() -> None:
    assert part_of("texts/record.yaml") is None
    assert part_of("texts/gate4.yaml") is Part.TEXTS
    assert part_of("rulebook/basis.yaml") is Part.RULEBOOK
    assert part_of("rulebook/reasons.yaml") is Part.REASONS
    assert part_of("catalogue/lab/K.yaml") is Part.CATALOGUE
    assert part_of("policy/shipped.yaml") is Part.POLICY
    assert part_of("rulebook/notes.txt") is None
    assert part_of("somewhere/else.yaml") is None


def test_a_manifest_names_every_part_and_reads_back() -> None:
    named = {part: data_hash(part.encode()) for part in Part}
    assert read_manifest(write_manifest(named)) == named
    assert write_manifest(dict(reversed(named.items()))) == write_manifest(named)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b'{"format":2,"parts":{}}', b'{"format":1,"parts":{"catalogue":"x"}}', b"\xff"],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(UnprocessableRequest) as refused:
        read_manifest(data)
    assert refused.value.faults[0].path == "data.manifest"


@pytest.mark.parametrize("part", list(Part))
def test_a_part_that_is_not_what_it_should_be_is_named(sources: Sources, part: Part) -> None:
    parts = {**frozen(sources, rows()), part: b"[1, 2"}
    with pytest.raises(UnprocessableRequest) as refused:
        thaw(parts)
    assert refused.value.faults[0].path == f"data.{part.value}"


def test_data_this_version_does_not_read_any_more_names_file_and_reason(sources: Sources) -> None:
    trees = {**sources.trees, "rulebook/gate4.yaml": {"gate": 4}}
    with pytest.raises(UnprocessableRequest) as refused:
        thaw({**freeze(trees), Part.REGISTERS: freeze_registers(rows())})
    (fault,) = refused.value.faults
    assert fault.code == "not-read-any-more"
    assert "rulebook/gate4.yaml" in fault.path


def test_rows_of_another_shape_are_refused_and_fields_of_a_later_version_ignored(
    sources: Sources,
) -> None:
    good = frozen(sources, rows())
    broken = {**good, Part.REGISTERS: b'{"version":"one"}'}
    with pytest.raises(UnprocessableRequest):
        thaw(broken)
    later = {**good, Part.REGISTERS: b'{"version":7,"something_new":[1]}'}
    assert thaw(later).registers.version == 7


_digits = st.decimals(allow_nan=False, allow_infinity=False, places=4)


@given(_digits, st.text(max_size=20))
def test_any_number_and_text_of_a_register_comes_back(cv: Decimal, name: str) -> None:
    row = replace(records.institution(), name=name)
    precise = replace(records.registers().rows.precision[0], cv_percent=cv)
    made = RegisterRows(3, institutions=(row,), precision=(precise,))
    again = msgspec.convert(msgspec.json.decode(freeze_registers(made)), RegisterRows)
    assert again == made
    assert str(again.precision[0].cv_percent) == str(cv)
