"""A large installation, made in minutes, and what its lists cost: `make bench-large`.

A few real cases of every shipped type are opened and worked on through the operations (originals.py); their rows become
patterns with gaps (patterns.py, families.py), which are filled anew for each copy, audit hashes and seals included
(copies.py), and written in bulk (writing.py). `generate.py` puts it together, `measure.py` measures.
"""
