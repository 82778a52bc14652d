"""`casewright …`, also as `python -m service`: where the program begins."""

from __future__ import annotations

import gc

LOADING = 500_000  #: objects made before the first look for garbage; loading the program makes many, and no garbage


def main() -> None:
    """Run the command line."""
    gc.set_threshold(LOADING)
    from service import cli

    cli.main()


if __name__ == "__main__":
    main()
