"""How much a page or an answer makes of what somebody wrote: small input must not become huge output.

Every bound that is about showing stands here; what may be sent and kept is bounded where it comes in (config,
operations, engine/limits).
"""

from __future__ import annotations

# --- Markdown, of one text; one beyond these is shown as it was typed
CELLS = 4_000  #: of all tables: a table completes short rows, so that two characters become a row of any width
DEPTH = 20  #: lists and quotes within each other
LINKS = 300  #: one address may be named once and referred to with three characters
OUTPUT = 120_000  #: characters of HTML; six for each that a note may have
KEPT = 128  #: texts whose HTML a process keeps, 15 MB at most

# --- values of a case, in facts and in the timeline; what is left out is counted
COLUMNS = 30  #: of a table of records; those of all its rows together are its columns
ROWS = 200  #: of a table or list, and differences inside one value
TEXT = 10_000  #: characters of a value in one line
NESTED = 8  #: lists and records within each other
