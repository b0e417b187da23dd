"""The `todo` command; `python -m todo` is it too."""

import gc
import sys

# Nothing of what is imported is garbage; to look for some meanwhile, again and again, takes a tenth of the start.
gc.disable()

from todo.cli import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    sys.exit(main())
