"""What finds a part of a word among many cases: the groups of three letters of each case's text, kept by triggers.

The databases keep it themselves, whoever writes `case.search_text`; on PostgreSQL in an inverted index over arrays (of
its extensions not even pg_trgm has to be there), on SQLite in its full-text search. Neither has a row of its own in
`models`: they are asked by queries/search.py only, and made by `create`, which may be run again at any time.
"""

from __future__ import annotations

import sqlalchemy as sa

from service.db import Identifier
from service.models.cases import Case

AT_ONCE = 2000  #: cases that are filled in by one statement

POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION case_search_grams(text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr($1, place, 3)), '{}')
    FROM generate_series(1, length($1) - 2) AS place $$""",
    """CREATE TABLE IF NOT EXISTS case_search (
    case_id uuid PRIMARY KEY REFERENCES "case" ON DELETE CASCADE, grams text[] COLLATE "C" NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS ix_case_search_grams ON case_search USING gin (grams)",
    """CREATE OR REPLACE FUNCTION case_search_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO case_search VALUES (new.id, case_search_grams(new.search_text))
    ON CONFLICT (case_id) DO UPDATE SET grams = excluded.grams; RETURN NULL; END $$""",
    """CREATE OR REPLACE TRIGGER case_search_begin AFTER INSERT ON "case"
    FOR EACH ROW EXECUTE FUNCTION case_search_keep()""",
    """CREATE OR REPLACE TRIGGER case_search_change AFTER UPDATE OF search_text ON "case"
    FOR EACH ROW WHEN (old.search_text IS DISTINCT FROM new.search_text) EXECUTE FUNCTION case_search_keep()""",
)
SQLITE = (
    """CREATE TABLE IF NOT EXISTS case_search (
    id INTEGER PRIMARY KEY, case_id BLOB NOT NULL UNIQUE REFERENCES "case" ON DELETE CASCADE, text VARCHAR NOT NULL)""",
    """CREATE VIRTUAL TABLE IF NOT EXISTS case_search_grams
    USING fts5(text, content = 'case_search', content_rowid = 'id', tokenize = 'trigram')""",
    """CREATE TRIGGER IF NOT EXISTS case_search_begin AFTER INSERT ON "case" BEGIN
    INSERT INTO case_search (case_id, text) VALUES (new.id, new.search_text); END""",
    """CREATE TRIGGER IF NOT EXISTS case_search_change AFTER UPDATE OF search_text ON "case"
    WHEN old.search_text IS NOT new.search_text BEGIN
    UPDATE case_search SET text = new.search_text WHERE case_id = new.id; END""",
    """CREATE TRIGGER IF NOT EXISTS case_search_added AFTER INSERT ON case_search BEGIN
    INSERT INTO case_search_grams (rowid, text) VALUES (new.id, new.text); END""",
    """CREATE TRIGGER IF NOT EXISTS case_search_gone AFTER DELETE ON case_search BEGIN
    INSERT INTO case_search_grams (case_search_grams, rowid, text) VALUES ('delete', old.id, old.text); END""",
    """CREATE TRIGGER IF NOT EXISTS case_search_changed AFTER UPDATE ON case_search BEGIN
    INSERT INTO case_search_grams (case_search_grams, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO case_search_grams (rowid, text) VALUES (new.id, new.text); END""",
)
FILL = {
    "postgresql": "INSERT INTO case_search SELECT id, case_search_grams(search_text)",
    "sqlite": "INSERT INTO case_search (case_id, text) SELECT id, search_text",
}
DROP = {
    "postgresql": (
        'DROP TRIGGER case_search_begin ON "case"',
        'DROP TRIGGER case_search_change ON "case"',
        "DROP TABLE case_search",
        "DROP FUNCTION case_search_keep, case_search_grams",
    ),
    "sqlite": (
        "DROP TRIGGER case_search_begin",
        "DROP TRIGGER case_search_change",
        "DROP TABLE case_search_grams",
        "DROP TABLE case_search",
    ),
}


def create(connection: sa.Connection) -> None:
    """Make what is missing of it; the triggers too, which SQLite forgets when a revision makes `case` anew."""
    for statement in POSTGRESQL if connection.dialect.name == "postgresql" else SQLITE:
        connection.exec_driver_sql(statement)


def fill(connection: sa.Connection) -> None:
    """Take in the cases that were there before it."""
    cases, last = sa.table("case", sa.column("id", Identifier)), None
    filling = f'{FILL[connection.dialect.name]} FROM "case" WHERE id'  # of the texts above
    while True:
        batch = sa.select(cases.c.id).order_by(cases.c.id).limit(AT_ONCE)
        ids = connection.execute(batch if last is None else batch.where(cases.c.id > last)).scalars().all()
        if not ids:
            return
        bounds = sa.text(f"{filling} BETWEEN :first AND :last").bindparams(
            sa.bindparam("first", ids[0], Identifier), sa.bindparam("last", ids[-1], Identifier)
        )
        connection.execute(bounds)
        last = ids[-1]


def drop(connection: sa.Connection) -> None:
    for statement in DROP[connection.dialect.name]:
        connection.exec_driver_sql(statement)


@sa.event.listens_for(Case.__table__, "after_create")
def _with_the_table(_table: object, connection: sa.Connection, **_: object) -> None:
    create(connection)
