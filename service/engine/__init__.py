"""BPMN execution on SpiffWorkflow: definitions in, open work out. Imports nothing else of the service.

`parser.parse` makes definitions of files; `workflow.Workflow` runs one; `work` says what it waits for.
"""

from __future__ import annotations

from service.engine import upstream

upstream.check()
