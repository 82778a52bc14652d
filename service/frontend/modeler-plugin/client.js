// Written by `python -m service.frontend.plugin`: Casewright's notation for Camunda Modeler.
(window.plugins = window.plugins || []).push({
  type: 'bpmn.modeler.moddleExtension',
  plugin: {
    "name": "Casewright",
    "uri": "urn:casewright:bpmn:1.0",
    "prefix": "case",
    "xml": {
      "tagAlias": "lowerCase"
    },
    "associations": [],
    "types": [
      {
        "name": "WithNumberPrefix",
        "isAbstract": true,
        "extends": [
          "bpmn:Process"
        ],
        "properties": [
          {
            "name": "numberPrefix",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "title",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "candidateStarterGroups",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "candidateStarterUsers",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "managerGroups",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "readerGroups",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "mailText",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "searchFacts",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "searchable",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "insertable",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "changesNeedApproval",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithFormKey",
        "isAbstract": true,
        "extends": [
          "bpmn:ManualTask",
          "bpmn:StartEvent",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "formKey",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithAnswerableByLink",
        "isAbstract": true,
        "extends": [
          "bpmn:ManualTask",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "answerableByLink",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "assignee",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "assignBy",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "notDoneBy",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "followUpDate",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithCandidateGroups",
        "isAbstract": true,
        "extends": [
          "bpmn:AdHocSubProcess",
          "bpmn:BusinessRuleTask",
          "bpmn:CallActivity",
          "bpmn:ComplexGateway",
          "bpmn:EventBasedGateway",
          "bpmn:ExclusiveGateway",
          "bpmn:InclusiveGateway",
          "bpmn:IntermediateCatchEvent",
          "bpmn:IntermediateThrowEvent",
          "bpmn:ManualTask",
          "bpmn:ParallelGateway",
          "bpmn:ReceiveTask",
          "bpmn:ScriptTask",
          "bpmn:SendTask",
          "bpmn:ServiceTask",
          "bpmn:SubProcess",
          "bpmn:Task",
          "bpmn:Transaction",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "candidateGroups",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "candidateUsers",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "candidateRoles",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "availableWhen",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "whyUnavailable",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "maxRepetitions",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "required",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "autoStart",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "reasonRequired",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithDueDate",
        "isAbstract": true,
        "extends": [
          "bpmn:ManualTask",
          "bpmn:Process",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "dueDate",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "priority",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithCalendar",
        "isAbstract": true,
        "extends": [
          "bpmn:AdHocSubProcess",
          "bpmn:BoundaryEvent",
          "bpmn:IntermediateCatchEvent",
          "bpmn:ManualTask",
          "bpmn:Process",
          "bpmn:StartEvent",
          "bpmn:SubProcess",
          "bpmn:Transaction",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "calendar",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithClock",
        "isAbstract": true,
        "extends": [
          "bpmn:AdHocSubProcess",
          "bpmn:CallActivity",
          "bpmn:IntermediateCatchEvent",
          "bpmn:ManualTask",
          "bpmn:ReceiveTask",
          "bpmn:SendTask",
          "bpmn:ServiceTask",
          "bpmn:SubProcess",
          "bpmn:Transaction",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "clock",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithStage",
        "isAbstract": true,
        "extends": [
          "bpmn:AdHocSubProcess",
          "bpmn:BoundaryEvent",
          "bpmn:BusinessRuleTask",
          "bpmn:CallActivity",
          "bpmn:ComplexGateway",
          "bpmn:EndEvent",
          "bpmn:EventBasedGateway",
          "bpmn:ExclusiveGateway",
          "bpmn:InclusiveGateway",
          "bpmn:IntermediateCatchEvent",
          "bpmn:IntermediateThrowEvent",
          "bpmn:ManualTask",
          "bpmn:ParallelGateway",
          "bpmn:ReceiveTask",
          "bpmn:ScriptTask",
          "bpmn:SendTask",
          "bpmn:ServiceTask",
          "bpmn:StartEvent",
          "bpmn:SubProcess",
          "bpmn:Task",
          "bpmn:Transaction",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "stage",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "milestone",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "preScript",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "postScript",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithOutcome",
        "isAbstract": true,
        "extends": [
          "bpmn:EndEvent"
        ],
        "properties": [
          {
            "name": "outcome",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithRepeatable",
        "isAbstract": true,
        "extends": [
          "bpmn:AdHocSubProcess",
          "bpmn:BusinessRuleTask",
          "bpmn:CallActivity",
          "bpmn:ManualTask",
          "bpmn:ReceiveTask",
          "bpmn:ScriptTask",
          "bpmn:SendTask",
          "bpmn:ServiceTask",
          "bpmn:SubProcess",
          "bpmn:Task",
          "bpmn:Transaction",
          "bpmn:UserTask"
        ],
        "properties": [
          {
            "name": "repeatable",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithType",
        "isAbstract": true,
        "extends": [
          "bpmn:BusinessRuleTask",
          "bpmn:EndEvent",
          "bpmn:IntermediateThrowEvent",
          "bpmn:SendTask",
          "bpmn:ServiceTask"
        ],
        "properties": [
          {
            "name": "type",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithDecisionRef",
        "isAbstract": true,
        "extends": [
          "bpmn:BusinessRuleTask"
        ],
        "properties": [
          {
            "name": "decisionRef",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "mapDecisionResult",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithResultVariable",
        "isAbstract": true,
        "extends": [
          "bpmn:BusinessRuleTask",
          "bpmn:ScriptTask",
          "bpmn:SendTask",
          "bpmn:ServiceTask"
        ],
        "properties": [
          {
            "name": "resultVariable",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithChildCase",
        "isAbstract": true,
        "extends": [
          "bpmn:CallActivity"
        ],
        "properties": [
          {
            "name": "childCase",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "waitFor",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "inheritRoles",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "onParentCancel",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "onChildFailure",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithCorrelationKey",
        "isAbstract": true,
        "extends": [
          "bpmn:BoundaryEvent",
          "bpmn:EndEvent",
          "bpmn:IntermediateCatchEvent",
          "bpmn:IntermediateThrowEvent",
          "bpmn:Message",
          "bpmn:MessageEventDefinition",
          "bpmn:ReceiveTask",
          "bpmn:SendTask",
          "bpmn:SignalEventDefinition",
          "bpmn:StartEvent"
        ],
        "properties": [
          {
            "name": "correlationKey",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "messageVariable",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "messagePayload",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithPayloadExpression",
        "isAbstract": true,
        "extends": [
          "bpmn:BoundaryEvent",
          "bpmn:EndEvent",
          "bpmn:Error",
          "bpmn:ErrorEventDefinition",
          "bpmn:Escalation",
          "bpmn:EscalationEventDefinition",
          "bpmn:IntermediateCatchEvent",
          "bpmn:IntermediateThrowEvent",
          "bpmn:Message",
          "bpmn:MessageEventDefinition",
          "bpmn:ReceiveTask",
          "bpmn:SendTask",
          "bpmn:Signal",
          "bpmn:SignalEventDefinition",
          "bpmn:StartEvent"
        ],
        "properties": [
          {
            "name": "payloadExpression",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "variableName",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithErrorVariable",
        "isAbstract": true,
        "extends": [
          "bpmn:BoundaryEvent",
          "bpmn:EndEvent",
          "bpmn:Error",
          "bpmn:ErrorEventDefinition",
          "bpmn:IntermediateCatchEvent",
          "bpmn:IntermediateThrowEvent",
          "bpmn:StartEvent"
        ],
        "properties": [
          {
            "name": "errorVariable",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithErrorCodeVariable",
        "isAbstract": true,
        "extends": [
          "bpmn:BoundaryEvent",
          "bpmn:EndEvent",
          "bpmn:ErrorEventDefinition",
          "bpmn:EscalationEventDefinition",
          "bpmn:IntermediateCatchEvent",
          "bpmn:IntermediateThrowEvent",
          "bpmn:StartEvent"
        ],
        "properties": [
          {
            "name": "errorCodeVariable",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "errorMessageVariable",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "escalationCodeVariable",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "WithOutputElement",
        "isAbstract": true,
        "extends": [
          "bpmn:MultiInstanceLoopCharacteristics"
        ],
        "properties": [
          {
            "name": "outputElement",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "InIoMapping",
        "isAbstract": true,
        "superClass": [
          "Element"
        ]
      },
      {
        "name": "IoMapping",
        "superClass": [
          "Element"
        ],
        "properties": [
          {
            "name": "parts",
            "isMany": true,
            "type": "InIoMapping"
          }
        ]
      },
      {
        "name": "Input",
        "superClass": [
          "InIoMapping"
        ],
        "properties": [
          {
            "name": "source",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "target",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "Output",
        "superClass": [
          "InIoMapping"
        ],
        "properties": [
          {
            "name": "source",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "target",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "Ignore",
        "superClass": [
          "Element"
        ],
        "properties": [
          {
            "name": "rule",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "reason",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "InServiceLevel",
        "isAbstract": true,
        "superClass": [
          "Element"
        ]
      },
      {
        "name": "ServiceLevel",
        "superClass": [
          "InStage"
        ],
        "properties": [
          {
            "name": "kind",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "target",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "warning",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "calendar",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "parts",
            "isMany": true,
            "type": "InServiceLevel"
          }
        ]
      },
      {
        "name": "OnWarning",
        "superClass": [
          "InServiceLevel"
        ],
        "properties": [
          {
            "name": "notify",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "assign",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "priority",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "activity",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "OnBreach",
        "superClass": [
          "InServiceLevel"
        ],
        "properties": [
          {
            "name": "notify",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "assign",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "priority",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "activity",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "InStages",
        "isAbstract": true,
        "superClass": [
          "Element"
        ]
      },
      {
        "name": "Stages",
        "superClass": [
          "Element"
        ],
        "properties": [
          {
            "name": "parts",
            "isMany": true,
            "type": "InStages"
          }
        ]
      },
      {
        "name": "InStage",
        "isAbstract": true,
        "superClass": [
          "Element"
        ]
      },
      {
        "name": "Stage",
        "superClass": [
          "InStages"
        ],
        "properties": [
          {
            "name": "id",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "name",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "limit",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "parts",
            "isMany": true,
            "type": "InStage"
          }
        ]
      },
      {
        "name": "InRoles",
        "isAbstract": true,
        "superClass": [
          "Element"
        ]
      },
      {
        "name": "Roles",
        "superClass": [
          "Element"
        ],
        "properties": [
          {
            "name": "parts",
            "isMany": true,
            "type": "InRoles"
          }
        ]
      },
      {
        "name": "Role",
        "superClass": [
          "InRoles"
        ],
        "properties": [
          {
            "name": "id",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "name",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "groups",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "access",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "InOutcomes",
        "isAbstract": true,
        "superClass": [
          "Element"
        ]
      },
      {
        "name": "Outcomes",
        "superClass": [
          "Element"
        ],
        "properties": [
          {
            "name": "parts",
            "isMany": true,
            "type": "InOutcomes"
          }
        ]
      },
      {
        "name": "Outcome",
        "superClass": [
          "InOutcomes"
        ],
        "properties": [
          {
            "name": "id",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "name",
            "isAttr": true,
            "type": "String"
          }
        ]
      },
      {
        "name": "InMilestones",
        "isAbstract": true,
        "superClass": [
          "Element"
        ]
      },
      {
        "name": "Milestones",
        "superClass": [
          "Element"
        ],
        "properties": [
          {
            "name": "parts",
            "isMany": true,
            "type": "InMilestones"
          }
        ]
      },
      {
        "name": "Milestone",
        "superClass": [
          "InMilestones"
        ],
        "properties": [
          {
            "name": "id",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "name",
            "isAttr": true,
            "type": "String"
          },
          {
            "name": "when",
            "isAttr": true,
            "type": "String"
          }
        ]
      }
    ]
  },
});
