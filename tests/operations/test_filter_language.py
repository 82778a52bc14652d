"""The language of filters: what is wrong is told at its word, what is right is said in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import filters
from service.errors import BadFilter
from service.filters import Kind, Known

NOW = datetime(2026, 11, 30, 14, 0, tzinfo=ZoneInfo("Europe/Berlin"))
FIELDS = filters.task_fields(
    Known(
        types={"insurance-claim": "Insurance claim"},
        stages={"assessment": "Assessment", "intake": "Intake"},
        roles={"reviewer": "Reviewer"},
        facts={"amount": (Kind.NUMBER,), "city": (Kind.TEXT,), "lossDate": (Kind.DATE,), "due": (Kind.DATE,)},
    )
)


def said(text: str) -> str:
    node = filters.read(text, FIELDS, NOW)
    assert node is not None
    return filters.explained(node, {"ada": "Ada Lovelace"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("assignee:me due:<2d", "assignee you, and due before 2 Dec 2026, 14:00"),
        ('type:"Insurance claim" amount:>1000', "case type Insurance claim, and amount over 1,000"),
        ('"roof" x', "with the words “roof”, and with the words “x”"),
        ("a or b -c", "with the words “a” or with the words “b”, and without the words “c”"),
        ("(a OR b) not c", "(with the words “a” or with the words “b”), and without the words “c”"),
        ("-(a or b)", "not (with the words “a” or with the words “b”)"),
        ("state:(free, held)", "it is free or held"),
        ("created:<2d", "there since after 28 Nov 2026, 14:00"),
        ("created:2d..5d", "there since from 25 Nov 2026, 14:00 to 28 Nov 2026, 14:00"),
        ("due:today..2026-12-24", "due from 30 Nov 2026 until 25 Dec 2026"),
        ("due:≥2026-12", "due from 1 Dec 2026"),
        ("due:<=2026", "due before 1 Jan 2027"),
        ("due:overdue", "due before 30 Nov 2026, 14:00"),
        ("due:none -owner:any", "due: none, and owner of the case: none"),
        ("amount:..5 amount:3..", "amount at most 5, and amount at least 3"),
        ("priority:high priority:>=high", "priority from 70 to 89, and priority at least 70"),
        ("candidate:ada role.reviewer:ADA", "candidate Ada Lovelace, and role reviewer ADA"),
        ("city:ber*", "city beginning with “ber”"),
        ("fact.due:none", "due: none"),
        ("DUE:now..1d", "due from 30 Nov 2026, 14:00 to 1 Dec 2026, 14:00"),
    ],
)  # fmt: skip
def test_a_filter_is_said_in_words(text: str, words: str) -> None:
    assert said(text) == words


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        ("type:insurance-claim amnt:>3", "amnt", "There is no “amnt” to filter by. Did you mean amount?"),
        ("fact.losDate:2026", "fact.losDate", "to filter by. Did you mean fact.lossDate?"),
        ("stage:asessment", "asessment", "There is no stage “asessment”. Did you mean assessment?"),
        ("stage:x", "x", "There is no stage “x”. There are: assessment, intake."),
        ("a amount:>x", "x", "“x” is no number. Write a number, such as amount:>1000"),
        ("due:", "due:", "What should due be?"),
        ("due:< ", "due:<", "What should due be?"),
        ("due:2d", "2d", "“2d” is no time that fits here. Write due:today"),
        ("due:2026-13-45", "2026-13-45", "is no time"),
        ("due:9999", "9999", "is no time"),
        ('a "roof', '"roof', "This text has no end."),
        ("(a or b", "(a or b", "A parenthesis has no end."),
        ("a ) b", ")", "This parenthesis was not begun."),
        ("a or", "r", "Something is missing at the end."),
        ("assignee:<me", "assignee", "assignee cannot be compared."),
        ("role.revewer:ada", "role.revewer", "Did you mean role.reviewer?"),
        ("amount:5..3", "5..3", "This range ends before it begins."),
        ('""', '""', "This text is empty."),
        ("assignee:" + '"a b"', '"a b"', "“a b” is no name."),
        ("state:(free,)", ")", "Something is missing before this parenthesis."),
        ("(" * 9 + "a" + ")" * 9, "(", "Parentheses may stand 8 deep."),
        ("-" * 9 + "a", "-" * 9, "may stand 8 deep."),
        ("a " * 31, "a " * 31, "A filter may ask for 30 things; this asks for 31."),
        ("case:(" + ",".join("x" * 31) + ")", "x", "A list may have 30 values; this has 31."),
        ("a" * 1001, "a", "A filter may have 1000 characters; this has 1001."),
    ],
)
def test_what_is_wrong_is_told_at_its_word(text: str, word: str, message: str) -> None:
    with pytest.raises(BadFilter) as caught:
        filters.read(text, FIELDS, NOW)

    assert message in str(caught.value)
    assert text[caught.value.start : caught.value.end] == word


@given(st.text(st.sampled_from('ab19 :.<>=()",-*≥\\%_ornotdue amount'), max_size=60))
def test_any_text_is_a_filter_or_told_where_it_is_none(text: str) -> None:
    try:
        node = filters.read(text, FIELDS, NOW)
    except BadFilter as wrong:
        assert 0 <= wrong.start < wrong.end <= len(text)
        assert str(wrong)
    else:
        assert node is None or filters.explained(node)
