"""Events in scopes, timers and links: combinations that the probes leave out."""

from __future__ import annotations

from tests.conformance.short import CANCEL, UNDO, Model, catch, drawn, gate, link, throw, undoable
from tests.engine.diagrams import node, process, timer, user
from tests.engine.test_other_activities import over
from tests.engine.with_events import ERROR, ESCALATION, MESSAGE, OTHER, SIGNAL, boundary, end, reaction, sub

MODELS = [
    Model(
        "an event sub-process cancels its transaction",
        drawn(
            sub("T", user("A") + reaction("R", MESSAGE, end("x", CANCEL), "Rs x"), "Ts A", tag="transaction")
            + boundary("b", "T", CANCEL)
            + user("Y"),
            "s T e",
            "b Y e",
        ),
        "!m;= Y",
    ),
    Model(
        "an inner scope is interrupted, the outer goes on",
        drawn(
            sub("O", sub("S", user("A") + reaction("R", MESSAGE, user("B"), "Rs B"), "Ss A") + user("C"), "Os S C")
            + user("Z"),
            "s O Z e",
        ),
        "!m;= B;B;= C;C;= Z",
    ),
    Model(
        "each run of an event sub-process has its own data object",
        drawn(
            user("A")
            + reaction(
                "R",
                SIGNAL,
                '<dataObject id="d"/>' + user("B") + node("scriptTask", "r", "<script>out = out + [d]</script>"),
                "Rs B r",
                interrupting=False,
            ),
            "s A e",
        ),
        '~sig;~sig;B {"d":1};B {"d":2};A;? completed;: {"out":[1,2],"d":"__absent__"}',
        {"out": []},
    ),
    Model(
        "a repeated timer watches a called process",
        drawn(
            node("callActivity", "C", calledElement="q")
            + boundary("b", "C", timer("R2/PT1H", "timeCycle"), interrupting=False)
            + user("Y"),
            "s C e",
            "b Y e",
            more=[process(user("A"), "s A e", key="q")],
        ),
        "+1h;+1h;+1h;= A Y Y;A;= Y Y",
    ),
    Model(
        "of two boundary events one takes the message",
        drawn(
            user("A", "X", "Y") + boundary("b", "A", MESSAGE) + boundary("c", "A", MESSAGE), "s A e", "b X e", "c Y e"
        ),
        "!m;= X",
    ),
    Model(
        "two who wait for a message get one each",
        drawn(
            gate("par", "g")
            + user("A", "Y", "C")
            + catch("c", MESSAGE)
            + boundary("b", "A", MESSAGE, interrupting=False),
            "s g A e",
            "g c C e",
            "b Y e",
        ),
        "!m;!m;= A C Y",
    ),
    Model(
        "a boundary event that leads nowhere ends its token",
        drawn(user("A", "Z") + boundary("b", "A", MESSAGE), "s A Z e"),
        "!m;? completed",
    ),
    Model(
        "a cycle may be given by its end",
        drawn(
            user("A", "B") + boundary("b", "A", timer("R2/PT1H/2026-03-01T12:00:00Z", "timeCycle"), interrupting=False),
            "s A e",
            "b B e",
        ),
        "+24h;= A B B",
    ),
    Model(
        "rounds of a timer that were past before it began are left out",
        drawn(
            user("A", "B") + boundary("b", "A", timer("R/2025-01-01T09:30:00Z/PT1H", "timeCycle"), interrupting=False),
            "s A e",
            "b B e",
        ),
        "+0s;= A;+30m;= A B",
    ),
    Model(
        "rounds that are past count",
        drawn(
            user("A", "B") + boundary("b", "A", timer("R3/2026-03-01T07:30:00Z/PT1H", "timeCycle"), interrupting=False),
            "s A e",
            "b B e",
        ),
        "+0s;= A;+30m;= A B;+1h;= A B",
    ),
    Model(
        "a day has 23 hours when summer begins",
        drawn(
            user("A", "B")
            + boundary("b", "A", timer("R2/2026-03-28T09:00[Europe/Berlin]/P1D", "timeCycle"), interrupting=False),
            "s A e",
            "b B e",
        ),
        "+26d 22h 59m 59s;= A;+1s;= A B;+23h;= A B B",
    ),
    Model(
        "a day has 25 hours when summer ends",
        drawn(
            user("A", "B")
            + boundary("b", "A", timer("R2/2026-10-24T09:00[Europe/Berlin]/P1D", "timeCycle"), interrupting=False),
            "s A e",
            "b B e",
        ),
        "+236d 22h;= A B;+24h 59m 59s;= A B;+1s;= A B B",
    ),
    Model(
        "two link throws put two tokens at their catch",
        drawn(
            gate("par", "g") + throw("a", link("L")) + throw("b", link("L")) + catch("c", link("L")) + user("A"),
            "s g a",
            "g b",
            "c A e",
        ),
        "= A A",
    ),
    Model(
        "a link leads back",
        drawn(
            user("A") + gate("xor", "g", default="f0_2_g_e") + throw("a", link("L")) + catch("c", link("L")),
            "s A g e",
            "g a: again",
            "c A",
        ),
        'A {"again":true};= A;A {"again":false};? completed',
    ),
    Model(
        "one cancelled instance of a transaction leaves by its boundary event",
        drawn(
            sub(
                "T",
                over() + user("A") + gate("xor", "g", default="f0_2_g_ok") + end("ok") + end("x", CANCEL),
                "Ts A g ok",
                "g x: bad",
                tag="transaction",
            )
            + boundary("b", "T", CANCEL)
            + user("Y"),
            "s T e",
            "b Y e",
        ),
        'A {"bad":true};= Y',
        {"items": [1, 2], "bad": False},
    ),
    Model(
        "an event-based gateway waits anew in each round",
        drawn(
            gate("xor", "x") + gate("event", "g") + catch("a", MESSAGE) + catch("b", OTHER) + user("A"),
            "s x g a A x",
            "g b e",
        ),
        "!m;= A;A;!m;= A;A;!n;? completed",
    ),
    Model(
        "a signal does not wait for who comes later",
        drawn(catch("c", SIGNAL) + user("A") + user("B"), "s B c A e"),
        "~sig;B;= ;~sig;= A",
    ),
    Model(
        "a boundary timer counts anew in each round",
        drawn(
            gate("xor", "x")
            + gate("xor", "y", default="f0_3_y_e")
            + sub("S", user("A"), "Ss A")
            + boundary("b", "S", timer("PT1H"), interrupting=False)
            + user("R"),
            "s x S y e",
            "y x: again",
            "b R e",
        ),
        '+30m;A {"again":true};+30m;= A;+30m;= A R',
        {"again": False},
    ),
    Model(
        "an end event throws a message and an escalation",
        drawn(
            sub("S", user("A") + end("x", MESSAGE + ESCALATION), "Ss A x")
            + boundary("b", "S", ESCALATION, interrupting=False)
            + user("Y", "Z", "C")
            + gate("par", "g")
            + catch("c", MESSAGE),
            "s g S Z e",
            "g c C e",
            "b Y e",
        ),
        "A;= C Y Z",
    ),
    Model(
        "an error event sub-process undoes what its scope did",
        drawn(
            sub(
                "S",
                user("A")
                + undoable("A")
                + end("x", ERROR)
                + reaction("R", ERROR, throw("t", UNDO) + user("H"), "Rs t H"),
                "Ss A x",
            )
            + user("Z"),
            "s S Z e",
        ),
        'A;= H;: {"log":["A"]}',
        {"log": []},
    ),
    Model(
        "an ad hoc sub-process inside another ends both",
        drawn(
            node(
                "adHocSubProcess",
                "H",
                node("adHocSubProcess", "I", user("A") + "<completionCondition>True</completionCondition>")
                + user("B")
                + "<completionCondition>done</completionCondition>",
            )
            + user("Z"),
            "s H Z e",
        ),
        '> H I;> I A;A {"done":true};= Z',
        {"done": False},
    ),
    Model(
        "each instance waits at its own event-based gateway",
        drawn(
            sub(
                "S",
                over() + gate("event", "g") + catch("a", MESSAGE) + catch("b", timer("PT1H")) + user("A", "B"),
                "Ss g a A",
                "g b B",
            ),
            "s S e",
        ),
        "!m;= A;+1h;= A B",
        {"items": [1, 2]},
    ),
    Model(
        "an error of a called process's event sub-process reaches the caller",
        drawn(
            node("callActivity", "C", calledElement="q") + boundary("b", "C", ERROR) + user("Y"),
            "s C e",
            "b Y e",
            more=[process(user("Q") + reaction("R", MESSAGE, end("t", ERROR), "Rs t"), "s Q e", key="q")],
        ),
        "!m;= Y",
    ),
]
