# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The steps of a pipeline."""

from __future__ import annotations

import abc
import os
import sys
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, List, Optional, Sequence, Tuple, Union

from atelier.estimator import EstimatorBase, TrainingInputs
from atelier.inputs import CreateModelInput, TransformInput
from atelier.model import Model
from atelier.pipeline import PipelineModel
from atelier.processing import ProcessingInput, ProcessingOutput, Processor
from atelier.transformer import Transformer
from atelier.tuner import HyperparameterTuner
from atelier.workflow.entities import Entity, RequestType, Str
from atelier.workflow.functions import Join
from atelier.workflow.pipeline_context import _StepArguments, check_step_arguments, without_job_name
from atelier.workflow.properties import Properties, PropertyFile
from atelier.workflow.retry import RetryPolicy

if TYPE_CHECKING:
    from atelier.workflow.step_collections import StepCollection

DependsOn = Optional[Sequence[Union[str, "Step", "StepCollection"]]]


_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _caller() -> Tuple[str, int]:
    """File and line of the code outside this package that is calling it, for errors that are found later."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


class StepTypeEnum(Enum):
    """The types of steps."""

    CONDITION = "Condition"
    CREATE_MODEL = "Model"
    PROCESSING = "Processing"
    REGISTER_MODEL = "RegisterModel"
    TRAINING = "Training"
    TRANSFORM = "Transform"
    CALLBACK = "Callback"
    TUNING = "Tuning"
    LAMBDA = "Lambda"
    QUALITY_CHECK = "QualityCheck"
    CLARIFY_CHECK = "ClarifyCheck"
    EMR = "EMR"
    FAIL = "Fail"
    AUTOML = "AutoML"


class Step(Entity):
    """A step: a name that is unique in the pipeline, a type, and what it depends on besides the values it uses."""

    def __init__(
        self,
        name: str,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        step_type: Optional[StepTypeEnum] = None,
        depends_on: DependsOn = None,
    ) -> None:
        self.name = name
        self.place = _caller()
        self.display_name = display_name
        self.description = description
        self.step_type = step_type
        self.depends_on: Optional[List[Union[str, "Step", "StepCollection"]]] = list(depends_on) if depends_on else None

    @property
    @abc.abstractmethod
    def arguments(self) -> RequestType:
        """The request of the step's job as JSON; it may hold pipeline variables."""

    @property
    def step_only_arguments(self) -> RequestType:
        """The arguments without those of the steps inside."""
        return self.arguments

    @property
    @abc.abstractmethod
    def properties(self) -> Properties:
        """References to what the step has once it is done."""

    @property
    def ref(self) -> RequestType:
        """The step's name as JSON."""
        return {"Name": self.name}

    def add_depends_on(self, step_names: DependsOn) -> None:
        """Adds steps (or their names) that must be done first."""
        if step_names:
            self.depends_on = [*(self.depends_on or []), *step_names]

    def to_request(self) -> RequestType:
        request: RequestType = {
            "Name": self.name,
            "Type": self.step_type.value if self.step_type else None,
            "Arguments": self.arguments,
        }
        if self.depends_on:
            request["DependsOn"] = list(self.depends_on)
        if self.display_name:
            request["DisplayName"] = self.display_name
        if self.description:
            request["Description"] = self.description
        return request


@dataclass
class CacheConfig:
    """Whether a step may take the outputs of an earlier, equal run.

    expire_after is an ISO 8601 duration, such as "P30D" or "PT1H": older runs do not count.
    """

    enable_caching: bool = False
    expire_after: Optional[str] = None

    @property
    def config(self) -> RequestType:
        """The part of a step's JSON."""
        config: RequestType = {"Enabled": self.enable_caching}
        if self.expire_after is not None:
            config["ExpireAfter"] = self.expire_after
        return {"CacheConfig": config}


class ConfigurableRetryStep(Step):
    """A step that may have retry policies."""

    def __init__(
        self,
        name: str,
        step_type: StepTypeEnum,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
        cache_config: Optional[CacheConfig] = None,
    ) -> None:
        super().__init__(name, display_name, description, step_type, depends_on)
        self.retry_policies: List[RetryPolicy] = list(retry_policies or [])
        self.cache_config = cache_config

    def add_retry_policy(self, retry_policy: Optional[RetryPolicy]) -> None:
        """Adds a policy; the first one that fits a fault counts."""
        if retry_policy:
            self.retry_policies.append(retry_policy)

    def to_request(self) -> RequestType:
        request = super().to_request()
        if self.retry_policies:
            request["RetryPolicies"] = [policy.to_request() for policy in self.retry_policies]
        if self.cache_config:
            request.update(self.cache_config.config)
        return request


