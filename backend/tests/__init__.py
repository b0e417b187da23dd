"""The tests."""

import gc

import pytest

# Show the values of a failed assertion in support modules too.
pytest.register_assert_rewrite("tests.support", "tests.contract")
# Objects made by imports and by the collection of tests are no garbage. conftest.py enables the collector afterwards.
gc.disable()
