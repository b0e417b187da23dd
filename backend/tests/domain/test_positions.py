"""Keys of positions: between any two there is another one, and keys stay short."""

import random
from itertools import pairwise

import pytest

from todo.domain.projects.position import HEAD, POSITION_MAX, SHORT_MAX, key_between, key_of_id, keys_between


def insert(keys: list[str], index: int) -> str:
    """Insert a key at an index of a list in order, and check that the list stays in order."""
    low, high = keys[index - 1] if index else None, keys[index] if index < len(keys) else None
    key = key_between(low, high)
    assert (low or "") < key < (high or "~")
    keys.insert(index, key)
    return key


@pytest.mark.spec("ORD-003")
def test_keys_of_ids_are_in_the_order_of_the_ids() -> None:
    keys = [key_of_id(number) for number in (1, 9, 10, 15, 16, 2**40, 2**63 - 1)]

    assert keys == sorted(keys)
    assert {len(key) for key in keys} == {HEAD}


@pytest.mark.spec("ORD-003")
def test_key_after_the_last_one_is_below_the_key_of_the_next_id() -> None:
    last = key_of_id(41)
    for _ in range(5_000):
        last = key_between(last, None)

    assert key_of_id(41) < last < key_of_id(42)
    assert len(last) <= HEAD + 4


@pytest.mark.spec("ORD-003")
def test_keys_before_the_first_one_stay_short() -> None:
    first = key_of_id(1)
    for _ in range(5_000):
        key = key_between(None, first)
        assert key < first
        first = key

    assert len(first) == HEAD


@pytest.mark.spec("ORD-003")
@pytest.mark.parametrize("seed", range(5))
def test_random_inserts_keep_the_order(seed: int) -> None:
    generator = random.Random(seed)
    keys = [key_of_id(number) for number in (3, 4, 16, 17)]

    for _ in range(2_000):
        insert(keys, generator.randint(0, len(keys)))

    assert all(low < high for low, high in pairwise(keys))
    assert max(map(len, keys)) < POSITION_MAX


@pytest.mark.spec("ORD-003")
@pytest.mark.parametrize("steps", [[0], [1], [0, 1], [0, 0, 1]], ids=str)
def test_inserts_at_one_place_keep_the_order(steps: list[int]) -> None:
    keys = [key_of_id(1), key_of_id(2)]
    index = 1

    for number in range(150):
        insert(keys, index)
        index += steps[number % len(steps)]

    assert keys == sorted(keys)
    assert max(map(len, keys)) <= POSITION_MAX


@pytest.mark.spec("ORD-003")
@pytest.mark.parametrize(
    ("low", "high"),
    [
        (key_of_id(1), key_of_id(2)),
        (key_of_id(1), key_of_id(1) + "V"),
        (key_of_id(1) + "V001", key_of_id(1) + "V002"),
        (key_of_id(1) + "zzzz", None),
        (None, key_of_id(0)),
    ],
)
@pytest.mark.parametrize("count", [0, 1, 2, 65, 1_000])
def test_many_keys_between_two_are_ascending_and_short(low: str | None, high: str | None, count: int) -> None:
    keys = keys_between(low, high, count)

    assert len(keys) == count
    assert all(before < after for before, after in pairwise([low or "", *keys, high or "~"]))
    assert max(map(len, keys), default=0) <= SHORT_MAX
