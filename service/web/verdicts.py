"""How verdicts are shown: a word, a tone and a sign, and in a sentence what each means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.engine.change.plan import Verdict
from service.languages import later
from service.web.words import Chip


@dataclass(frozen=True)
class Shown:
    """One verdict on a page."""

    key: str  #: as style sheets call it
    chip: Chip
    sign: str  #: an icon's name
    meaning: str  #: what it means for the cases


VERDICTS: Mapping[Verdict, Shown] = {
    Verdict.EXACT: Shown(
        "exact",
        Chip(later("exact"), "good"),
        "check",
        later("They stand where the new version would have led them, too."),
    ),
    Verdict.SAFE: Shown(
        "safe", Chip(later("safe"), "good"), "shield", later("All that is open has its place, and goes on to the end.")
    ),
    Verdict.WITH_PLAN: Shown(
        "with_plan",
        Chip(later("safe with the plan"), "info"),
        "edit",
        later("Likewise, by what the plan says. Look at it first."),
    ),
    Verdict.PERSON: Shown(
        "person",
        Chip(later("needs a person"), "warn"),
        "user",
        later("Somebody has to decide something before they can move."),
    ),
    Verdict.STAY: Shown(
        "stay",
        Chip(later("must stay"), "bad"),
        "lock",
        later("They end in their version, or move once they are past this place."),
    ),
}
