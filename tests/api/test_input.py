"""What programs send is taken in one meaning or refused, quickly and without growing."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable

from tests.api.conftest import Office, Program

MANGLED = {
    "nothing": b"",
    "no json": b"customer=Ada",
    "cut off": b'{"case_type": "loan"',
    "two values": b"{} {}",
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "not UTF-8": b'{"case_type": "\xff"}',
    "UTF-16": '{"case_type": "loan"}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"case_type": "loan"}',
    "NaN": b'{"case_type": "loan", "data": {"amount": NaN}}',
    "Infinity": b'{"case_type": "loan", "data": {"amount": -Infinity}}',
    "1e400": b'{"case_type": "loan", "data": {"amount": 1e400}}',
    "a huge whole number": b'{"case_type": "loan", "data": {"amount": ' + b"9" * 400 + b"}}",
    "beyond 2**53": b'{"case_type": "loan", "data": {"amount": 9007199254740993}}',
    "a name twice": b'{"case_type": "loan", "data": {"amount": 1, "amount": 2}}',
    "half a surrogate pair": b'{"case_type": "loan", "data": {"customer": "\\ud800"}}',
    "half a pair as name": b'{"case_type": "loan", "data": {"\\udfff": 1}}',
    "NUL": b'{"case_type": "loan", "data": {"customer": "a\\u0000b"}}',
    "NUL in the key": b'{"case_type": "loan\\u0000"}',
    "deep lists": b'{"case_type": "loan", "data": {"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "deep objects": b'{"x":' * 100_000 + b"1" + b"}" * 100_000,
    "deep without end": b"[" * 100_000,
    "51 levels": b'{"case_type": "loan", "data": {"x": ' + b"[" * 49 + b"]" * 49 + b"}}",
    "a text for an object": b'{"case_type": "loan", "data": "x"}',
    "a number for a text": b'{"case_type": 7}',
    "an unknown member": b'{"case_type": "loan", "owner": "ben"}',
    "a missing member": b"{}",
}


def test_mangled_json_is_refused_at_once(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    ann.get("/me")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for what, body in MANGLED.items():
        began = time.process_time()
        answer = ann.post("/cases", body)
        assert answer.status_code in (400, 422), (what, answer.text)
        assert answer.content_type == "application/problem+json", what
        assert time.process_time() - began < 0.2, what

    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 50  # MB
    assert ann.get("/cases").json["items"] == []


def test_fifty_megabytes_are_refused_without_being_read(office: Office, program: Callable[..., Program]) -> None:
    ann, body = program(office.ann), b'{"case_type": "' + b"x" * 50_000_000 + b'"}'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    answer = ann.post("/cases", body)

    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert answer.status_code == 413
    assert answer.content_type == "application/problem+json"
    assert grown < 50


def test_only_json_is_taken_as_json(office: Office, program: Callable[..., Program]) -> None:
    ann, body = program(office.ann), json.dumps({"case_type": "loan", "data": {"amount": 1}}).encode()
    kinds = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
    )

    answers = [ann.send("POST", "/cases", body, Content_Type=media) for media in kinds]

    assert [answer.status_code for answer in answers] == [415] * 5


def test_text_in_any_language_is_kept_as_sent(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)
    customer = "Žofie 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0001f600 \\u0000 \u2028"

    opened = ann.post("/cases", {"case_type": "loan", "data": {"customer": customer, "amount": 1}})

    assert opened.status_code == 201, opened.text
    assert ann.get(f"/cases/{opened.json['id']}").json["variables"]["customer"] == customer


QUERIES = {
    "limit=0": 400,
    "limit=-1": 400,
    "limit=201": 400,
    "limit=x": 400,
    "limit=1.0": 400,
    "limit=99999999999999999999": 400,
    "limit=10&limit=20": 400,
    "view=theirs": 400,
    "late=perhaps": 400,
    "unknown=1": 400,
    "text=%00": 400,
    "text=%ff": 200,
    "late=true&view=all&limit=200": 200,
    "case_type=loan&text=%25_%5C'": 200,
}


def test_query_parameters_are_known_and_right(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)

    answered = {query: ann.get(f"/tasks?{query}").status_code for query in QUERIES}

    assert answered == QUERIES


REFUSED = {
    ("GET", "/nowhere"): {404},
    ("GET", "/tasks/not-a-uuid"): {404},
    ("GET", "/users/a%00b"): {400, 404},  # PostgreSQL has no NUL in texts
    ("DELETE", "/tasks"): {405},
    ("TRACE", "/tasks"): {405},
    ("POST", "/tasks/01900000-0000-7000-8000-000000000000/claim"): {404},
}


def test_every_refusal_is_problem_details(office: Office, program: Callable[..., Program]) -> None:
    ada = program(office.ada)

    for (method, path), statuses in REFUSED.items():
        answer = ada.send(method, path)
        assert answer.content_type == "application/problem+json", path
        assert answer.status_code in statuses, path
        assert answer.json["status"] == answer.status_code
        assert answer.json["instance"].startswith("urn:request:")
        assert answer.status_code != 405 or answer.headers["Allow"]


def test_a_limit_out_of_range_is_told_the_range(office: Office, program: Callable[..., Program]) -> None:
    ann = program(office.ann)

    assert ann.get("/tasks?limit=-1").json["detail"] == "limit: Input should be greater than or equal to 1."
    assert ann.get("/tasks?limit=201").json["detail"] == "limit: Input should be less than or equal to 200."
