"""REHEARSING: a case type run with the real engine and nothing else: no database, no mails, no connectors, no jobs.

`world` reads the files, `sandbox` runs cases of them in memory, `acts` are what can be done there, `examples` are tests
written down as YAML, `coverage` says what they came by, `sampling` and `searching` find tests for what they did not.

The rule to know: nothing in this room may import what reaches beyond memory (a contract in pyproject.toml holds it), so
that what is tried never touches a real case.
"""
