"""Ids say what they are made of, whatever a name holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ray_lineage.model import column_id, dataset_text, split_column

PARTS = st.text('a".\n [`', max_size=6)


@given(st.lists(PARTS, min_size=1, max_size=3), PARTS, st.sampled_from(["p", "my.own:project"]))
def test_a_column_id_is_split_into_what_it_was_made_of(parts: list[str], column: str, project: str) -> None:
    dataset = dataset_text(tuple(parts))
    assert split_column(column_id(project, dataset, column)) == (f"{project}:{dataset}", column)


def test_what_has_no_dataset_is_a_column_alone() -> None:
    assert split_column("amount") == ("", "amount")
