"""The demo: people, and cases as they would have come about. Nothing of it exists outside `casewright demo`."""
