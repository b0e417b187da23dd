"""The tests."""

import gc

# Objects made by imports and by the collection of tests are no garbage. conftest.py enables the collector afterwards.
gc.disable()
