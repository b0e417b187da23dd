"""Entry point of `todo` and of `python -m todo`."""

import gc
import sys

# The imports create no garbage, and searching for it would take a tenth of the start-up time.
gc.disable()

from todo.cli import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    sys.exit(main())
