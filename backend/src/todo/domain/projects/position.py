"""Positions: text keys by which tasks, projects and sections are ordered (ADR 0064).

A key has a head of 17 characters, which stands for an integer, and a fraction in base 62. A resource that was never
moved has the key of its id, so a new one comes last without a query. Keys are compared by code point.
"""

from collections.abc import Callable

POSITION_MAX = 60
"""The longest key in characters. Before a key grows longer, its neighbours get new keys."""
SHORT_MAX = 40
"""The longest new key of a neighbour."""
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE = len(DIGITS)
HEAD = 17
SIGN = {False: "h", True: "i"}
"""The first character of a head, by whether its integer is at least 0."""
COUNTER = 4
"""The digits of a fraction that are counted up for a key after all others."""
MIDDLE = "V001"
"""The fraction of the first key after a key without a fraction."""
LOWEST, HIGHEST = "", "~"
"""Texts before and after all keys."""


def key_of_id(resource_id: int) -> str:
    """Return the key of a resource that was never moved. `services.shared.positions.key_of` computes it in SQL."""
    return f"{SIGN[True]}{resource_id:016x}"


def key_between(low: str | None, high: str | None) -> str:
    """Return a key between two keys of which one is not None; None stands for the end of the list.

    Args:
        low: the key before; less than `high`.
        high: the key after.
    """
    if low is None:
        assert high is not None
        return _head_before(high[:HEAD])
    if high is None or high[:HEAD] != low[:HEAD]:
        return low[:HEAD] + _fraction_after(low[HEAD:])
    return low[:HEAD] + _fraction_between(low[HEAD:], high[HEAD:])


def keys_between(low: str | None, high: str | None, count: int) -> list[str]:
    """Return ascending keys between two keys of which one is not None, as short as they can be."""
    if high is None or (low is not None and low[:HEAD] != high[:HEAD]):
        return _chain(low, count, lambda last: key_between(last, None))
    if low is None:
        return _chain(high, count, lambda last: key_between(None, last))[::-1]
    if count == 0:
        return []
    middle = count // 2
    key = key_between(low, high)
    return [*keys_between(low, key, middle), key, *keys_between(key, high, count - middle - 1)]


def _chain(start: str | None, count: int, following: Callable[[str], str]) -> list[str]:
    assert start is not None
    keys = [start]
    for _ in range(count):
        keys.append(following(keys[-1]))
    return keys[1:]


def _head_before(head: str) -> str:
    number = int(head[1:], 16)
    is_positive = head[0] == SIGN[True]
    if number == 0 and is_positive:
        return SIGN[False] + "f" * (HEAD - 1)
    return f"{head[0]}{number - 1:016x}"


def _fraction_after(fraction: str) -> str:
    """Return a greater fraction. Its first digits are a counter, so a list can grow at its end without long keys."""
    if not fraction:
        return MIDDLE
    number = 0
    for digit in fraction[:COUNTER].ljust(COUNTER, DIGITS[0]):
        number = number * BASE + DIGITS.index(digit)
    number += 1 if (number + 1) % BASE else 2  # a fraction does not end with a zero
    if number >= BASE**COUNTER:
        return fraction[:COUNTER] + _fraction_after(fraction[COUNTER:])
    digits = ""
    for _ in range(COUNTER):
        number, digit_value = divmod(number, BASE)
        digits = DIGITS[digit_value] + digits
    return digits


def _fraction_between(low: str, high: str | None) -> str:
    """Return a fraction between two; None stands for 1."""
    same = 0
    while high is not None and low[same : same + 1].ljust(1, DIGITS[0]) == high[same]:
        same += 1
    if high is not None and same:
        return high[:same] + _fraction_between(low[same:], high[same:])
    first = DIGITS.index(low[0]) if low else 0
    last = BASE if high is None else DIGITS.index(high[0])
    if last - first > 1:
        return DIGITS[(first + last + 1) // 2]
    if high is not None and len(high) > 1:
        return high[0]
    return DIGITS[first] + _fraction_between(low[1:], None)
