"""Repetition, data and ad hoc work: combinations that the probes leave out."""

from __future__ import annotations

from tests.conformance.short import (
    COMPLEX,
    GIVES_ITEM,
    TERMINATE,
    THREE,
    Model,
    ad_hoc,
    brings,
    data_object,
    drawn,
    gate,
    hands,
    loop,
    takes_gives,
    throw,
    times,
    until,
)
from tests.engine.diagrams import node, process, script, user
from tests.engine.test_other_activities import over
from tests.engine.with_events import ERROR, ESCALATION, MESSAGE, SIGNAL, boundary, end, sub

MODELS = [
    Model(
        "what begins by itself ad hoc may depend on the data",
        drawn(
            ad_hoc(node("userTask", "A", case_autoStart="= x > 1") + node("userTask", "B", case_autoStart="= x > 5")),
            "s H e",
        ),
        "= A",
        {"x": 3},
    ),
    Model(
        "what is required ad hoc may depend on the data",
        drawn(ad_hoc(node("userTask", "A", case_required="= x > 1") + user("B")) + user("Z"), "s H Z e"),
        'x < H; . {"x": 0}; < H; = Z',
        {"x": 3},
    ),
    Model(
        "how often something is done ad hoc may depend on the data",
        drawn(ad_hoc(node("userTask", "A", case_maxRepetitions="= n") + user("B")), "s H e"),
        '> H A; A; x > H A; . {"n": 2}; > H A; A; e H B',
        {"n": 1},
    ),
    Model(
        "what needs more tokens than come says so",
        drawn(node("userTask", "A", startQuantity="2"), "s A e"),
        "? error",
    ),
    Model(
        "the condition of a loop knows how many rounds were, before the first too",
        drawn(node("userTask", "A", loop("loopCounter &lt; 2", testBefore="true")) + user("Z"), "s A Z e"),
        "= A; A; = A; A; = Z",
    ),
    Model(
        "the condition of a loop knows how many rounds were, after the first",
        drawn(node("userTask", "A", loop("loopCounter &lt; 2")) + user("Z"), "s A Z e"),
        "= A;A;= A;A;= Z",
    ),
    Model(
        "a called process is repeated while its data say so",
        drawn(
            node("callActivity", "C", loop("n &lt; 3"), calledElement="q") + user("Z"),
            "s C Z e",
            more=[process(script("S", "n = n + 1"), "s S e", key="q")],
        ),
        '= Z;: {"n":3}',
        {"n": 0},
    ),
    Model(
        "an ad hoc sub-process is repeated",
        drawn(
            node(
                "adHocSubProcess",
                "H",
                loop("not done") + user("A", "B") + "<completionCondition>True</completionCondition>",
            )
            + user("Z"),
            "s H Z e",
        ),
        '> H A;A;> H B;B {"done":true};= Z',
        {"done": False},
    ),
    Model(
        "a transaction is repeated",
        drawn(sub("T", loop("n &lt; 2") + user("A"), "Ts A", tag="transaction") + user("Z"), "s T Z e"),
        'A {"n":1};= A;A {"n":2};= Z',
        {"n": 0},
    ),
    Model(
        "a boundary event ends a loop that never would",
        drawn(node("userTask", "A", loop("True")) + boundary("b", "A", MESSAGE) + user("Z"), "s A e", "b Z e"),
        "A;A;!m;= Z;Z;? completed",
    ),
    Model(
        "instances are counted by the standard's own names",
        drawn(node("userTask", "A", times(THREE + until("numberOfCompletedInstances &gt;= 2"))) + user("Z"), "s A Z e"),
        "A; A; = Z",
    ),
    Model(
        "the standard's counters are there in FEEL too",
        drawn(
            node("userTask", "A", times(THREE + until("= numberOfCompletedInstances / numberOfInstances &gt; 0.5")))
            + user("Z"),
            "s A Z e",
        ),
        "A; A; = Z",
    ),
    Model(
        "the active and terminated instances are counted too",
        drawn(
            node(
                "userTask",
                "A",
                times(THREE + until("numberOfTerminatedInstances == 0 and numberOfActiveInstances == 1")),
            )
            + user("Z"),
            "s A Z e",
        ),
        "A; = A A; A; = Z",
    ),
    Model(
        "ad hoc sub-processes follow each other, one per item",
        drawn(
            node(
                "adHocSubProcess",
                "H",
                times("<loopCardinality>2</loopCardinality>", sequential=True)
                + user("A", "B")
                + "<completionCondition>True</completionCondition>",
            )
            + user("Z"),
            "s H Z e",
        ),
        "> H A;A;> H B;B;= Z",
    ),
    Model(
        "transactions run in parallel, one per item",
        drawn(sub("T", times() + user("A"), "Ts A", tag="transaction") + user("Z"), "s T Z e"),
        "A;A;= A;A;= Z",
    ),
    Model(
        "the second instance that completes throws the event of a complex behavior",
        drawn(
            node("userTask", "A", COMPLEX) + boundary("b", "A", SIGNAL, interrupting=False) + user("Z"),
            "s A e",
            "b Z e",
        ),
        "A; = A A; A; = A Z",
    ),
    Model(
        "a sequence of calls maps each item into its process",
        drawn(
            node("callActivity", "C", GIVES_ITEM + over(sequential=True), calledElement="q") + user("Z"),
            "s C Z e",
            more=[process(user("Q"), "s Q e", key="q")],
        ),
        'td Q {"x": 1}; Q; td Q {"x": 2}; Q; = Z',
        {"items": [1, 2]},
    ),
    Model(
        "a terminate event ends its own instance in parallel",
        drawn(sub("S", over() + user("A") + end("t", TERMINATE), "Ss A t") + user("Z"), "s S Z e"),
        "= A A;A;= A;A;= Z",
        {"items": [1, 2]},
    ),
    Model(
        "each instance catches its own error",
        drawn(
            sub(
                "S",
                over() + sub("T", user("A") + end("t", ERROR), "Ts A t") + boundary("b", "T", ERROR) + user("Y"),
                "Ss T",
                "b Y",
            )
            + user("Z"),
            "s S Z e",
        ),
        "A;= A Y;A;= Y Y;Y;Y;= Z",
        {"items": [1, 2]},
    ),
    Model(
        "each instance escalates by itself",
        drawn(
            sub("S", over() + user("A") + throw("t", ESCALATION), "Ss A t")
            + boundary("b", "S", ESCALATION, interrupting=False)
            + user("Y", "Z"),
            "s S Z e",
            "b Y e",
        ),
        "A;= A Y;A;= Y Y Z",
        {"items": [1, 2]},
    ),
    Model(
        "a sequence collects its results",
        drawn(node("userTask", "A", over(sequential=True, results="outs")) + user("Z"), "s A Z e"),
        'A {"out":5};A {"out":6};= Z;: {"outs":[5,6]}',
        {"items": [1, 2]},
    ),
    Model(
        "the results so far decide whether it is enough",
        drawn(node("userTask", "A", over(results="outs", until="sum(outs) &gt;= 7")) + user("Z"), "s A Z e"),
        'A {"out":5};= A A;A {"out":6};= Z;: {"outs":[5,6]}',
        {"items": [1, 2, 3]},
    ),
    Model(
        "a loop goes over the data input that an association fills",
        drawn(
            data_object("list")
            + node(
                "userTask",
                "A",
                takes_gives(["all"])
                + brings("listR", "all_in")
                + times('<loopDataInputRef>all_in</loopDataInputRef><inputDataItem id="one" name="one"/>'),
            )
            + user("Z"),
            "s A Z e",
        ),
        '= A A; td A {"one": "a"}; A; A; = Z',
        {"list": ["a", "b"]},
    ),
    Model(
        "a loop's results go as one to the data object of its output",
        drawn(
            data_object("res")
            + node(
                "userTask",
                "A",
                takes_gives([], ["all"])
                + hands("all_out", "resR")
                + times(
                    "<loopCardinality>2</loopCardinality><loopDataOutputRef>all_out</loopDataOutputRef>"
                    '<outputDataItem id="one" name="one"/>'
                ),
            )
            + user("Z"),
            "s A Z e",
        ),
        'A {"one": 1}; A {"one": 2}; = Z; : {"res": [1, 2]}',
    ),
    Model(
        "an activity begins when as many tokens came as it needs",
        drawn(node("userTask", "A", startQuantity="2") + gate("par", "g"), "s g A e", "g A"),
        "= A;A;? completed",
    ),
    Model(
        "an activity puts out as many tokens as it says",
        drawn(node("userTask", "A", completionQuantity="2") + user("B"), "s A B e"),
        "A;= B B",
    ),
]
