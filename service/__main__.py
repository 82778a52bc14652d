"""`casewright …`, also as `python -m service`: where the program begins."""

from __future__ import annotations

import gc

LOADING = 500_000  #: objects made before the first look for garbage; loading the program makes many, and no garbage
YOUNG = 50_000  #: the same for a server or worker, once it has loaded


def main() -> None:
    """Run the command line."""
    gc.set_threshold(LOADING)
    from .cli import main as command_line

    command_line()


def keep_what_is_loaded() -> None:
    """Let no process look for garbage in what there is now, nor copy its memory for that."""
    gc.freeze()
    gc.set_threshold(YOUNG)


if __name__ == "__main__":
    main()
