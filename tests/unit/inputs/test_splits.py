"""Splits: nothing is in two of them, and what was assigned once stays where it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halt.domains import Row
from halt.inputs import splits

ALL = {"train": 10**6, "validation": 10**6, "test": 10**6}
NAMES = st.text("abcdef ", min_size=1, max_size=4)
ROWS = st.lists(st.builds(Row, NAMES, NAMES, st.sampled_from(["", "x", "y"]), NAMES, st.just(""), st.just({})))
SHARES = st.floats(0, 0.45)


def _places(parts, what):
    return {what(row): split for split, rows in parts.items() for row in rows}


@given(ROWS, SHARES, SHARES)
def test_no_id_cluster_or_prompt_is_in_two_splits(rows, validation, test):
    parts = splits.assign(rows, validation, test, ALL, 0)
    kept = [row for part in parts.values() for row in part]
    for what in (lambda row: row.id, lambda row: " ".join(row.prompt.split()).lower()):
        assert len({what(row) for row in kept}) == len(kept)
    for split, part in parts.items():
        others = {row.cluster for name, rows in parts.items() if name != split for row in rows}
        assert not others & {row.cluster for row in part}


@given(ROWS, ROWS, SHARES, SHARES)
def test_rows_put_behind_never_move_an_old_row(rows, more, validation, test):
    before = _places(splits.assign(rows, validation, test, ALL, 0), lambda row: row[:5])
    after = _places(splits.assign(rows + more, validation, test, ALL, 0), lambda row: row[:5])
    assert before.items() <= after.items()


@given(ROWS, st.randoms(), SHARES)
def test_the_order_of_distinct_rows_does_not_matter(rows, random, test):
    rows = list({" ".join(row.prompt.split()).lower(): row for row in {row.id: row for row in rows}.values()}.values())
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert splits.assign(rows, 0.2, test, ALL, 0) == splits.assign(shuffled, 0.2, test, ALL, 0)


@given(ROWS, st.integers(0, 5), st.integers(0, 5), st.integers(0, 3))
def test_a_larger_limit_only_adds_rows(rows, few, more, seed):
    small = splits.assign(rows, 0.2, 0.3, dict.fromkeys(ALL, few), seed)
    large = splits.assign(rows, 0.2, 0.3, dict.fromkeys(ALL, few + more), seed)
    for split in splits.SPLITS:
        assert large[split][: len(small[split])] == small[split]
        assert len(large[split]) <= few + more


def _row(number, stratum="", cluster=None):
    return Row(f"id {number}", cluster or f"cluster {number}", stratum, f"prompt {number}", "", {})


def test_shares_hold_on_average():
    parts = splits.assign([_row(i) for i in range(4000)], 0.15, 0.25, ALL, 0)
    assert abs(len(parts["test"]) / 4000 - 0.25) < 0.03
    assert abs(len(parts["validation"]) / 4000 - 0.15) < 0.03


def test_strata_take_turns_when_there_are_too_many_rows():
    rows = [_row(i, "common" if i % 10 else "rare") for i in range(400)]
    parts = splits.assign(rows, 0.2, 0.2, {"train": 20, "validation": 4, "test": 6}, 0)
    for split, limit in (("train", 20), ("validation", 4), ("test", 6)):
        assert [row.stratum for row in parts[split]].count("rare") == limit // 2


def test_clusters_take_turns_too():
    rows = [_row(i, cluster=f"cluster {i % 8}") for i in range(80)]
    train = splits.assign(rows, 0.0, 0.0, {"train": 8, "validation": 0, "test": 0}, 0)["train"]
    assert len({row.cluster for row in train}) == 8


def test_the_seed_chooses_the_rows_but_never_their_split():
    rows = [_row(i) for i in range(200)]
    limits = dict.fromkeys(ALL, 10)
    first, second = (splits.assign(rows, 0.2, 0.2, limits, seed) for seed in (0, 1))
    assert first != second
    whole = _places(splits.assign(rows, 0.2, 0.2, ALL, 0), lambda row: row.id)
    assert _places(second, lambda row: row.id).items() <= whole.items()


@pytest.mark.parametrize("shares", [(0.5, 0.5), (-0.1, 0.2), (0.2, 1.0)])
def test_shares_that_leave_nothing_to_train_on_are_refused(shares):
    with pytest.raises(ValueError, match="leave nothing for training"):
        splits.assign([], *shares, ALL, 0)


@given(ROWS, st.sampled_from([0.1, 0.25, 0.3, 0.5]), st.integers(0, 9))
def test_a_fold_is_a_split_of_its_own_and_no_row_is_tested_on_in_two(rows, test, seed):
    folds = [splits.assign(rows, 0.2, test, ALL, seed, fold) for fold in range(int(1 / test))]
    assert folds[0] == splits.assign(rows, 0.2, test, ALL, seed)
    for parts in folds:
        assert sorted(row.id for part in parts.values() for row in part) == sorted(
            {row.id for row in splits.distinct(rows)}
        )
    tested = [row.id for parts in folds for row in parts["test"]]
    assert len(set(tested)) == len(tested)
