# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Named outputs of Lambda and Callback steps."""

from __future__ import annotations

from enum import Enum
from typing import Dict, List, Optional, Sequence, Union

from atelier.workflow.entities import PipelineVariable, RequestType
from atelier.workflow.properties import Properties
from atelier.workflow.steps import CacheConfig, DependsOn, Step, StepTypeEnum


class OutputTypeEnum(Enum):
    """The types of outputs."""

    String = "String"
    Integer = "Integer"
    Boolean = "Boolean"
    Float = "Float"


class Output(PipelineVariable):
    """A named output. Once a step has it, it can be used as a value itself."""

    def __init__(self, output_name: str, output_type: OutputTypeEnum = OutputTypeEnum.String) -> None:
        self.output_name = output_name
        self.output_type = output_type
        self._step: Optional[Step] = None

    def to_request(self) -> RequestType:
        """The output's declaration as JSON."""
        return {"OutputName": self.output_name, "OutputType": self.output_type.value}

    @property
    def expr(self) -> RequestType:
        if self._step is None:
            raise ValueError(f"The output “{self.output_name}” belongs to no step")
        return {"Get": f"Steps.{self._step.name}.OutputParameters['{self.output_name}']"}

    @property
    def _referenced_steps(self) -> List[Union[Step, str]]:
        return [self._step] if self._step is not None else []


class OutputsProperties(Properties):
    """The properties of a step with outputs: Outputs["NAME"]."""

    Outputs: Dict[str, Properties]

    def __init__(self, step: Step, outputs: Sequence[Output]) -> None:
        super().__init__(step.name, step=step, known={})
        self.Outputs = {
            output.output_name: Properties(step.name, f"OutputParameters['{output.output_name}']", step=step)
            for output in outputs
        }


class StepWithOutputs(Step):
    """A step whose inputs are a flat object and whose outputs have names."""

    def __init__(
        self,
        name: str,
        step_type: StepTypeEnum,
        inputs: Optional[RequestType],
        outputs: Optional[Sequence[Output]],
        display_name: Optional[str],
        description: Optional[str],
        cache_config: Optional[CacheConfig],
        depends_on: DependsOn,
    ) -> None:
        super().__init__(name, display_name, description, step_type, depends_on)
        self.inputs = inputs or {}
        self.outputs = list(outputs or [])
        self.cache_config = cache_config
        for output in self.outputs:
            output._step = self
        self._properties = OutputsProperties(self, self.outputs)

    @property
    def arguments(self) -> RequestType:
        return self.inputs

    @property
    def properties(self) -> OutputsProperties:
        return self._properties

    def to_request(self) -> RequestType:
        request = super().to_request()
        if self.cache_config:
            request.update(self.cache_config.config)
        request.update(self._target())
        request["OutputParameters"] = [output.to_request() for output in self.outputs]
        return request

    def _target(self) -> RequestType:
        """What is called, as JSON."""
        raise NotImplementedError
