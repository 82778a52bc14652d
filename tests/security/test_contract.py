"""The API keeps its word: whatever is sent, what comes back is what the OpenAPI document says.

`CONTRACT_EXAMPLES` is how many requests each operation gets on each database, half of them well-formed; 200 and more
in `make chaos`.
"""

from __future__ import annotations

import contextvars
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import hypothesis
import schemathesis
from flask import Flask
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from service.api import examples, openapi
from service.db import db
from service.http import protection
from tests.api.conftest import Office, Program, without_limits
from tests.security.test_access import World, build

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "8"))
NOT_HELD = [
    positive_data_acceptance,  # JSON Schema cannot say that a case type has to exist or a form's rules to hold
    ignored_auth,  # test_access.py asks every route without and with dead tokens
]
#: In a form every part is text: what breaks its type as JSON, such as null, is a right text when it arrives.
NOT_HELD_OF_FORMS = [*NOT_HELD, negative_data_rejection]
OWN = frozenset({"/tokens/{token_id}"})  #: would end the token that this test sends


def test_the_document_is_valid_openapi_and_complete(
    app: Flask, office: Office, program: Callable[..., Program]
) -> None:
    document = program(None).get("/openapi.json").json

    validate(document)
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    routed = {
        (method, openapi_path(rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and not rule.endpoint.startswith("api.openapi.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routed
    for path, item in document["paths"].items():
        for operation in item.values():
            assert operation["summary"].endswith("."), path
            assert operation["operationId"]
            assert all(parameter["description"] for parameter in operation["parameters"]), path


def test_every_body_has_an_example_that_would_be_taken(app: Flask) -> None:
    assert app.blueprints["api"]
    for operation in openapi._operations:
        if operation.body is not None:
            given = dict(examples.BODIES[operation.body])
            assert (
                operation.body.model_validate(given).model_dump(by_alias=True, exclude_unset=True, mode="json") == given
            )


def openapi_path(rule: str) -> str:
    return rule.removeprefix(openapi.PREFIX).replace("<uuid:", "{").replace("<", "{").replace(">", "}")


def test_the_documentation_page_leads_to_the_document_and_runs_no_script_of_its_own(
    program: Callable[..., Program],
) -> None:
    page = program(None).send("GET", "/docs")

    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"] == protection.HEADERS["Content-Security-Policy"]
    assert 'data-document="/api/v1/openapi.json"' in page.text and '<a href="/api/v1/openapi.json">' in page.text
    assert "<noscript>" in page.text and "Authorization: Bearer $TOKEN" in page.text
    assert "<script>" not in page.text and "style=" not in page.text


def test_every_noun_of_the_document_is_explained(app: Flask) -> None:
    described = openapi.document()
    used = {each["tags"][0] for path in described["paths"].values() for each in path.values()}

    assert app.blueprints["api"]
    assert {tag["name"] for tag in described["tags"]} == used == set(openapi.TAGS)
    assert not any("`" in each["summary"] for path in described["paths"].values() for each in path.values())


def test_answers_keep_to_the_document(app: Flask, office: Office, program: Callable[..., Program], person: Any) -> None:
    without_limits(app)
    caller = program(person("all", "clerks", "managers", admin=True))
    world = build(app, office)
    schema = schemathesis.openapi.from_dict(openapi.document())
    schema.app = app
    seen: Counter[int] = Counter()
    broken: list[str] = []

    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not can_be_wrong(operation):
                continue
            try:
                contextvars.Context().run(ask, operation, mode, caller, world, seen)
            except FailureGroup as error:
                broken.append(f"{operation.label}, {mode.value}: {error}")

    assert broken == [], "\n\n".join(broken)
    assert seen[200] and seen[201] and seen[404] and seen[409] and seen[422], seen
    assert not any(status >= 500 for status in seen), seen


def ask(operation: Any, mode: GenerationMode, caller: Program, world: World, seen: Counter[int]) -> None:
    """Send what hypothesis thinks of, on things that exist as often as not."""
    known = contextvars.copy_context().run(known_values, caller, world)

    @hypothesis.settings(
        max_examples=max(1, EXAMPLES // 2),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), exists=st.booleans())
    def run(case: Any, exists: bool) -> None:
        if exists and mode is GenerationMode.POSITIVE and operation.path not in OWN:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = known[name]
        headers = {"Authorization": f"Bearer {caller.token}"}
        response = contextvars.Context().run(case.call, headers=headers)
        seen[response.status_code] += 1
        not_held = NOT_HELD_OF_FORMS if case.media_type == "multipart/form-data" else NOT_HELD
        case.validate_response(response, excluded_checks=not_held, headers=headers)

    run()


def known_values(caller: Program, world: World) -> dict[str, str]:
    """Values for every path parameter, of things that are there."""
    with caller.app.app_context():
        found = {**world.parameters("claim"), "name": "zoe", "user": "zoe"}
        db.session.remove()
    return found


def can_be_wrong(operation: Any) -> bool:
    return bool(operation.body) or bool(operation.query) or bool(operation.headers)
