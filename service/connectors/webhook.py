"""What somebody is told, posted to an address of theirs and signed as Standard Webhooks has it.

Whoever gets it can tell that it is ours, and by `webhook-id` that they have had it before.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from service.connectors import http
from service.connectors.addresses import Allowed

SECONDS = 15


def new_secret() -> str:
    """A key for one address, as its receiver's library takes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def post(url: str, payload: Mapping[str, Any], *, secret: str, key: str, now: datetime, allowed: Allowed) -> None:
    """Post `payload` as JSON, on every attempt under the same `key`. Raises `CallFailed`."""
    from standardwebhooks import Webhook

    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.astimezone(UTC).timestamp())),
        "webhook-signature": Webhook(secret).sign(key, now, text),
    }
    http.call({"url": url, "method": "POST", "headers": headers, "body": text, "timeout": SECONDS}, key, allowed)
