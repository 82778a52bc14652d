"""Compensation: combinations that the probes leave out."""

from __future__ import annotations

from tests.conformance.short import CANCEL, UNDO, Model, drawn, gate, notes, throw, undo, undoable, undoing
from tests.engine.diagrams import node, process, user
from tests.engine.test_other_activities import over
from tests.engine.with_events import MESSAGE, boundary, end, reaction, sub

MODELS = [
    Model(
        "a compensation event sub-process has what it belongs to undone",
        drawn(
            sub(
                "S",
                user("A")
                + undoable("A")
                + undoing("R", notes("r1", "'R'") + throw("rt", UNDO) + notes("r2", "'E'"), "Rs r1 rt r2"),
                "Ss A",
            )
            + throw("t", UNDO)
            + user("Z"),
            "s S t Z e",
        ),
        'A;= Z;: {"log":["R","A","E"]}',
        {"log": []},
    ),
    Model(
        "a compensation event sub-process has one activity undone",
        drawn(
            sub(
                "S",
                user("A", "B") + undoable("A") + undoable("B") + undoing("R", throw("rt", undo("A")), "Rs rt"),
                "Ss A B",
            )
            + throw("t", UNDO)
            + user("Z"),
            "s S t Z e",
        ),
        'A;B;= Z;: {"log":["A"]}',
        {"log": []},
    ),
    Model(
        "a compensation event sub-process takes the place of what would be undone",
        drawn(
            sub("S", user("A") + undoable("A") + undoing("R", notes("r1", "'R'"), "Rs r1"), "Ss A")
            + throw("t", UNDO)
            + user("Z"),
            "s S t Z e",
        ),
        'A;= Z;: {"log":["R"]}',
        {"log": []},
    ),
    Model(
        "a sub-process with a handler is undone by that alone",
        drawn(sub("S", user("A") + undoable("A"), "Ss A") + undoable("S") + throw("t", UNDO) + user("Z"), "s S t Z e"),
        'A;= Z;: {"log":["S"]}',
        {"log": []},
    ),
    Model(
        "branches are undone by the order of their completion",
        drawn(
            gate("par", "g") + gate("par", "j") + user("A", "B") + undoable("A") + undoable("B") + throw("t", UNDO),
            "s g A j t e",
            "g B j",
        ),
        'B;A;? completed;: {"log":["A","B"]}',
        {"log": []},
    ),
    Model(
        "each instance is undone with its own item, backwards",
        drawn(
            sub("S", over() + user("A") + undoing("R", notes("r1", "item"), "Rs r1"), "Ss A")
            + throw("t", UNDO)
            + user("Z"),
            "s S t Z e",
        ),
        'A;A;= Z;: {"log":[2,1]}',
        {"log": [], "items": [1, 2]},
    ),
    Model(
        "a handler inside an instance sees the item that the instance had",
        drawn(sub("S", over() + user("A") + undoable("A", "item"), "Ss A") + throw("t", UNDO) + user("Z"), "s S t Z e"),
        'A;A;= Z;: {"log":[2,1]}',
        {"log": [], "items": [1, 2]},
    ),
    Model(
        "a handler sees the data object of the completed sub-process",
        drawn(
            sub(
                "S",
                '<dataObject id="d"/>' + node("scriptTask", "A", "<script>d = 7</script>") + undoable("A", "d"),
                "Ss A",
            )
            + throw("t", UNDO)
            + user("Z"),
            "s S t Z e",
        ),
        '= Z;: {"log":[7]}',
        {"log": []},
    ),
    Model(
        "a called process undoes its own work while it runs",
        drawn(
            node("callActivity", "C", calledElement="q") + user("Z"),
            "s C Z e",
            more=[process(user("Q") + undoable("Q") + throw("t", UNDO), "s Q t e", key="q")],
        ),
        'Q;= Z;: {"log":["Q"]}',
        {"log": []},
    ),
    Model(
        "a handler runs once for each time that its activity was done",
        drawn(
            gate("xor", "g", default="f1_0_g_t") + node("userTask", "A") + undoable("A", "n") + throw("t", UNDO),
            "s A g",
            "g t e",
            "g A: n < 3",
        ),
        'A {"n":1};A {"n":2};A {"n":3};? completed;: {"log":[3,3,3]}',
        {"log": [], "n": 0},
    ),
    Model(
        "cancelling a transaction ends its other branch and undoes both",
        drawn(
            sub(
                "T",
                gate("par", "g") + user("A", "B", "C") + undoable("A") + undoable("C") + end("x", CANCEL),
                "Ts g A B",
                "g C x",
                tag="transaction",
            )
            + boundary("b", "T", CANCEL)
            + user("Y", "Z"),
            "s T Z e",
            "b Y e",
        ),
        'A;C;= Y;: {"log":["C","A"]}',
        {"log": []},
    ),
    Model(
        "what was done ad hoc is undone backwards",
        drawn(
            node(
                "adHocSubProcess",
                "H",
                user("A", "B") + undoable("A") + undoable("B") + "<completionCondition>n &gt;= 2</completionCondition>",
            )
            + throw("t", UNDO)
            + user("Z"),
            "s H t Z e",
        ),
        '> H B;B {"n":1};> H A;A {"n":2};= Z;: {"log":["A","B"]}',
        {"log": [], "n": 0},
    ),
    Model(
        "an event sub-process has something of the process undone",
        drawn(
            user("A", "B") + undoable("A") + reaction("R", MESSAGE, throw("t", undo("A")), "Rs t", interrupting=False),
            "s A B e",
        ),
        'A;!m;= B;: {"log":["A"]}',
        {"log": []},
    ),
    Model(
        "undoing an activity that cannot be seen is refused",
        drawn(sub("S", user("A") + undoable("A"), "Ss A") + throw("t", undo("A")) + user("Z"), "s S t Z e"),
        "refused",
        None,
    ),
]
