# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""LambdaStep: calls a function."""

from __future__ import annotations

from typing import Optional, Sequence

from atelier.lambda_helper import Lambda
from atelier.workflow._outputs import Output, OutputTypeEnum, StepWithOutputs
from atelier.workflow.entities import RequestType
from atelier.workflow.steps import CacheConfig, DependsOn, StepTypeEnum

LambdaOutputTypeEnum = OutputTypeEnum


class LambdaOutput(Output):
    """A named output of a LambdaStep."""


class LambdaStep(StepWithOutputs):
    """Calls a function with `inputs` as its event; `outputs` are read from the object that it returns."""

    def __init__(
        self,
        name: str,
        lambda_func: Lambda,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        inputs: Optional[RequestType] = None,
        outputs: Optional[Sequence[LambdaOutput]] = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
    ) -> None:
        super().__init__(
            name, StepTypeEnum.LAMBDA, inputs, outputs, display_name, description, cache_config, depends_on
        )
        self.lambda_func = lambda_func

    def _target(self) -> RequestType:
        return {"FunctionArn": self.lambda_func.arn}
