"""Conditions, correlation, errors and escalations: combinations that the probes leave out."""

from __future__ import annotations

from tests.conformance.short import OTHER_ERROR, Model, catch, condition, conversing, drawn, gate, throw, times
from tests.engine.diagrams import flows, node, process, timer, user
from tests.engine.test_other_activities import over
from tests.engine.with_events import ANY_ERROR, ERROR, ESCALATION, MESSAGE, OTHER, boundary, end, reaction, sub

MODELS = [
    Model(
        "a message interrupts one instance at a time",
        drawn(
            node(
                "subProcess",
                "S",
                over()
                + '<startEvent id="Ss"/>'
                + user("A")
                + reaction("R", MESSAGE, user("B"), "Rs B")
                + flows("Ss A"),
            )
            + user("Z"),
            "s S Z e",
        ),
        "= A A;!m;= A B;!m;= B B;B;B;= Z",
        {"items": [1, 2]},
    ),
    Model(
        "two conditions at one boundary event count each for itself",
        drawn(
            user("A", "B") + boundary("b", "A", condition("x &gt; 1") + condition("y &gt; 1"), interrupting=False),
            "s A e",
            "b B e",
        ),
        '. {"x":2};= A B;. {"z":1};= A B;. {"y":2};= A B B;. {"z":2};= A B B',
        {"x": 0, "y": 0},
    ),
    Model(
        "two conditions that hold at once interrupt once",
        drawn(user("A", "B") + boundary("b", "A", condition("x &gt; 1") + condition("x &gt; 0")), "s A e", "b B e"),
        '. {"x":2};= B;B;? completed',
        {"x": 0},
    ),
    Model(
        "two conditions may both be needed",
        drawn(
            user("A", "B") + boundary("b", "A", condition("x &gt; 1") + condition("y &gt; 1"), parallelMultiple="true"),
            "s A e",
            "b B e",
        ),
        '. {"x":2};= A;. {"y":2};= B',
        {"x": 0, "y": 0},
    ),
    Model(
        "a condition happens again after it was false",
        drawn(user("A", "B") + boundary("b", "A", condition("x &gt; 1"), interrupting=False), "s A e", "b B e"),
        '. {"x":2};. {"x":3};= A B;. {"x":0};. {"x":5};= A B B',
        {"x": 0},
    ),
    Model(
        "an event sub-process notices what another branch writes",
        drawn(
            gate("par", "g")
            + sub("S", user("A") + reaction("R", condition("x &gt; 1"), user("C"), "Rs C", interrupting=False), "Ss A")
            + user("B"),
            "s g S e",
            "g B e",
        ),
        '= A B;B {"x":2};= A C;A;= C;C;? completed',
        {"x": 0},
    ),
    Model(
        "a condition of the caller interrupts the called process",
        drawn(
            node("callActivity", "C", calledElement="q")
            + boundary("b", "C", condition("x &gt; 1"))
            + user("Y")
            + gate("par", "g")
            + user("B"),
            "s g C e",
            "g B e",
            "b Y e",
            more=[process(user("Q"), "s Q e", key="q")],
        ),
        '= B Q;B {"x":2};= Y',
        {"x": 0},
    ),
    Model(
        "a condition sees the data object of its sub-process",
        drawn(
            sub(
                "S",
                '<dataObject id="d"/>' + gate("par", "g") + user("A", "B") + catch("c", condition("d == 1")),
                "Ss g A",
                "g c B",
            )
            + user("Z"),
            "s S Z e",
        ),
        '= A;A {"d":1};= B;B;= Z',
    ),
    Model(
        "a message finds the case whose own data fit its key",
        conversing(catch("c", MESSAGE) + user("A"), "s c A e"),
        'start a p {"orderId":1};start b p {"orderId":2};!m {"oid":2};@a = ;@b = A;x !m {"oid":3};!m {"oid":1};@a = A',
        None,
    ),
    Model(
        "a key that has no value yet fits any message",
        conversing(catch("c", MESSAGE) + user("A"), "s c A e"),
        '!m {"oid":2};= A',
    ),
    Model(
        "the key follows the data of the case",
        conversing(gate("par", "g") + user("B") + catch("c", MESSAGE) + user("A"), "s g B e", "g c A e"),
        'B {"orderId":7};x !m {"oid":3};!m {"oid":7};= A',
        {"orderId": 3},
    ),
    Model(
        "what is sent begins a conversation",
        conversing(
            node("sendTask", "S", messageRef="n", case_messagePayload="= {oid: order}")
            + catch("c", MESSAGE)
            + user("A"),
            "s S c A e",
            bound="",
        ),
        'start a p {"order": 1}; start b p {"order": 2}; !m {"oid": 2}; @a = ; @b = A',
        None,
    ),
    Model(
        "a called process goes on with the conversation of its first message",
        conversing(
            node("callActivity", "C", calledElement="q"),
            "s C e",
            bound="",
            more=process(catch("c", MESSAGE) + catch("d", OTHER) + user("A"), "s c d A e", key="q"),
        ),
        '!m {"oid": 2}; x !n {"oid": 3}; !n {"oid": 2}; = A',
    ),
    Model(
        "an escalation rises through two calls and lets them go on",
        drawn(
            node("callActivity", "C", calledElement="q")
            + boundary("b", "C", ESCALATION, interrupting=False)
            + user("Y"),
            "s C e",
            "b Y e",
            more=[
                process(node("callActivity", "D", calledElement="r"), "s D e", key="q"),
                process(throw("t", ESCALATION) + user("Q"), "s t Q e", key="r"),
            ],
        ),
        "= Q Y;Q;Y;? completed",
    ),
    Model(
        "the exact code catches an escalation before any other",
        drawn(
            sub("S", user("A") + throw("t", ESCALATION) + user("B"), "Ss A t B")
            + boundary("b1", "S", "<escalationEventDefinition/>", interrupting=False)
            + boundary("b2", "S", ESCALATION, interrupting=False)
            + user("X", "Y"),
            "s S e",
            "b1 X e",
            "b2 Y e",
        ),
        "A;= B Y",
    ),
    Model(
        "an escalation of an event sub-process goes outside",
        drawn(
            sub(
                "S",
                user("A") + reaction("R", MESSAGE, throw("t", ESCALATION) + user("B"), "Rs t B", interrupting=False),
                "Ss A",
            )
            + boundary("b", "S", ESCALATION, interrupting=False)
            + user("Y"),
            "s S e",
            "b Y e",
        ),
        "!m;= A B Y",
    ),
    Model(
        "an ad hoc sub-process escalates and goes on",
        drawn(
            node(
                "adHocSubProcess",
                "H",
                user("A") + throw("t", ESCALATION) + flows("A t") + "<completionCondition>False</completionCondition>",
            )
            + boundary("b", "H", ESCALATION, interrupting=False)
            + user("Y"),
            "s H e",
            "b Y e",
        ),
        "> H A;A;= Y;< H;= Y",
    ),
    Model(
        "an error without a code is not caught by one with",
        drawn(sub("S", end("t", ANY_ERROR), "Ss t") + boundary("b", "S", ERROR) + user("Y"), "s S e", "b Y e"),
        "? error",
    ),
    Model(
        "an error rises through a call, instances and a sub-process",
        drawn(
            sub(
                "S", node("callActivity", "C", times("<loopCardinality>2</loopCardinality>"), calledElement="q"), "Ss C"
            )
            + boundary("b", "S", ERROR)
            + user("Y"),
            "s S e",
            "b Y e",
            more=[process(user("Q") + end("t", ERROR), "s Q t", key="q")],
        ),
        "= Q Q;Q;= Y;Y;? completed",
    ),
    Model(
        "an error event sub-process takes the place of what is open ad hoc",
        drawn(
            node(
                "adHocSubProcess",
                "H",
                sub("S", user("A") + end("t", ERROR), "Ss A t")
                + user("B")
                + reaction("R", ERROR, user("C"), "Rs C")
                + "<completionCondition>False</completionCondition>",
            )
            + user("Z"),
            "s H Z e",
        ),
        "> H S;> H B;A;= C;C;= Z",
    ),
    Model(
        "an error passes the scope that catches another code",
        drawn(
            sub("O", sub("S", end("t", OTHER_ERROR), "Ss t") + boundary("b", "S", ERROR) + user("X"), "Os S", "b X")
            + boundary("b2", "O", OTHER_ERROR)
            + user("Y"),
            "s O e",
            "b2 Y e",
        ),
        "= Y",
    ),
    Model(
        "a repeated timer of a scope ends with it",
        drawn(
            sub(
                "S",
                user("A") + reaction("R", timer("R3/PT1H", "timeCycle"), user("B"), "Rs B", interrupting=False),
                "Ss A",
            )
            + user("Z"),
            "s S Z e",
        ),
        "+1h;= A B;+1h;= A B B;A;= B B;B;B;= Z;+2h;= Z",
    ),
]
