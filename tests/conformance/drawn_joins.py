"""Gateways and joins: combinations that the probes leave out."""

from __future__ import annotations

from tests.conformance.short import (
    STARTS_WITH_ORDER,
    Model,
    ad_hoc,
    brings,
    catch,
    condition,
    data_object,
    drawn,
    gate,
    hands,
    some_of,
    takes_gives,
    throw,
)
from tests.engine.diagrams import flows, node, process, script, user, written
from tests.engine.test_other_activities import over
from tests.engine.with_events import ESCALATION, MESSAGE, ROOTS, SIGNAL, boundary, end, reaction, sub

MODELS = [
    Model(
        "a complex gateway starts over although one branch never came",
        drawn(
            gate("par", "g")
            + gate("xor", "xg", default="f3_0_xg_X")
            + user("A", "B", "X", "D")
            + some_of("j", "activationCount &gt;= 2")
            + end("xe")
            + gate("xor", "k", default="f6_0_k_e")
            + gate("xor", "mm"),
            "s mm g A j D k",
            "g B j",
            "g xg",
            "xg X j",
            "xg xe: skip",
            "k mm: again",
            "k e",
        ),
        'A;B;= D;D {"again":true,"skip":false};= A B X;A;X;= B D;B;D {"again":false};? completed',
        {"skip": True, "again": False},
    ),
    Model(
        "a complex gateway that is reset sends its late tokens another way",
        drawn(
            gate("par", "g") + user("A", "B", "C", "D", "L") + some_of("j", "activationCount &gt;= 2") + end("e2"),
            "s g A j",
            "g B j",
            "g C j",
            "j D: waitingForStart",
            "D e",
            "j L: not waitingForStart",
            "L e2",
        ),
        "A;B;= C D;C;= D L;D;L;? completed",
    ),
    Model(
        "a complex gateway counts in each instance for itself",
        drawn(
            sub(
                "S",
                over() + gate("par", "g") + user("A", "B") + some_of("j", "activationCount &gt;= 1") + user("D"),
                "Ss g A j D",
                "g B j",
            )
            + user("Z"),
            "s S Z e",
        ),
        "A;= A B B D",
        {"items": [1, 2]},
    ),
    Model(
        "an inclusive join waits for a token inside a sub-process",
        drawn(
            gate("inc", "g") + gate("inc", "j") + sub("S", user("A"), "Ss A") + user("B", "D"),
            "s g",
            "g S j D e: True",
            "g B j: True",
        ),
        "B;= A;A;= D",
    ),
    Model(
        "an inclusive gateway joins and splits at once",
        drawn(
            gate("inc", "g") + gate("inc", "h") + user("A", "B", "C", "D"),
            "s g",
            "g A h: True",
            "g B h: True",
            "h C e: c",
            "h D e: d",
        ),
        "A;B;= C D",
        {"c": True, "d": True},
    ),
    Model(
        "an inclusive join waits no longer when another event won",
        drawn(
            gate("inc", "g")
            + gate("inc", "j")
            + gate("event", "q")
            + catch("q1", MESSAGE)
            + catch("q2", SIGNAL)
            + user("B", "D"),
            "s g",
            "g q: True",
            "q q1 j D e",
            "q q2 e",
            "g B: True",
            "B j",
        ),
        "B; = ; ~sig; = D",
    ),
    Model(
        "an inclusive join waits while a branch goes round",
        drawn(
            gate("inc", "g") + gate("inc", "j") + gate("xor", "x", default="f4_0_x_j") + user("A", "B", "D"),
            "s g",
            "g A x: True",
            "g B j: True",
            "x A: again",
            "x j",
            "j D e",
        ),
        'B;= A;A {"again":true};= A;A {"again":false};= D',
        {"again": False},
    ),
    Model(
        "an assignment to a part of a variable is refused",
        drawn(
            data_object("a")
            + node(
                "userTask",
                "T",
                takes_gives([], ["y"])
                + hands("y_out", "aR", "<assignment><from>= y</from><to>a.street</to></assignment>"),
            ),
            "s T e",
        ),
        "refused",
        None,
    ),
    Model(
        "an activity gathers its tokens in each round",
        drawn(
            gate("par", "g")
            + node("userTask", "A", startQuantity="2")
            + gate("xor", "x", default="f0_3_x_e")
            + gate("par", "h"),
            "s g A x e",
            "g A",
            "x h: again",
            "h A",
            "h A",
        ),
        '= A;A {"again":true};= A;A {"again":false};? completed',
        {"again": False},
    ),
    Model(
        "an activity whose tokens never come says so",
        drawn(node("userTask", "A", startQuantity="2"), "s A e"),
        "? error",
    ),
    Model(
        "a condition in each instance sees its item",
        drawn(sub("S", over() + catch("c", condition("limit &gt; item")) + user("A"), "Ss c A") + user("Z"), "s S Z e"),
        '. {"limit":2};= A;. {"limit":3};= A A',
        {"items": [1, 2], "limit": 0},
    ),
    Model(
        "a complex gateway's condition counts the tokens of its flows",
        drawn(
            gate("par", "g") + user("A", "B", "C", "D") + some_of("j", "f0_2_A_j + f3_0_C_j &gt;= 2"),
            "s g A j D e",
            "g B j",
            "g C",
            "C j",
        ),
        "A; B; = C; C; = D",
    ),
    Model(
        "of two escalations the first interrupts",
        drawn(
            sub(
                "S",
                gate("par", "g")
                + throw("t1", ESCALATION)
                + throw("t2", ESCALATION)
                + user("A")
                + reaction("R", ESCALATION, user("X"), "Rs X"),
                "Ss g t1 A",
                "g t2",
            ),
            "s S e",
        ),
        "= X",
    ),
    Model(
        "a boundary condition sees what an event sub-process writes",
        drawn(
            user("A", "Y")
            + boundary("b", "A", condition("hot"))
            + reaction(
                "R", MESSAGE, node("scriptTask", "r", "<script>hot = True</script>"), "Rs r", interrupting=False
            ),
            "s A e",
            "b Y e",
        ),
        "!m;= Y",
        {"hot": False},
    ),
    Model(
        "joins of a sub-process that runs twice do not mix",
        drawn(
            gate("par", "g")
            + sub("S", gate("par", "h") + gate("par", "j") + user("A", "B", "C"), "Ss h A j C", "h B j")
            + user("Z"),
            "s g S Z e",
            "g S",
        ),
        "= A A B B;A;B;= A B C;A;B;= C C",
        {},
    ),
    Model(
        "an assignment may name the input by its id",
        drawn(
            data_object("a")
            + node(
                "userTask",
                "T",
                takes_gives(["x"])
                + brings("aR", "x_in", "<assignment><from>= a.street</from><to>x_in</to></assignment>"),
            ),
            "s T e",
        ),
        'td T {"x":"Main"}',
        {"a": {"street": "Main"}},
    ),
    Model(
        "two data objects are transformed into one input",
        drawn(
            data_object("a")
            + data_object("b")
            + node(
                "userTask",
                "T",
                takes_gives(["x"])
                + brings("aR</sourceRef><sourceRef>bR", "x_in", "<transformation>= a + b</transformation>"),
            ),
            "s T e",
        ),
        'td T {"x": 3}',
        {"a": 1, "b": 2},
    ),
    Model(
        "a data object hides another of the same name around it",
        drawn(
            '<dataObject id="d0" name="d"/>'
            + sub("S", '<dataObject id="d1" name="d"/>' + node("scriptTask", "w", "<script>d = 1</script>"), "Ss w")
            + user("Z"),
            "s S Z e",
        ),
        'td Z {"d":7}',
        {"d": 7},
    ),
    Model(
        "a message that begins a case fills its data object",
        written(
            '<process id="p" isExecutable="true">'
            + data_object("order")
            + STARTS_WITH_ORDER
            + user("A")
            + flows("ms A")
            + "</process>",
            roots=ROOTS,
        ),
        '!m i {"n": 1}; = A; : {"order": {"n": 1}, "n": "__absent__"}',
        None,
    ),
    Model(
        "data objects go through a called process and back",
        drawn(
            data_object("a")
            + data_object("b")
            + node(
                "callActivity",
                "C",
                takes_gives(["x"], ["y"]) + brings("aR", "x_in") + hands("y_out", "bR"),
                calledElement="q",
            )
            + user("Z"),
            "s C Z e",
            more=[process(takes_gives(["x"], ["y"]) + script("w", "y = x + 1"), "s w e", key="q")],
        ),
        '= Z; : {"b": 6}',
        {"a": 5},
    ),
    Model(
        "one at a time holds for what follows an activity too",
        drawn(ad_hoc(user("A", "B", "C") + flows("A B"), ordering="Sequential") + user("Z"), "s H Z e"),
        "> H A;x > H C;A;= B;x > H C;B;e H A C",
        {},
    ),
    Model(
        "what is left open in an ad hoc sub-process goes on to its end",
        drawn(
            ad_hoc(user("A", "B", "C") + flows("B C"), "done", cancelRemainingInstances="false") + user("Z"), "s H Z e"
        ),
        '> H A;> H B;A {"done":true};= B;B;= C;C;= Z',
        {"done": False},
    ),
]
