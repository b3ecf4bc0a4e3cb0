# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The pipeline itself."""

from __future__ import annotations

import json
from typing import Any, Dict, List, NoReturn, Optional, Sequence, Union

from atelier import _recorder
from atelier.session import Session
from atelier.utils import Tags
from atelier.workflow._compiler import Interpolator, StepsCompiler
from atelier.workflow.entities import RequestType
from atelier.workflow.execution_variables import ExecutionVariables
from atelier.workflow.parallelism_config import ParallelismConfiguration
from atelier.workflow.parameters import Parameter
from atelier.workflow.pipeline_context import PipelineSession, keeping_job_names
from atelier.workflow.pipeline_definition_config import PipelineDefinitionConfig
from atelier.workflow.pipeline_experiment_config import PipelineExperimentConfig
from atelier.workflow.selective_execution_config import SelectiveExecutionConfig
from atelier.workflow.step_collections import StepCollection
from atelier.workflow.steps import Step

Parallelism = Optional[Union[ParallelismConfiguration, Dict[str, int]]]

_DEFAULT_EXPERIMENT_CFG = PipelineExperimentConfig(
    ExecutionVariables.PIPELINE_NAME, ExecutionVariables.PIPELINE_EXECUTION_ID
)
_DEFAULT_DEFINITION_CFG = PipelineDefinitionConfig(use_custom_job_prefix=False)


class Pipeline:
    """A named set of parameters and steps. `definition()` is what it is all for.

    create(), update(), upsert() and start() have a meaning only while the file is compiled, where they say which pipelines
    there are; otherwise they raise RuntimeError.
    """

    def __init__(
        self,
        name: str = "",
        parameters: Optional[Sequence[Parameter]] = None,
        pipeline_experiment_config: Optional[PipelineExperimentConfig] = _DEFAULT_EXPERIMENT_CFG,
        steps: Optional[Sequence[Union[Step, StepCollection]]] = None,
        sagemaker_session: Optional[Session] = None,
        pipeline_definition_config: Optional[PipelineDefinitionConfig] = _DEFAULT_DEFINITION_CFG,
    ) -> None:
        self.name = name
        self.parameters: List[Parameter] = list(parameters or [])
        self.pipeline_experiment_config = pipeline_experiment_config
        self.steps: List[Union[Step, StepCollection]] = list(steps or [])
        self.sagemaker_session = sagemaker_session or PipelineSession()
        self.pipeline_definition_config = pipeline_definition_config or _DEFAULT_DEFINITION_CFG

    def definition(self) -> str:
        """The definition as JSON text (version 2020-12-01). Local code and data that it names are put into the store.

        The same sources always give the same text. Raises ValueError, TypeError or AttributeError with a sentence.
        """
        if not self.name or not isinstance(self.name, str):
            raise ValueError("A pipeline needs a name")
        with keeping_job_names(self.pipeline_definition_config.use_custom_job_prefix):
            steps = StepsCompiler(self.steps).build()
        expressions = Interpolator(self.name, steps)
        experiment = self.pipeline_experiment_config
        request = {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": [parameter.to_request() for parameter in self.parameters],
            "PipelineExperimentConfig": (
                expressions.value(experiment.to_request(), "PipelineExperimentConfig") if experiment else None
            ),
            "Steps": expressions.value(steps, "Steps"),
        }
        return json.dumps(request)

    def create(
        self,
        role_arn: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Tags] = None,
        parallelism_config: Parallelism = None,
    ) -> Dict[str, Any]:
        """Records the pipeline while a file is compiled; gives {"PipelineArn": …}."""
        return self._record("Pipeline.create()", description, parallelism_config)

    def update(
        self,
        role_arn: Optional[str] = None,
        description: Optional[str] = None,
        parallelism_config: Parallelism = None,
    ) -> Dict[str, Any]:
        """As create()."""
        return self._record("Pipeline.update()", description, parallelism_config)

    def upsert(
        self,
        role_arn: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Tags] = None,
        parallelism_config: Parallelism = None,
    ) -> Dict[str, Any]:
        """As create()."""
        return self._record("Pipeline.upsert()", description, parallelism_config)

    def start(
        self,
        parameters: Optional[Dict[str, Any]] = None,
        execution_display_name: Optional[str] = None,
        execution_description: Optional[str] = None,
        parallelism_config: Parallelism = None,
        selective_execution_config: Optional[SelectiveExecutionConfig] = None,
        pipeline_version_id: Optional[int] = None,
    ) -> "_PipelineExecution":
        """Records the pipeline, if it was not already; the execution that it gives cannot be waited for."""
        if self.name not in _recorder.recorder("Pipeline.start()").pipelines:
            self._record("Pipeline.start()", None, parallelism_config)
        return _PipelineExecution(f"{self._arn()}/execution/000000000000")

    def describe(self, pipeline_version_id: Optional[int] = None) -> Dict[str, Any]:
        """Ends the script while a file is compiled: there is no service to ask."""
        _finish("Pipeline.describe()")

    def list_executions(self, **options: Any) -> Dict[str, Any]:
        """As describe()."""
        _finish("Pipeline.list_executions()")

    def delete(self) -> Dict[str, Any]:
        """As describe()."""
        _finish("Pipeline.delete()")

    def _arn(self) -> str:
        return f"arn:aws:sagemaker:local:000000000000:pipeline/{self.name}"

    def _record(self, call: str, description: Optional[str], parallelism: Parallelism) -> Dict[str, Any]:
        recorder = _recorder.recorder(call)
        request = parallelism.to_request() if isinstance(parallelism, ParallelismConfiguration) else parallelism
        recorder.pipelines[self.name] = _recorder.Recorded(self.name, self.definition(), description, request)
        return {"PipelineArn": self._arn()}


class _PipelineExecution:
    """What start() gives while a file is compiled. Asking it for anything ends the script."""

    def __init__(self, arn: str) -> None:
        self.arn = arn

    def wait(self, delay: int = 30, max_attempts: int = 60) -> None:
        """Ends the script."""
        _finish("execution.wait()")

    def describe(self) -> RequestType:
        """Ends the script."""
        _finish("execution.describe()")

    def list_steps(self) -> List[RequestType]:
        """Ends the script."""
        _finish("execution.list_steps()")

    def list_parameters(self, max_results: Optional[int] = None, next_token: Optional[str] = None) -> RequestType:
        """Ends the script."""
        _finish("execution.list_parameters()")

    def result(self, step_name: str) -> Any:
        """Ends the script."""
        _finish("execution.result()")

    def stop(self) -> None:
        """Does nothing: no execution was started."""


def _finish(call: str) -> NoReturn:
    _recorder.recorder(call)
    raise _recorder.Finished()