def _one_of(step_args: Any, other: Any, step: str, name: str) -> None:
    if (step_args is None) == (other is None):
        raise ValueError(f"{step} needs either step_args or {name}, and not both")


class ProcessingStep(ConfigurableRetryStep):
    """Runs a processing job: step_args of processor.run(), or a processor with inputs, outputs and code."""

    def __init__(
        self,
        name: str,
        step_args: Optional[_StepArguments] = None,
        processor: Optional[Processor] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        inputs: Optional[List[ProcessingInput]] = None,
        outputs: Optional[List[ProcessingOutput]] = None,
        job_arguments: Optional[List[Str]] = None,
        code: Optional[str] = None,
        property_files: Optional[List[PropertyFile]] = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
        kms_key: Optional[str] = None,
    ) -> None:
        super().__init__(
            name, StepTypeEnum.PROCESSING, display_name, description, depends_on, retry_policies, cache_config
        )
        _one_of(step_args, processor, "ProcessingStep", "processor")
        if step_args is not None:
            check_step_arguments(step_args, {"process"}, "The step_args of a ProcessingStep must be of processor.run()")
        self.step_args = step_args
        self.processor = processor
        self.inputs = inputs
        self.outputs = outputs
        self.job_arguments = job_arguments
        self.code = code
        self.property_files = property_files or []
        self.kms_key = kms_key
        self._properties = Properties(name, shape_name="DescribeProcessingJobResponse", step=self)

    @property
    def arguments(self) -> RequestType:
        if self.processor is not None:
            request = self.processor._request(self.name, self.inputs, self.outputs, self.job_arguments, self.code)
        else:
            assert self.step_args is not None
            request = self.step_args.build(self.name)
        return without_job_name(request, "ProcessingJobName")

    @property
    def properties(self) -> Properties:
        return self._properties

    def to_request(self) -> RequestType:
        request = super().to_request()
        if self.property_files:
            request["PropertyFiles"] = [file.expr for file in self.property_files]
        return request


class TrainingStep(ConfigurableRetryStep):
    """Runs a training job: step_args of estimator.fit(), or an estimator with inputs."""

    def __init__(
        self,
        name: str,
        step_args: Optional[_StepArguments] = None,
        estimator: Optional[EstimatorBase] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        inputs: TrainingInputs = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
    ) -> None:
        super().__init__(
            name, StepTypeEnum.TRAINING, display_name, description, depends_on, retry_policies, cache_config
        )
        _one_of(step_args, estimator, "TrainingStep", "estimator")
        if step_args is not None:
            check_step_arguments(step_args, {"train"}, "The step_args of a TrainingStep must be of estimator.fit()")
        self.step_args = step_args
        self.estimator = estimator
        self.inputs = inputs
        self._properties = Properties(name, shape_name="DescribeTrainingJobResponse", step=self)

    @property
    def arguments(self) -> RequestType:
        if self.estimator is not None:
            request = self.estimator._request(self.inputs)
        else:
            assert self.step_args is not None
            request = self.step_args.build(self.name)
        return without_job_name(request, "TrainingJobName")

    @property
    def properties(self) -> Properties:
        return self._properties


