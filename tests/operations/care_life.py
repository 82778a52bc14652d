"""A case type with a whole life: stages, milestones, outcomes, steps that may be repeated, a child, a fragment."""

from __future__ import annotations

from tests.operations.family import CLAIM, diagram

_EXTENSIONS = (
    '<case:stages><case:stage id="plan" name="Planning"/><case:stage id="act" name="Doing"/></case:stages>'
    '<case:outcomes><case:outcome id="won" name="Won"/><case:outcome id="lost" name="Lost"/></case:outcomes>'
    '<case:milestones><case:milestone id="planned" name="Planned"/>'
    '<case:milestone id="rich" name="Rich" when="= money &gt; 100"/></case:milestones>'
)
PROJECT = diagram(
    "project",
    "PRO",
    '<userTask id="Plan" name="Make a plan" case:stage="plan" case:repeatable="true" case:milestone="planned"'
    ' case:candidateGroups="clerks"/>'
    '<parallelGateway id="Split"/><parallelGateway id="Join"/>'
    '<userTask id="Work" name="Work" case:stage="act" case:candidateGroups="clerks" case:dueDate="PT8H"/>'
    '<boundaryEvent id="Late" attachedToRef="Work" cancelActivity="false"><timerEventDefinition>'
    "<timeDuration>PT2H</timeDuration></timerEventDefinition></boundaryEvent>"
    '<userTask id="Remind" name="Remind" case:candidateGroups="clerks"/>'
    '<callActivity id="Claim" name="Claim" calledElement="claim" case:childCase="true"/>'
    '<userTask id="Check" name="Check" case:candidateGroups="clerks"/>',
    "Begin Plan Split Work Join Check End",
    "Split Claim Join",
    "Late Remind",
    attributes='case:dueDate="P10D"',
    extensions=_EXTENSIONS,
)
FRAGMENT = diagram(
    "visit",
    "VIS",
    '<userTask id="Visit" name="Visit" case:candidateGroups="clerks"/>',
    "Begin Visit End",
    attributes='case:insertable="true"',
)
FILES = (CLAIM, PROJECT, FRAGMENT)
