"""The `case:` attributes: where each has a meaning, of what kind its values are, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.engine.xml.document import ACTIVITIES, EVENTS, FLOW_NODES, STARTABLE, SUB_PROCESSES


class Kind(StrEnum):
    """What stands in an attribute, and so which field it has in a panel."""

    TEXT = "text"
    NAMES = "names"  #: with commas between them
    FLAG = "flag"  #: true or false
    CHOICE = "choice"  #: one of its `values`
    NUMBER = "number"
    DATE = "date"  #: a duration from when it begins, or a date
    KEY = "key"  #: of a form, a decision, a calendar
    VARIABLE = "variable"  #: a variable's name
    EXPRESSION = "expression"  #: FEEL after `=`, else Python
    SCRIPT = "script"  #: the same, of several lines


@dataclass(frozen=True)
class Attribute:
    """One attribute, as everybody who reads or writes diagrams has to know it."""

    name: str  #: without prefix
    places: frozenset[str]  #: the BPMN elements that it has a meaning on, by their local names
    group: str  #: what it is about; fields of one group stand together
    label: str
    kind: Kind
    means: str  #: a sentence
    example: str
    values: tuple[str, ...] = ()  #: of a choice
    feel: bool = False  #: whether it may be FEEL after `=`
    in_ad_hoc: bool = False  #: whether it has a meaning only on what people start in an ad hoc sub-process
    of_child: bool = False  #: whether it has a meaning only beside `childCase`


_TASKS = frozenset({"userTask", "manualTask"})
_WORK = frozenset({"serviceTask", "sendTask", "businessRuleTask", "endEvent", "intermediateThrowEvent"})
_PROCESS = frozenset({"process"})
_MESSAGES = EVENTS | {"sendTask", "receiveTask", "message", "messageEventDefinition", "signalEventDefinition"}
_CALL = frozenset({"callActivity"})
_RULE = frozenset({"businessRuleTask"})
_RESULT = frozenset({"businessRuleTask", "serviceTask", "sendTask", "scriptTask"})
_ERRORS = EVENTS | {"errorEventDefinition", "escalationEventDefinition"}
_THROWN = frozenset({"signal", "error", "escalation"})
_COUNTING = _TASKS | _PROCESS | SUB_PROCESSES | (EVENTS - {"endEvent", "intermediateThrowEvent"})
_WAITING = (ACTIVITIES - {"businessRuleTask", "scriptTask", "task"}) | {"intermediateCatchEvent"}

CASE, PEOPLE, FORM, TIME, STEP = "Case type", "People", "Form", "Time", "Case work"
SERVICE, EVENT, CHILD, AD_HOC, DATA = "Service and decision", "Message, signal, error", "Child case", "Ad hoc", "Data"

_T, _N, _F, _C, _D = Kind.TEXT, Kind.NAMES, Kind.FLAG, Kind.CHOICE, Kind.DATE
_K, _V, _E, _S, _I = Kind.KEY, Kind.VARIABLE, Kind.EXPRESSION, Kind.SCRIPT, Kind.NUMBER

#: In the order in which a panel shows them.
ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("numberPrefix", _PROCESS, CASE, "Number prefix", _T,
              "Makes the process a case type that people open; its cases are numbered with it.", "CLM"),
    Attribute("title", _PROCESS, CASE, "Title of each case", _T,
              "The title of a case; {name} is a variable.", "{damage} · {claimant}", feel=True),
    Attribute("candidateStarterGroups", _PROCESS, CASE, "Groups that open cases", _N,
              "Who may open one; where no group and no person is named, nobody may.", "clerks"),
    Attribute("candidateStarterUsers", _PROCESS, CASE, "People who open cases", _N,
              "Who may open one, by user name.", "ann, ben"),
    Attribute("managerGroups", _PROCESS, CASE, "Groups that steer cases", _N,
              "Who sees and steers every case of the type: assigns, cancels, changes variables.", "managers"),
    Attribute("readerGroups", _PROCESS, CASE, "Groups that read cases", _N,
              "Who may read every case of the type.", "auditors"),
    Attribute("mailText", _PROCESS, CASE, "Text in mails", _T,
              "What stands in each mail about a case of the type; {name} is a variable.", "Please answer {claimant}."),
    Attribute("searchFacts", _PROCESS, CASE, "Facts that find a case", _N,
              "The facts by which people find a case, beside its number and title.", "policyNumber, person.phone"),
    Attribute("searchable", _PROCESS, CASE, "Facts that lists filter by", _N,
              "Facts that people filter lists by and have as columns, each with its kind.", "amount: number, city"),
    Attribute("insertable", _PROCESS, CASE, "Plan fragment", _F,
              "May be started inside of a running case.", "true"),
    Attribute("changesNeedApproval", _PROCESS, CASE, "Changes by hand need a second person", _F,
              "Who changes by hand where a case stands only proposes it.", "true"),
    Attribute("formKey", _TASKS | {"startEvent"}, FORM, "Form", _K,
              "The form that is filled in here: the name of its file, without .form.", "claim-intake", feel=True),
    Attribute("answerableByLink", _TASKS, FORM, "May be answered by link", _F,
              "Its form may be answered by somebody without an account.", "true"),
    Attribute("assignee", _TASKS, PEOPLE, "Who does it", _T,
              "A user name, or FEEL; = initiator is who opened the case.", "= initiator", feel=True),
    Attribute("candidateGroups", STARTABLE, PEOPLE, "Groups that may do it", _N,
              "Who may take the task, or start this in an ad hoc sub-process.", "clerks", feel=True),
    Attribute("candidateUsers", STARTABLE, PEOPLE, "People who may do it", _N,
              "The same, by user name.", "ann, ben", feel=True),
    Attribute("candidateRoles", STARTABLE, PEOPLE, "Roles that may do it", _N,
              "The holders of these roles of the case may take it.", "manager", feel=True),
    Attribute("assignBy", _TASKS, PEOPLE, "Given by itself to", _T,
              "One of its candidates: round-robin, least-load, or who has a skill.", "round-robin", feel=True),
    Attribute("notDoneBy", _TASKS, PEOPLE, "Not done by who did", _N,
              "Four eyes: ids of activities; who completed one of them may not do this one.", "Task_Assess", feel=True),
    Attribute("dueDate", _TASKS | _PROCESS, TIME, "Due", _D,
              "A duration from when it begins, a date, or FEEL that gives one.", "PT48H", feel=True),
    Attribute("followUpDate", _TASKS, TIME, "Set aside until", _D,
              "Until when it is out of people's lists.", "P30D", feel=True),
    Attribute("priority", _TASKS | _PROCESS, TIME, "Priority", _I,
              "0 to 100, higher first; 50 where nothing is said.", "80", feel=True),
    Attribute("calendar", _COUNTING, TIME, "Calendar", _K,
              "Whose working time durations count here; none: all time.", "munich", feel=True),
    Attribute("clock", _WAITING, TIME, "Clock of service levels", _C,
              "Whether the clocks stop while a case waits here only.", "stops", values=("stops", "runs")),
    Attribute("stage", FLOW_NODES, STEP, "Stage", _T,
              "Entering it puts the case into that stage, by the id that the process declares.", "intake"),
    Attribute("milestone", FLOW_NODES, STEP, "Milestone", _T,
              "Reached when this is completed, by the id that the process declares.", "decided"),
    Attribute("outcome", frozenset({"endEvent"}), STEP, "Outcome", _T,
              "The outcome of a case that ends here, by the id that the process declares.", "paid"),
    Attribute("repeatable", ACTIVITIES, STEP, "People may go back to it", _F,
              "When it is finished people may do it again; what came after it is then cancelled.", "true"),
    Attribute("availableWhen", STARTABLE, AD_HOC, "May be started when", _E,
              "The condition for being startable.", "= policeReport", feel=True, in_ad_hoc=True),
    Attribute("whyUnavailable", STARTABLE, AD_HOC, "Why not yet", _T,
              "The sentence that is shown while the condition does not hold.", "The report is missing.",
              feel=True, in_ad_hoc=True),
    Attribute("maxRepetitions", STARTABLE, AD_HOC, "How often at most", _I,
              "It may be started so often at most.", "2", feel=True, in_ad_hoc=True),
    Attribute("required", STARTABLE, AD_HOC, "Required", _F,
              "Has to be done before the sub-process may end.", "true", feel=True, in_ad_hoc=True),
    Attribute("autoStart", STARTABLE, AD_HOC, "Begins by itself", _F,
              "Begun as the sub-process is entered.", "true", feel=True, in_ad_hoc=True),
    Attribute("reasonRequired", STARTABLE, AD_HOC, "Asks for a reason", _F,
              "Who starts it has to say why.", "true", in_ad_hoc=True),
    Attribute("type", _WORK, SERVICE, "Connector", _K,
              "What is called; its inputs are case:input mappings.", "http"),
    Attribute("decisionRef", _RULE, SERVICE, "Decision", _K,
              "The decision that is made here, by its id.", "grade-claim", feel=True),
    Attribute("mapDecisionResult", _RULE, SERVICE, "Shape of its result", _C,
              "What is kept of the rows that hit.", "singleEntry",
              values=("singleEntry", "singleResult", "collectEntries", "resultList")),
    Attribute("resultVariable", _RESULT, SERVICE, "Result goes to", _V,
              "The variable that takes what comes back.", "answer"),
    Attribute("childCase", _CALL, CHILD, "Opens a case of its own", _F,
              "Opens a child case of the newest version, instead of running inside of this one.", "true"),
    Attribute("waitFor", _CALL, CHILD, "Waits for the child", _F,
              "Without it this case goes on at once, without results.", "false", of_child=True),
    Attribute("inheritRoles", _CALL, CHILD, "Roles are taken along", _F,
              "Who has a role here has the role of the same name there.", "true", of_child=True),
    Attribute("onParentCancel", _CALL, CHILD, "When this case is cancelled", _C,
              "What becomes of the child.", "keep", values=("cancel", "keep"), of_child=True),
    Attribute("onChildFailure", _CALL, CHILD, "When the child fails", _T,
              "fail, ignore, or error: and a code.", "error:CHILD_FAILED", of_child=True),
    Attribute("correlationKey", _MESSAGES, EVENT, "Correlation key", _E,
              "What a waiting activity expects the message to bring.", "= orderId", feel=True),
    Attribute("messageVariable", _MESSAGES, EVENT, "Message goes to", _V,
              "The variable that takes what the message brought.", "reply"),
    Attribute("messagePayload", _MESSAGES, EVENT, "Message takes along", _E,
              "What a message takes along.", "= {order: orderId}", feel=True),
    Attribute("payloadExpression", _MESSAGES | _ERRORS | _THROWN, EVENT, "Takes along", _E,
              "What a signal, error or escalation takes along.", "= amount", feel=True),
    Attribute("variableName", _MESSAGES | _ERRORS | _THROWN, EVENT, "What it brings goes to", _V,
              "The variable that takes what it brought.", "brought"),
    Attribute("errorVariable", EVENTS | {"errorEventDefinition", "error"}, EVENT, "Error goes to", _V,
              "One variable that takes code, message and what came with them.", "failure"),
    Attribute("errorCodeVariable", _ERRORS, EVENT, "Error's code goes to", _V, "Where the code goes.", "code"),
    Attribute("errorMessageVariable", _ERRORS, EVENT, "Error's message goes to", _V,
              "Where the message goes.", "message"),
    Attribute("escalationCodeVariable", _ERRORS, EVENT, "Escalation's code goes to", _V,
              "Where the code goes.", "code"),
    Attribute("preScript", FLOW_NODES, DATA, "Script on entering", _S,
              "Python, or FEEL after =, that runs as this begins.", "total = 0", feel=True),
    Attribute("postScript", FLOW_NODES, DATA, "Script on leaving", _S,
              "Python, or FEEL after =, that runs as this ends.", "total = total + price", feel=True),
    Attribute("outputElement", frozenset({"multiInstanceLoopCharacteristics"}), DATA, "What each instance adds", _E,
              "What each instance adds to the collection that comes out.", "= item.price", feel=True),
)  # fmt: skip

#: Attribute -> the elements it has a meaning on.
PLACES: Mapping[str, frozenset[str]] = {each.name: each.places for each in ATTRIBUTES}
#: Attributes whose value is needed where no case, or not yet this activity, is there to evaluate an expression on.
LITERAL = frozenset(each.name for each in ATTRIBUTES if not each.feel)
