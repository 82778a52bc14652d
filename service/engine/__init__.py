"""BPMN execution on SpiffWorkflow: definitions in, open work out. Imports nothing else of the service.

`parser.parse` makes definitions of files, `workflow.Workflow` runs one, `work` says what it waits for.

What runs are SpiffWorkflow's own tasks, task specs and workflow (`upstream`), arranged in our way: a task's parent in
the tree is what *encloses* it, not what came before it, and a task leaves the tree as it finishes. So the tree holds
what is open and nothing else: a case costs the same in its first round and its ten-thousandth, joins count tokens that
are there rather than a history, cancelling a scope is cancelling a branch of the tree, and nothing needs compacting.
"""

from __future__ import annotations

from service.engine import upstream

upstream.check()
