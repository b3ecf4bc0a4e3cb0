# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""What quality and Clarify checks share."""

from __future__ import annotations

from typing import Any, List, Optional

from atelier.processing import ProcessingInput, ProcessingOutput, Processor
from atelier.workflow.check_job_config import CheckJobConfig
from atelier.workflow.entities import Bool, RequestType, Str
from atelier.workflow.pipeline_context import without_job_name
from atelier.workflow.properties import Properties
from atelier.workflow.steps import CacheConfig, DependsOn, Step, StepTypeEnum


class CheckStep(Step):
    """Computes a new baseline and, unless skipped, compares with the previous one."""

    _PROPERTIES: List[str] = []

    def __init__(
        self,
        name: str,
        step_type: StepTypeEnum,
        check_job_config: CheckJobConfig,
        skip_check: Bool,
        fail_on_violation: Bool,
        register_new_baseline: Bool,
        model_package_group_name: Optional[Str],
        supplied: RequestType,
        display_name: Optional[str],
        description: Optional[str],
        cache_config: Optional[CacheConfig],
        depends_on: DependsOn,
    ) -> None:
        super().__init__(name, display_name, description, step_type, depends_on)
        self.check_job_config = check_job_config
        self.skip_check = skip_check
        self.fail_on_violation = fail_on_violation
        self.register_new_baseline = register_new_baseline
        self.model_package_group_name = model_package_group_name
        self.cache_config = cache_config
        self._supplied = supplied
        self._properties = Properties.named(self, self._PROPERTIES)

    @property
    def properties(self) -> Properties:
        return self._properties

    def _check_type(self) -> str:
        raise NotImplementedError

    def _arguments(
        self, processor: Processor, inputs: List[ProcessingInput], output: ProcessingOutput
    ) -> RequestType:
        return without_job_name(processor._request(self.name, inputs, [output], None), "ProcessingJobName")

    def to_request(self) -> RequestType:
        request = super().to_request()
        if self.cache_config:
            request.update(self.cache_config.config)
        checks: Any = {
            "CheckType": self._check_type(),
            "ModelPackageGroupName": self.model_package_group_name,
            "SkipCheck": self.skip_check,
            "FailOnViolation": self.fail_on_violation,
            "RegisterNewBaseline": self.register_new_baseline,
        }
        return {**request, **checks, **self._supplied}
