"""The demo's cases with ad hoc work and child cases: patients in care, and newcomers. Nobody here is a real person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from service.demo.tales import OPEN, Act, Ago, Step, Tale
from service.models import Actor, Case, NoteVisibility
from service.operations import adhoc, children, lifecycle, notes, roles, tasks
from service.queries import adhoc as startable
from service.queries import definitions

Form = Mapping[str, Any]
DEVICE: Form = {"device": {"inventory": "N-40217", "tried": True}}


def tales(ago: Ago) -> list[Tale]:
    """These cases, as they would have come about until now."""
    return [_walter(ago), _amara(ago), _gustav(ago), _yuki(ago), _lena(ago), _pavel(ago), _ines(ago)]


def _start(element: str, reason: str | None = None) -> Act:
    """Start ad hoc work."""

    def act(case: Case, by: Actor) -> None:
        for part in startable.of_case(case, actor=by):
            if element in [each.element_id for each in part.activities]:
                adhoc.activate(case, part.activity_id, element, by=by, reason=reason)

    return act


def _bind(role: str, name: str) -> Act:
    return lambda case, by: roles.bind(case, role, [f"user:{name}"], by=by)


def _note(text: str, visibility: NoteVisibility = NoteVisibility.TEAM) -> Act:
    return lambda case, by: notes.write(case, text, by=by, visibility=visibility)


def _visit(case: Case, by: Actor) -> None:
    """Start the plan fragment."""
    children.insert(case, definitions.active("home-visit"), by=by, reason="His flat has stairs.")


def _wheelchair(case: Case, by: Actor) -> None:
    tasks.add(case, by=by, name="Lend a wheelchair", checklist=["Brakes", "Cushion"], candidate_groups=["therapists"])


def _admission(name: str, born: str, number: str, diagnosis: str, **more: str) -> Form:
    common = {"patient": name, "born": born, "patientNumber": number, "diagnosis": diagnosis}
    return {**common, "urgency": "planned", "mobility": "independent", **more}


def _in_treatment(ago: Ago, days: int, admission: Form, measures: str, goal: str) -> tuple[Step, ...]:
    """From the admission to the first talk, begun that many days ago."""
    vital = {"bloodPressure": "138/88", "pulse": 76, "temperature": 36.9}
    plan = {"planGoals": [{"goal": goal}], "measures": measures, "sessionsPlanned": 8}
    return (
        Step(ago.at(days, "09:20"), "nora", OPEN, admission),
        Step(ago.at(days, "10:05"), "nora", "Task_Assess", {**vital, "abilities": "Eats and washes alone."}),
        Step(ago.at(days, "13:30"), "paul", "Task_Plan", plan),
        Step(ago.at(days, "15:10"), "nora", "Task_Agree", {"agreement": "yes"}),
        Step(ago.at(days - 1, "09:40"), "nora", "Task_FirstTalk", {"worries": "Who looks after the cat?"}),
    )


def _session(ago: Ago, days: int, note: str, feels: str) -> tuple[Step, Step]:
    held = {"heldOn": ago.day(days), "minutes": 45, "kind": "Physiotherapy", "note": note, "feels": feels}
    return (
        Step(ago.at(days, "08:10"), "tess", act=_start("Task_Session")),
        Step(ago.at(days, "11:00"), "tess", "Task_Session", {"session": held}),
    )


def _walter(ago: Ago) -> Tale:
    """In treatment for so long that its first review is due, and much is open."""
    admission = _admission(
        "Walter Rossi",
        "1944-03-08",
        "P-20417",
        "Hip replaced after a fall",
        mobility="with help",
        representativeName="Rosa Rossi",
    )
    blood = {"haemoglobin": 10.1, "crp": 42, "bloodResult": "watch", "bloodNote": "Iron, and again in a week."}
    return Tale(
        "patient-care-plan",
        (
            *_in_treatment(ago, 17, admission, "Physiotherapy three times a week, iron, stairs.", "Climbs 12 stairs"),
            Step(ago.at(14, "10:00"), "paul", act=_bind("representative", "rosa")),
            *_session(ago, 12, "Ten metres with the frame.", "same"),
            Step(ago.at(11, "09:00"), "nora", act=_start("Task_BloodTest")),
            Step(ago.at(11, "09:30"), "nora", "Task_BloodTest", {"sampleOn": ago.day(11), "sampleNumber": "B-881"}),
            Step(ago.at(10, "14:00"), "paul", "Task_BloodResult", blood),
            *_session(ago, 8, "Thirty metres, four stairs.", "better"),
            Step(ago.at(2, "10:30"), "nora", act=_note("His daughter asks for *afternoons*. @tess can you?")),
            Step(ago.at(2, "11:00"), "nora", act=_visit),
            Step(ago.at(1, "08:40"), "paul", "Task_Review"),
            Step(ago.at(1, "09:10"), "paul", act=_start("Task_Medication", "Iron is not enough by itself.")),
            Step(ago.at(1, "09:30"), "nora", act=_start("Task_XRay")),
            Step(ago.at(1, "09:50"), "nora", act=_wheelchair),
            Step(ago.at(1, "10:10"), "tess", act=_start("Task_Session")),
        ),
    )


def _amara(ago: Ago) -> Tale:
    """An emergency that is still to be planned for."""
    admission = _admission(
        "Amara Diallo", "1988-11-23", "P-20455", "Stroke, speech impaired", urgency="emergency", mobility="bedridden"
    )
    vital = {"bloodPressure": "171/99", "pulse": 92, "temperature": 37.4, "allergies": ["Penicillin"]}
    return Tale(
        "patient-care-plan",
        (
            Step(ago.minutes(200), "paul", OPEN, admission),
            Step(
                ago.minutes(150), "nora", "Task_Assess", {**vital, "abilities": "Understands all, speaks single words."}
            ),
            Step(ago.minutes(40), "paul", "Task_Plan"),
        ),
    )


def _gustav(ago: Ago) -> Tale:
    """Discharged and closed by hand, with an outcome."""
    admission = _admission("Gustav Lind", "1971-06-30", "P-19102", "Knee ligament torn")
    exam = {"goals": "reached", "finalNote": "Full range, no pain."}
    home = {"dischargedOn": ago.day(48), "familyDoctor": "Dr Adler", "adviceHome": "No football before spring."}

    def close(case: Case, by: Actor) -> None:
        lifecycle.close(case, by=by, outcome="reached", summary="Walks and runs. The family doctor takes over.")

    return Tale(
        "patient-care-plan",
        (
            *_in_treatment(ago, 60, admission, "Physiotherapy twice a week.", "Runs 200 metres"),
            *_session(ago, 57, "Bicycle without load.", "same"),
            *_session(ago, 53, "Bicycle with load.", "better"),
            Step(ago.at(50, "09:00"), "paul", act=_start("Task_FinalExam")),
            Step(ago.at(50, "10:00"), "paul", "Task_FinalExam", exam),
            Step(ago.at(48, "11:00"), "paul", "Task_Discharge", home),
            Step(ago.at(40, "15:00"), "paul", act=close),
        ),
    )


def _yuki(ago: Ago) -> Tale:
    """On hold, and seen by those with a role only."""
    admission = _admission("Yuki Mori", "1959-01-17", "P-20388", "Burnout, sleeps badly")

    def hold(case: Case, by: Actor) -> None:
        until = ago.now + timedelta(days=6)
        lifecycle.suspend(case, by=by, reason="At home for the wedding of her son.", until=until)

    def restrict(case: Case, by: Actor) -> None:
        roles.restrict(case, True, by=by, reason="She works in this house.")

    return Tale(
        "patient-care-plan",
        (
            *_in_treatment(ago, 9, admission, "Talks, sleep, walks.", "Sleeps six hours"),
            Step(ago.at(8, "12:00"), "paul", act=restrict),
            *_session(ago, 5, "Talked about the nights.", "same"),
            Step(ago.at(1, "16:00"), "paul", act=hold),
        ),
    )


def _offer(ago: Ago, name: str, number: str, position: str, department: str, starts: int) -> Form:
    common = {"newHire": name, "candidateNumber": number, "position": position, "department": department}
    return {
        **common,
        "startsOn": ago.day(starts),
        "salary": 46000,
        "site": "Main building",
        "managerName": "Mia Moreno",
    }


def _contract(ago: Ago, days: int) -> tuple[Step, ...]:
    equipment = [{"name": "Laptop", "note": "14 inches"}, {"name": "Telephone"}]
    signed = {"signedOn": ago.day(days), "equipment": equipment, "privacyTold": True}
    return (
        Step(ago.at(days, "10:00"), "ann", "Task_Contract", signed),
        Step(ago.at(days, "10:20"), "ann", act=_bind("manager", "mia")),
        Step(ago.at(days, "10:40"), "ann", act=_bind("buddy", "ben")),
    )


def _lena(ago: Ago) -> Tale:
    """Signed; IT, payroll and facilities are getting ready."""
    it = "onboarding-it"
    return Tale(
        "hr-onboarding",
        (
            Step(
                ago.at(6, "09:00"), "ann", OPEN, _offer(ago, "Lena Lang", "A-10233", "Claims assessor", "Claims", -12)
            ),
            *_contract(ago, 4),
            Step(ago.at(3, "14:00"), "ben", "Task_Account", {"accountName": "lena.lang"}, child=it),
            Step(
                ago.at(2, "11:00"), "ben", "Task_Device", DEVICE, {"piece": {"name": "Telephone", "note": ""}}, child=it
            ),
            Step(ago.at(1, "09:15"), "finn", "Task_Payroll", {"personnelNumber": "40217"}, child="onboarding-payroll"),
            Step(ago.at(1, "10:00"), "ann", act=_note("She brings her own *keyboard*.", NoteVisibility.EVERYBODY)),
        ),
    )


def _pavel(ago: Ago) -> Tale:
    """In his probation; all that was needed is there."""
    it, place = "onboarding-it", "onboarding-facilities"
    return Tale(
        "hr-onboarding",
        (
            Step(ago.at(70, "09:00"), "ann", OPEN, _offer(ago, "Pavel Novak", "A-10107", "Engineer", "IT", 40)),
            *_contract(ago, 66),
            Step(ago.at(62, "09:00"), "ben", "Task_Account", {"accountName": "pavel.novak"}, child=it),
            Step(
                ago.at(60, "09:00"),
                "ben",
                "Task_Device",
                DEVICE,
                {"piece": {"name": "Telephone", "note": ""}},
                child=it,
            ),
            Step(
                ago.at(60, "10:00"),
                "ben",
                "Task_Device",
                DEVICE,
                {"piece": {"name": "Laptop", "note": "14 inches"}},
                child=it,
            ),
            Step(ago.at(59, "09:00"), "finn", "Task_Payroll", {"personnelNumber": "40102"}, child="onboarding-payroll"),
            Step(ago.at(58, "09:00"), "finn", "Task_Desk", {"room": "118"}, child=place),
            Step(ago.at(58, "10:00"), "finn", "Task_Badge", {"badge": "B-61"}, child=place),
            Step(ago.at(40, "13:00"), "ben", "Task_Welcome", {"badgeHanded": True}),
            Step(ago.at(39, "12:00"), "ben", "Task_Meet", {"again": "no"}, child="onboarding-buddy"),
            Step(ago.at(38, "15:00"), "mia", "Task_FirstTalk", {"firstGoals": [{"goal": "Takes an incident alone"}]}),
        ),
    )


def _ines(ago: Ago) -> Tale:
    """The contract is still to be signed."""
    offer = _offer(ago, "Inês Duarte", "A-10251", "Privacy officer", "Legal", -45)
    return Tale(
        "hr-onboarding",
        (
            Step(ago.at(1, "11:20"), "ann", OPEN, {**offer, "needsClearance": True}),
            Step(ago.at(1, "13:00"), "ann", "Task_Contract"),
        ),
    )
