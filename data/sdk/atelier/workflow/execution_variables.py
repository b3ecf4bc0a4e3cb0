# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Values that an execution knows of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Union

from atelier.workflow.entities import PipelineVariable, RequestType

if TYPE_CHECKING:
    from atelier.workflow.steps import Step


class ExecutionVariable(PipelineVariable):
    """One of `ExecutionVariables`; always text."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExecutionVariable) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def to_string(self) -> PipelineVariable:
        return self

    @property
    def expr(self) -> RequestType:
        return {"Get": f"Execution.{self.name}"}

    @property
    def _referenced_steps(self) -> List[Union["Step", str]]:
        return []


class ExecutionVariables:
    """All execution variables. The times are ISO 8601 in UTC."""

    START_DATETIME = ExecutionVariable("StartDateTime")
    CURRENT_DATETIME = ExecutionVariable("CurrentDateTime")
    PIPELINE_NAME = ExecutionVariable("PipelineName")
    PIPELINE_ARN = ExecutionVariable("PipelineArn")
    PIPELINE_EXECUTION_ID = ExecutionVariable("PipelineExecutionId")
    PIPELINE_EXECUTION_ARN = ExecutionVariable("PipelineExecutionArn")
    TRAINING_JOB_NAME = ExecutionVariable("TrainingJobName")
    PROCESSING_JOB_NAME = ExecutionVariable("ProcessingJobName")
