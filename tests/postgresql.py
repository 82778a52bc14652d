"""PostgreSQL databases that tests use one after the other: each finds what it would find in a new one.

To make a database takes the server a tenth of a second, and to drop it again a fiftieth; to put its rows back takes a
two-hundredth. A database whose tables a test has changed is dropped.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import psycopg
import sqlalchemy as sa

#: In a prepared database: remembers its rows, the state of its sequences and what its tables look like.
KEEP = """
CREATE SCHEMA kept;
CREATE VIEW kept.looks AS
  SELECT md5(string_agg(concat_ws(' ', n.nspname, c.relname, c.relkind, a.attname, a.atttypid, a.attnotnull), ','
                        ORDER BY n.nspname, c.relname, a.attname)) AS looks
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE n.nspname IN ('public', 'dbos');
CREATE TABLE kept.looked AS TABLE kept.looks;
CREATE TABLE kept.positions AS
  SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) AS sequence, start_value, last_value
  FROM pg_sequences;
DO $$
DECLARE name record; filled boolean;
BEGIN
  FOR name IN SELECT schemaname AS space, tablename AS own FROM pg_tables WHERE schemaname IN ('public', 'dbos') LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', name.space, name.own) INTO filled;
    IF filled THEN
      EXECUTE format('CREATE TABLE kept.%I AS TABLE %I.%I', name.space || '.' || name.own, name.space, name.own);
    END IF;
  END LOOP;
END $$;
CREATE PROCEDURE kept.put_back() LANGUAGE plpgsql AS $$
DECLARE name record;
BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
  SET LOCAL session_replication_role = replica;  -- no foreign keys, no triggers
  FOR name IN SELECT relid AS id, pg_relation_size(relid) AS size FROM pg_statio_user_tables
    WHERE schemaname IN ('public', 'dbos') AND pg_relation_size(relid) > 0 LOOP
    IF name.size > 100000 THEN
      EXECUTE format('TRUNCATE %s CASCADE', name.id::regclass);
    ELSE
      EXECUTE format('DELETE FROM %s', name.id::regclass);
    END IF;
  END LOOP;
  FOR name IN SELECT tablename AS whole, split_part(tablename, '.', 1) AS space, split_part(tablename, '.', 2) AS own
    FROM pg_tables WHERE schemaname = 'kept' AND tablename LIKE '%.%' LOOP
    EXECUTE format('INSERT INTO %I.%I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%I',
                   name.space, name.own, name.whole);
  END LOOP;
  PERFORM setval(sequence::regclass, coalesce(last_value, start_value), last_value IS NOT NULL) FROM kept.positions;
END $$;
"""


class Databases:
    """Copies of prepared databases on one server."""

    def __init__(self) -> None:
        self.free: dict[sa.URL, list[tuple[sa.URL, psycopg.Connection]]] = {}  #: by what they are copies of

    @contextmanager
    def one_like(self, prepared: sa.URL) -> Iterator[sa.URL]:
        """The address of a database that is like `prepared` was when this was asked for first, and nobody else's."""
        if prepared not in self.free:
            on_server(prepared, f"DROP SCHEMA IF EXISTS kept CASCADE; {KEEP}")
            self.free[prepared] = []
        url, connection = self.free[prepared].pop() if self.free[prepared] else _copy(prepared)
        yield url
        if connection.execute("SELECT l.looks = k.looks FROM kept.looks l, kept.looked k").fetchone() == (True,):
            connection.execute("CALL kept.put_back()")
            self.free[prepared].append((url, connection))
        else:
            connection.close()
            _drop(url)

    def close(self) -> None:
        """End all connections."""
        for _url, connection in chain.from_iterable(self.free.values()):
            connection.close()


@contextmanager
def new_one_like(prepared: sa.URL) -> Iterator[sa.URL]:
    """The address of a new database that is like `prepared`; whoever uses it in the end is thrown out."""
    url, connection = _copy(prepared)
    connection.close()
    yield url
    _drop(url)


def on_server(url: sa.URL, statement: str) -> None:
    """Execute `statement` in the database at `url`, outside of any transaction."""
    with _connected(url) as connection:
        connection.execute(statement)


def _copy(prepared: sa.URL) -> tuple[sa.URL, psycopg.Connection]:
    url = prepared.set(database=f"test_{uuid.uuid4().hex}")
    on_server(prepared.set(database="postgres"), f"CREATE DATABASE {url.database} TEMPLATE {prepared.database}")
    return url, _connected(url)


def _drop(url: sa.URL) -> None:
    on_server(url.set(database="postgres"), f"DROP DATABASE {url.database} WITH (FORCE)")


def _connected(url: sa.URL) -> psycopg.Connection:
    return psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True)
