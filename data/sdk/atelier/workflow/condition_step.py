# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""ConditionStep: which of two branches runs."""

from __future__ import annotations

from typing import List, Optional, Sequence, Union

from atelier.workflow.conditions import Condition
from atelier.workflow.entities import RequestType
from atelier.workflow.functions import JsonGet as _JsonGet
from atelier.workflow.properties import Properties, PropertyFile
from atelier.workflow.step_collections import StepCollection
from atelier.workflow.steps import DependsOn, Step, StepTypeEnum


class ConditionStep(Step):
    """Runs if_steps when all conditions are true, else else_steps. Steps in a branch stand there and nowhere else."""

    def __init__(
        self,
        name: str,
        depends_on: DependsOn = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        conditions: Optional[List[Condition]] = None,
        if_steps: Optional[Sequence[Union[Step, StepCollection]]] = None,
        else_steps: Optional[Sequence[Union[Step, StepCollection]]] = None,
    ) -> None:
        super().__init__(name, display_name, description, StepTypeEnum.CONDITION, depends_on)
        self.conditions = conditions or []
        self.if_steps: List[Union[Step, StepCollection]] = list(if_steps or [])
        self.else_steps: List[Union[Step, StepCollection]] = list(else_steps or [])
        self._properties = Properties.named(self, ["Outcome"])

    @property
    def arguments(self) -> RequestType:
        return {
            **self.step_only_arguments,
            "IfSteps": _requests(self.if_steps),
            "ElseSteps": _requests(self.else_steps),
        }

    @property
    def step_only_arguments(self) -> RequestType:
        return {"Conditions": [condition.to_request() for condition in self.conditions]}

    @property
    def properties(self) -> Properties:
        """Its one property is Outcome."""
        return self._properties

    def request_with(self, if_requests: List[RequestType], else_requests: List[RequestType]) -> RequestType:
        """The step as JSON with branches that are JSON already."""
        bare = ConditionStep(self.name, self.depends_on, self.display_name, self.description, self.conditions)
        request = bare.to_request()
        request["Arguments"].update(IfSteps=if_requests, ElseSteps=else_requests)
        return request


def _requests(steps: Sequence[Union[Step, StepCollection]]) -> List[RequestType]:
    requests: List[RequestType] = []
    for step in steps:
        requests.extend(step.request_dicts() if isinstance(step, StepCollection) else [step.to_request()])
    return requests


class JsonGet(_JsonGet):
    """The older spelling of `functions.JsonGet`, which takes the step itself."""

    def __init__(self, step: Step, property_file: Union[PropertyFile, str], json_path: str) -> None:
        super().__init__(step_name=step.name, property_file=property_file, json_path=json_path)
