"""`casewright …`, also as `python -m service`: where the program begins."""

from __future__ import annotations

import gc

YOUNG = 50_000  #: objects made before the first look for garbage; loading the program makes many, and no garbage


def main() -> None:
    """Run the command line."""
    gc.set_threshold(YOUNG)
    from .cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
