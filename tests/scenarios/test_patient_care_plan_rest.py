"""The patient care plan over REST, by the demo's people, on both databases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.scenarios.rest import Json, Person, RestCase, World

ADMISSION: dict[str, Any] = {
    "patient": "Walter Rossi",
    "born": "1944-03-08",
    "patientNumber": "P-20417",
    "diagnosis": "Hip replaced after a fall",
    "urgency": "planned",
    "mobility": "with help",
    "representativeName": "Rosa Rossi",
}
ASSESSMENT: dict[str, Any] = {
    "bloodPressure": "145/90",
    "pulse": 78,
    "temperature": 36.8,
    "abilities": "Sits up alone, wants to climb his stairs again.",
}
PLAN: dict[str, Any] = {
    "planGoals": [{"goal": "Climbs twelve stairs with a handrail", "by": "2026-12-01"}],
    "measures": "Physiotherapy twice a week, blood tests, pain relief as needed.",
    "sessionsPlanned": 6,
}
SESSION: dict[str, Any] = {
    "session": {
        "heldOn": "2026-11-03",
        "minutes": 40,
        "kind": "Physiotherapy",
        "note": "Walked ten metres with the frame.",
        "feels": "better",
    }
}
SAMPLE = {"sampleOn": "2026-11-03", "sampleNumber": "B-881"}
BLOOD = {"haemoglobin": 10.1, "crp": 42, "bloodResult": "watch", "bloodNote": "Iron, and again in a week."}
MEDICATION = {"medication": [{"drug": "Iron", "dose": "100 mg", "times": "Morning"}]}
FINDING = {"examination": {"doneOn": "2026-11-04", "finding": "normal", "note": "Well seated."}}
DISCHARGE = {
    "dischargedOn": "2026-12-01",
    "familyDoctor": "Dr Adler",
    "adviceHome": "Stairs twice a day, with the handrail.",
}
REASON = "The pain has not gone."


@dataclass(frozen=True)
class Ward:
    """The people around one patient."""

    nora: Person
    paul: Person
    tess: Person
    omar: Person
    rosa: Person
    case: RestCase

    def offers(self, who: Person) -> dict[str, str | None]:
        """Why not, by activity, of everything that the case offers, at any depth."""
        return {each["element_id"]: each["why_not"] for part in self._parts(who) for each in part["activities"]}

    def _parts(self, who: Person) -> list[Json]:
        found: list[Json] = who.get(f"/cases/{self.case.id}/adhoc")["items"]
        return found

    def try_to_start(self, who: Person, element: str, **more: Any) -> TestResponse:
        """Start an ad hoc activity, wherever it stands."""
        [part] = [part for part in self._parts(who) if element in [each["element_id"] for each in part["activities"]]]
        body = {"element_id": element, **more}
        return who.send("POST", f"/cases/{self.case.id}/adhoc/{part['activity_id']}/activate", body)

    def start(self, who: Person, element: str, **more: Any) -> None:
        answer = self.try_to_start(who, element, **more)
        assert answer.status_code == 201, answer.text

    def asks(self, who: Person, what: str, body: Any = None, *, method: str = "POST") -> Json:
        """Something else that is done to the case."""
        answer = who.send(method, f"/cases/{self.case.id}{what}", body)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer.json or {}

    def milestones(self) -> set[str]:
        """What has been reached and not been taken back."""
        life = self.paul.get(f"/cases/{self.case.id}/life")
        return {each["id"] for each in life["milestones"] if each["reached_at"]}

    def session(self) -> None:
        self.start(self.tess, "Task_Session")
        self.tess.does(self.case, "Task_Session", SESSION)


@pytest.fixture
def ward(world: World) -> Ward:
    """Walter Rossi, admitted by Nora and planned for by Paul: his treatment has begun."""
    nora, paul, tess, omar, rosa = map(world.person, ("nora", "paul", "tess", "omar", "rosa"))
    ward = Ward(nora, paul, tess, omar, rosa, nora.opens("patient-care-plan", ADMISSION))
    nora.does(ward.case, "Task_Assess", ASSESSMENT)
    paul.does(ward.case, "Task_Plan", PLAN)
    nora.does(ward.case, "Task_Agree", {"agreement": "yes"})
    return ward


def test_what_the_patient_needs_is_done_in_any_order_by_those_who_may(ward: Ward) -> None:
    assert ward.case.number == "CARE-2026-00001"
    assert ward.case.now()["title"] == "Walter Rossi · Hip replaced after a fall"
    assert ward.case.variables["care"] == {"level": "moderate", "priority": 55, "reviewEvery": "P14D"}
    assert ward.case.open == ["Task_FirstTalk"]  # begins by itself
    assert ward.milestones() == {"assessed", "planned"}

    assert {element: why for element, why in ward.offers(ward.tess).items() if why} == {
        "Task_FirstTalk": "You are not Nurse of this case.",
        "Task_Refer": "You are not Physician of this case.",
        "Task_BloodTest": "You are not Nurse of this case.",
        "Task_Medication": "You are not Physician of this case.",
        "Task_FinalExam": "You are not Physician of this case.",
        "Examinations": "This is done once only.",
        "Task_XRay": "You are not Nurse or Physician of this case.",
        "Task_Ecg": "You are not Nurse or Physician of this case.",
        "Task_Ultrasound": "You are not Nurse or Physician of this case.",
    }
    assert ward.try_to_start(ward.tess, "Task_BloodTest").status_code == 403


def test_each_kind_of_work_says_what_it_waits_for(ward: Ward) -> None:
    assert ward.offers(ward.paul)["Task_Medication"] == "Needs the result of a blood test."
    assert ward.offers(ward.paul)["Task_FinalExam"] == "Needs two therapy sessions."
    assert ward.try_to_start(ward.paul, "Task_Medication", reason=REASON).status_code == 409

    for _ in range(2):
        ward.start(ward.nora, "Task_BloodTest")
        ward.nora.does(ward.case, "Task_BloodTest", SAMPLE)
        ward.paul.does(ward.case, "Task_BloodResult", BLOOD)
    ward.start(ward.nora, "Task_XRay")

    offers = ward.offers(ward.paul)
    assert offers["Task_BloodTest"] == "Done or begun 2 of 2 times."
    assert offers["Task_Ecg"] == "Only one at a time: “X-ray” is open."
    assert offers["Task_Medication"] is None
    without = ward.try_to_start(ward.paul, "Task_Medication")
    assert (without.status_code, (without.json or {})["detail"]) == (400, "Say why “Change the medication” is started.")
    ward.start(ward.paul, "Task_Medication", reason=REASON)
    ward.paul.does(ward.case, "Task_Medication", MEDICATION)
    ward.nora.does(ward.case, "Task_XRay", FINDING)
    assert ward.offers(ward.paul)["Task_Ecg"] is None
    assert ward.case.variables["examinations"] == [{**FINDING["examination"], "kind": "X-ray"}]


def test_a_session_that_is_not_held_in_time_is_asked_about(ward: Ward, world: World) -> None:
    ward.start(ward.paul, "Task_Session", to="tess")
    assert ward.case.task("Task_Session")["assignee"] == "tess"

    world.wait(days=3, minutes=1)

    assert ward.case.open == ["Task_FirstTalk", "Task_Missed"]
    ward.nora.does(ward.case, "Task_Missed", {"missedBecause": "Patient too weak", "missedNote": "In the afternoon."})
    ward.session()
    assert [each["feels"] for each in ward.case.variables["sessions"]] == ["better"]


def test_a_review_sends_the_plan_back_and_its_milestones_are_reached_again(ward: Ward, world: World) -> None:
    ward.session()
    world.wait(days=14, minutes=1)
    assert (ward.case.open, ward.case.now()["stage"]) == (["Task_FirstTalk", "Task_Review"], "review")
    ward.paul.does(ward.case, "Task_Review", {"verdict": "holds", "reviewNote": "He makes progress."})
    assert ward.case.now()["stage"] == "treatment"
    ward.start(ward.paul, "Task_Refer", reason=REASON)

    world.wait(days=14)
    ward.paul.does(ward.case, "Task_Review", {"verdict": "change", "reviewNote": "The shoulder hurts too."})

    assert (ward.case.open, ward.case.now()["stage"]) == (["Task_Plan"], "planning")
    ward.paul.does(ward.case, "Task_Plan", PLAN)
    ward.nora.does(ward.case, "Task_Agree", {"agreement": "no", "agreementNote": "Not on Sundays."})
    assert ward.case.open == ["Task_Plan"]
    ward.paul.does(ward.case, "Task_Plan", PLAN)
    ward.nora.does(ward.case, "Task_Agree", {"agreement": "yes"})
    assert (ward.case.open, ward.case.now()["stage"]) == (["Task_FirstTalk"], "treatment")
    assert len(ward.case.variables["sessions"]) == 1  # what was done stays known


def test_a_physician_goes_back_to_planning_and_sees_before_what_that_cancels(ward: Ward) -> None:
    ward.start(ward.nora, "Task_XRay")
    life = ward.paul.get(f"/cases/{ward.case.id}/life")
    plan = next(each for each in life["repeatable"] if each["element_id"] == "Task_Plan")
    assert sorted(plan["cancels"]) == ["First talk", "X-ray"]
    refused = ward.tess.send("POST", f"/cases/{ward.case.id}/repeat", {"element_id": "Task_Plan", "reason": REASON})
    assert refused.status_code == 403

    ward.asks(ward.paul, "/repeat", {"element_id": "Task_Plan", "reason": REASON})

    assert (ward.case.open, ward.milestones()) == (["Task_Plan"], {"assessed"})
    ward.paul.does(ward.case, "Task_Plan", PLAN)
    assert ward.milestones() == {"assessed", "planned"}


def test_a_home_visit_and_a_second_opinion_are_started_inside_the_case(ward: Ward, world: World) -> None:
    visit = ward.asks(ward.nora, "/fragments", {"process": "home-visit", "reason": "The daughter asks for it."})
    opinion = ward.asks(ward.paul, "/fragments", {"process": "second-opinion"})
    nurses_may_not = ward.nora.send("POST", f"/cases/{ward.case.id}/fragments", {"process": "second-opinion"})
    assert nurses_may_not.status_code == 403
    assert [visit["number"], opinion["number"]] == ["CARE-2026-00001.1", "CARE-2026-00001.2"]
    at_home = RestCase(world, visit["id"], visit["number"], ward.nora)
    asked = RestCase(world, opinion["id"], opinion["number"], ward.paul)
    blockers = ward.paul.get(f"/cases/{ward.case.id}/blockers")["items"]
    assert [blocker["name"] for blocker in blockers] == [at_home.number, asked.number]

    ward.nora.does(at_home, "Task_ArrangeVisit", {"visitOn": "2026-11-05"})
    world.wait(days=3)
    ward.nora.does(at_home, "Task_Visit", {"visitSeen": "Steep stairs, no handrail.", "visitNeeds": ["Handrail"]})
    ward.paul.does(asked, "Task_AskOpinion", {"opinionQuestion": "Is the shoulder broken too?"})
    assert ward.paul.try_to_claim(asked, "Task_GiveOpinion").status_code == 403
    ward.omar.does(asked, "Task_GiveOpinion", {"opinion": "No, it is strained.", "sameView": "yes"})
    world.work()

    assert ward.case.variables["visitNeeds"] == ["Handrail"]
    assert ward.case.variables["opinion"] == "No, it is strained."
    assert ward.paul.get(f"/cases/{ward.case.id}/blockers")["items"] == []


def test_a_restricted_case_is_seen_by_its_roles_only_and_handed_over_with_its_work(ward: Ward) -> None:
    path = f"/cases/{ward.case.id}"
    ward.asks(ward.paul, "/roles/representative", {"holders": ["user:rosa"]}, method="PUT")
    ward.asks(ward.paul, "/roles/physician", {"holders": ["user:paul"]}, method="PUT")
    assert ward.omar.send("GET", path).status_code == 200  # a care manager

    ward.asks(ward.paul, "/restrict", {"restricted": True, "reason": "A colleague's father."})

    assert ward.omar.send("GET", path).status_code == 404
    assert ward.rosa.get(path)["stage"] == "treatment"
    assert set(ward.offers(ward.rosa).values()) == {"You may only read this case."}
    assert ward.rosa.send("POST", f"{path}/notes", {"text": "Thank you"}).status_code == 403
    ward.asks(ward.paul, "/notes", {"text": "He wants **no visitors** before ten.", "visibility": "everybody"})
    assert [note["author"] for note in ward.rosa.get(f"{path}/notes")["items"]] == ["paul"]
    ward.start(ward.paul, "Task_Refer", reason=REASON)
    referral = ward.paul.claims(ward.case, "Task_Refer")
    ward.asks(ward.paul, "/roles/physician/hand-over", {"from": "paul", "to": "omar"})
    assert ward.paul.send("GET", path).status_code == 404
    assert ward.omar.get(f"/tasks/{referral['id']}")["assignee"] == "omar"


def test_from_admission_to_discharge_closed_with_an_outcome_and_opened_again(ward: Ward) -> None:
    added = ward.asks(
        ward.nora,
        "/tasks",
        {"name": "Lend a wheelchair", "checklist": ["Brakes", "Cushion"], "to": "tess", "due_at": "2026-11-05T12:00Z"},
    )
    ward.nora.does(ward.case, "Task_FirstTalk", {"worries": "Who waters the plants?"})
    finish = f"/adhoc/{ward._parts(ward.paul)[0]['activity_id']}/finish"
    assert ward.paul.send("POST", f"/cases/{ward.case.id}{finish}", {}).status_code == 409
    for _ in range(2):
        ward.session()
    ward.start(ward.nora, "Task_Relatives")
    ward.start(ward.paul, "Task_FinalExam")
    ward.paul.does(ward.case, "Task_FinalExam", {"goals": "reached", "finalNote": "Climbs twelve stairs."})
    assert (ward.case.open, ward.case.now()["stage"]) == (["", "Task_Discharge"], "discharge")
    assert ward.milestones() == {"assessed", "planned", "started", "treated"}
    ward.paul.does(ward.case, "Task_Discharge", DISCHARGE)
    ending = {"outcome": "reached", "summary": "Walks alone again."}
    blocked = ward.paul.send("POST", f"/cases/{ward.case.id}/close", ending)
    assert (blocked.status_code, (blocked.json or {})["detail"]) == (409, "Still to be done before: Lend a wheelchair.")
    assert ward.tess.send("PUT", f"/tasks/{added['id']}/checklist", {"done": [0, 1]}).status_code == 200
    assert ward.tess.send("POST", f"/tasks/{added['id']}/complete", {"data": {}}).status_code == 200

    ward.asks(ward.paul, "/close", ending)

    ward.case.assert_closed()
    life = ward.paul.get(f"/cases/{ward.case.id}/life")
    assert (life["outcome"], life["summary"]) == ("reached", "Walks alone again.")
    ward.asks(ward.paul, "/reopen", {"reason": "He fell again.", "element_id": "Task_Plan"})
    assert (ward.case.now()["number"], ward.case.open) == ("CARE-2026-00001", ["Task_Plan"])


def test_somebody_asks_how_it_goes_a_month_after_the_discharge(ward: Ward, world: World) -> None:
    ward.nora.does(ward.case, "Task_FirstTalk", {"worries": "None."})
    for _ in range(2):
        ward.session()
    ward.start(ward.paul, "Task_FinalExam")
    ward.paul.does(ward.case, "Task_FinalExam", {"goals": "reached", "finalNote": "Climbs twelve stairs."})
    ward.paul.does(ward.case, "Task_Discharge", DISCHARGE)
    world.wait(days=30, minutes=1)
    ward.nora.does(ward.case, "Task_AskHow", {"well": "yes", "aftercareNote": "He was in the garden."})

    ward.case.assert_closed()
    assert ward.nora.get(f"/cases/{ward.case.id}/life")["outcome"] == "reached"