class TuningStep(ConfigurableRetryStep):
    """Runs a tuning job: step_args of tuner.fit(), or a tuner with inputs."""

    def __init__(
        self,
        name: str,
        step_args: Optional[_StepArguments] = None,
        tuner: Optional[HyperparameterTuner] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        inputs: Any = None,
        job_arguments: Optional[List[str]] = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
    ) -> None:
        super().__init__(
            name, StepTypeEnum.TUNING, display_name, description, depends_on, retry_policies, cache_config
        )
        _one_of(step_args, tuner, "TuningStep", "tuner")
        if step_args is not None:
            check_step_arguments(
                step_args, {"create_tuning_job"}, "The step_args of a TuningStep must be of tuner.fit()"
            )
        self.step_args = step_args
        self.tuner = tuner
        self.inputs = inputs
        self.job_arguments = job_arguments
        self._properties = Properties(
            name,
            shape_names=[
                "DescribeHyperParameterTuningJobResponse",
                "ListTrainingJobsForHyperParameterTuningJobResponse",
            ],
            step=self,
        )

    @property
    def arguments(self) -> RequestType:
        if self.tuner is not None:
            request = self.tuner._request(self.inputs)
        else:
            assert self.step_args is not None
            request = self.step_args.build(self.name)
        return without_job_name(request, "HyperParameterTuningJobName")

    @property
    def properties(self) -> Properties:
        return self._properties

    def get_top_model_s3_uri(self, top_k: int, s3_bucket: Str, prefix: Str = "") -> Join:
        """The address of the model.tar.gz of the training that is number top_k, the best being number 0."""
        job = self.properties.TrainingJobSummaries[top_k].TrainingJobName
        folder = [] if prefix is None or prefix == "" else [prefix]
        return Join(on="/", values=["s3:/", s3_bucket, *folder, job, "output/model.tar.gz"])


class TransformStep(ConfigurableRetryStep):
    """Runs a batch transform: step_args of transformer.transform(), or a transformer with inputs."""

    def __init__(
        self,
        name: str,
        step_args: Optional[_StepArguments] = None,
        transformer: Optional[Transformer] = None,
        inputs: Optional[TransformInput] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
        cache_config: Optional[CacheConfig] = None,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
    ) -> None:
        super().__init__(
            name, StepTypeEnum.TRANSFORM, display_name, description, depends_on, retry_policies, cache_config
        )
        _one_of(step_args, transformer, "TransformStep", "transformer")
        if step_args is not None:
            check_step_arguments(
                step_args, {"transform"}, "The step_args of a TransformStep must be of transformer.transform()"
            )
        elif inputs is None:
            raise ValueError("A TransformStep with a transformer needs inputs")
        self.step_args = step_args
        self.transformer = transformer
        self.inputs = inputs
        self._properties = Properties(name, shape_name="DescribeTransformJobResponse", step=self)

    @property
    def arguments(self) -> RequestType:
        if self.transformer is not None:
            assert self.inputs is not None
            request = self.transformer._request(self.name, **vars(self.inputs))
        else:
            assert self.step_args is not None
            request = self.step_args.build(self.name)
        return without_job_name(request, "TransformJobName")

    @property
    def properties(self) -> Properties:
        return self._properties


class CreateModelStep(ConfigurableRetryStep):
    """Makes a model; usually one takes a ModelStep instead. step_args is a request as dict."""

    def __init__(
        self,
        name: str,
        step_args: Optional[RequestType] = None,
        model: Optional[Union[Model, PipelineModel]] = None,
        inputs: Optional[CreateModelInput] = None,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
    ) -> None:
        super().__init__(name, StepTypeEnum.CREATE_MODEL, display_name, description, depends_on, retry_policies)
        _one_of(step_args, model, "CreateModelStep", "model")
        if isinstance(step_args, _StepArguments):
            raise TypeError("The step_args of model.create() are for a ModelStep; a CreateModelStep takes model=")
        self.step_args = step_args
        self.model = model
        self.inputs = inputs or CreateModelInput()
        self._properties = Properties(name, shape_name="DescribeModelOutput", step=self)

    @property
    def arguments(self) -> RequestType:
        if self.model is not None:
            request = self.model._create_request(self.inputs.instance_type)
        else:
            assert self.step_args is not None
            request = self.step_args
        return without_job_name(request, "ModelName")

    @property
    def properties(self) -> Properties:
        return self._properties


class RegisterModelStep(ConfigurableRetryStep):
    """Adds a version to a model group. It is part of ModelStep and RegisterModel; step_args is a request as dict."""

    def __init__(
        self,
        name: str,
        step_args: RequestType,
        depends_on: DependsOn = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
        display_name: Optional[str] = None,
        description: Optional[str] = None,
    ) -> None:
        super().__init__(name, StepTypeEnum.REGISTER_MODEL, display_name, description, depends_on, retry_policies)
        self.step_args = step_args
        self._properties = Properties(name, shape_name="DescribeModelPackageOutput", step=self)

    @property
    def arguments(self) -> RequestType:
        return without_job_name(self.step_args, "ModelPackageName")

    @property
    def properties(self) -> Properties:
        return self._properties
