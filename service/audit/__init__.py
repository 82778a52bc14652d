"""The audit trail: `audit.record(case, action, by=…)` in a case's story, `audit.installation.record` in the
installation's; `audit.verify` says where a chain does not hold."""

from service.audit import installation
from service.audit.cases import add_to, digest_of, record, unsent
from service.audit.verification import Break, verify

__all__ = ["Break", "add_to", "digest_of", "installation", "record", "unsent", "verify"]
