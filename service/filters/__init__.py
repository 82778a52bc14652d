"""The one language in which lists are filtered: in pages, over REST, and in saved views.

    assignee:me due:<2d (type:insurance-claim or priority:>=80) -stage:intake amount:1000..5000 "roof"

`grammar` reads the text, `fields` says what can be asked for, `reading` understands each term, `explaining` says it in
words, `completing` tells what may come next. What it means in SQL stands in queries/filtering.
"""

from service.filters.completing import Completion, completion
from service.filters.explaining import explained, people
from service.filters.fields import FACT_KINDS, Field, Kind, Known, case_fields, task_fields
from service.filters.reading import All, AnyOf, Bounds, Empty, Is, Leaf, Node, Not, leaves, read

__all__ = [
    "FACT_KINDS",
    "All",
    "AnyOf",
    "Bounds",
    "Completion",
    "Empty",
    "Field",
    "Is",
    "Kind",
    "Known",
    "Leaf",
    "Node",
    "Not",
    "case_fields",
    "completion",
    "explained",
    "leaves",
    "people",
    "read",
    "task_fields",
]
