# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""CallbackStep: waits for an answer from outside."""

from __future__ import annotations

from typing import Optional, Sequence

from atelier.workflow._outputs import Output, OutputTypeEnum, StepWithOutputs
from atelier.workflow.entities import RequestType
from atelier.workflow.steps import CacheConfig, DependsOn, StepTypeEnum

CallbackOutputTypeEnum = OutputTypeEnum


class CallbackOutput(Output):
    """A named output of a CallbackStep."""


class CallbackStep(StepWithOutputs):
    """Posts `inputs` with a token to a queue and waits until somebody answers with the outputs, or with a failure."""

    def __init__(
        self,
        name: str,
        sqs_queue_url: str,
        inputs: RequestType,
        outputs: Sequence[CallbackOutput],
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
    ) -> None:
        super().__init__(
            name, StepTypeEnum.CALLBACK, inputs, outputs, display_name, description, cache_config, depends_on
        )
        self.sqs_queue_url = sqs_queue_url

    def _target(self) -> RequestType:
        return {"SqsQueueUrl": self.sqs_queue_url}
