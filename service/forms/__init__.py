"""Forms: `checks` looks at a form file before it is deployed, `validation` at what was submitted."""

from __future__ import annotations

from service.forms.checks import id_of, kinds_of, reads_of, variables_of, words_of
from service.forms.outside import Outside, for_outside
from service.forms.validation import asked, initial, json_schema, names, problems, validate

__all__ = [
    "Outside",
    "asked",
    "for_outside",
    "id_of",
    "initial",
    "json_schema",
    "kinds_of",
    "names",
    "problems",
    "reads_of",
    "validate",
    "variables_of",
    "words_of",
]
