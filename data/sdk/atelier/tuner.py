# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Tuning jobs: many trainings with hyperparameters out of ranges, to find the best."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any, Dict, Iterable, List, Optional

from atelier.estimator import EstimatorBase, Framework, TrainingInputs
from atelier.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter, ParameterRange
from atelier.session import Session
from atelier.utils import Tags, base_name_from_image, format_tags, without_none
from atelier.workflow.entities import Int, RequestType, Str
from atelier.workflow.pipeline_context import _StepArguments, step_arguments

__all__ = [
    "CategoricalParameter", "ContinuousParameter", "HyperbandStrategyConfig", "HyperparameterTuner", "InstanceConfig",
    "IntegerParameter", "ParameterRange", "StrategyConfig", "TuningJobCompletionCriteriaConfig", "WarmStartConfig",
    "WarmStartTypes",
]


class WarmStartTypes(Enum):
    """What a warm start takes over."""

    IDENTICAL_DATA_AND_ALGORITHM = "IdenticalDataAndAlgorithm"
    TRANSFER_LEARNING = "TransferLearning"


class WarmStartConfig:
    """Earlier tuning jobs to begin from."""

    def __init__(self, warm_start_type: WarmStartTypes, parents: Iterable[Str]) -> None:
        self.type = WarmStartTypes(warm_start_type)
        self.parents = list(parents)
        if not self.parents:
            raise ValueError("A warm start needs at least one parent")

    def to_input_req(self) -> RequestType:
        """As JSON."""
        return {
            "WarmStartType": self.type.value,
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": parent} for parent in self.parents],
        }


class HyperbandStrategyConfig:
    """Least and most resource (such as epochs) that Hyperband gives a training."""

    def __init__(self, max_resource: int, min_resource: int) -> None:
        self.max_resource = max_resource
        self.min_resource = min_resource

    def to_input_req(self) -> RequestType:
        """As JSON."""
        return {"MinResource": self.min_resource, "MaxResource": self.max_resource}


class StrategyConfig:
    """Settings of a strategy."""

    def __init__(self, hyperband_strategy_config: HyperbandStrategyConfig) -> None:
        self.hyperband_strategy_config = hyperband_strategy_config

    def to_input_req(self) -> RequestType:
        """As JSON."""
        return {"HyperbandStrategyConfig": self.hyperband_strategy_config.to_input_req()}


class InstanceConfig:
    """One of several instances that trainings may take. volume_size is in GB."""

    def __init__(
        self, instance_count: Optional[Int] = None, instance_type: Optional[Str] = None, volume_size: Int = 30
    ) -> None:
        self.instance_count = instance_count
        self.instance_type = instance_type
        self.volume_size = volume_size

    def to_input_req(self) -> RequestType:
        """As JSON."""
        return {
            "InstanceCount": self.instance_count,
            "InstanceType": self.instance_type,
            "VolumeSizeInGB": self.volume_size,
        }


class TuningJobCompletionCriteriaConfig:
    """When to stop early."""

    def __init__(
        self,
        max_number_of_training_jobs_not_improving: Optional[int] = None,
        complete_on_convergence: Optional[bool] = None,
        target_objective_metric_value: Optional[float] = None,
    ) -> None:
        self.max_number_of_training_jobs_not_improving = max_number_of_training_jobs_not_improving
        self.complete_on_convergence = complete_on_convergence
        self.target_objective_metric_value = target_objective_metric_value

    def to_input_req(self) -> RequestType:
        """As JSON."""
        jobs = self.max_number_of_training_jobs_not_improving
        converged = self.complete_on_convergence
        return without_none(
            BestObjectiveNotImproving=None if jobs is None else {"MaxNumberOfTrainingJobsNotImproving": jobs},
            TargetObjectiveMetricValue=self.target_objective_metric_value,
            ConvergenceDetected=(
                None if converged is None else {"CompleteOnConvergence": "Enabled" if converged else "Disabled"}
            ),
        )


class HyperparameterTuner:
    """Tunes an estimator's hyperparameters.

    strategy: Bayesian, Random, Hyperband or Grid; objective_type: Maximize or Minimize; max_runtime_in_seconds in seconds.
    Several estimators are tuned together by `HyperparameterTuner.create()`.
    """

    def __init__(
        self,
        estimator: EstimatorBase,
        objective_metric_name: Str,
        hyperparameter_ranges: Dict[str, ParameterRange],
        metric_definitions: Optional[List[Dict[str, Str]]] = None,
        strategy: Str = "Bayesian",
        objective_type: Str = "Maximize",
        max_jobs: Optional[Int] = None,
        max_parallel_jobs: Int = 1,
        max_runtime_in_seconds: Optional[Int] = None,
        tags: Optional[Tags] = None,
        base_tuning_job_name: Optional[str] = None,
        warm_start_config: Optional[WarmStartConfig] = None,
        strategy_config: Optional[StrategyConfig] = None,
        completion_criteria_config: Optional[TuningJobCompletionCriteriaConfig] = None,
        early_stopping_type: Str = "Off",
        estimator_name: Optional[str] = None,
        random_seed: Optional[int] = None,
        autotune: bool = False,
        hyperparameters_to_keep_static: Optional[List[str]] = None,
    ) -> None:
        if not hyperparameter_ranges and not autotune:
            raise ValueError("A tuner needs hyperparameter_ranges, or autotune=True")
        self.estimator = estimator
        self.estimator_name = estimator_name
        self.objective_metric_name = objective_metric_name
        self.ranges = hyperparameter_ranges or {}
        self.metric_definitions = metric_definitions
        self.strategy = strategy
        self.objective_type = objective_type
        self.max_jobs = 1 if max_jobs is None and strategy != "Grid" else max_jobs
        self.max_parallel_jobs = max_parallel_jobs
        self.max_runtime_in_seconds = max_runtime_in_seconds
        self.tags = format_tags(tags)
        self.base_tuning_job_name = base_tuning_job_name
        self.warm_start_config = warm_start_config
        self.strategy_config = strategy_config
        self.completion_criteria_config = completion_criteria_config
        self.early_stopping_type = early_stopping_type
        self.random_seed = random_seed
        self.autotune = autotune
        self.keep_static = hyperparameters_to_keep_static
        self.instance_configs: Optional[List[InstanceConfig]] = None
        self._together: List["HyperparameterTuner"] = []

    @classmethod
    def create(
        cls,
        estimator_dict: Dict[str, EstimatorBase],
        objective_metric_name_dict: Dict[str, Str],
        hyperparameter_ranges_dict: Dict[str, Dict[str, ParameterRange]],
        metric_definitions_dict: Optional[Dict[str, List[Dict[str, Str]]]] = None,
        hyperparameters_to_keep_static_dict: Optional[Dict[str, List[str]]] = None,
        **options: Any,
    ) -> "HyperparameterTuner":
        """A tuner of several estimators, each under a name that all the dicts share; options as of the constructor."""
        names = sorted(estimator_dict)
        if not names or sorted(objective_metric_name_dict) != names or sorted(hyperparameter_ranges_dict) != names:
            raise ValueError("The dicts of a tuner of several estimators must have the same names, at least one")
        tuners = [
            cls(
                estimator_dict[name], objective_metric_name_dict[name], hyperparameter_ranges_dict[name],
                (metric_definitions_dict or {}).get(name), estimator_name=name,
                hyperparameters_to_keep_static=(hyperparameters_to_keep_static_dict or {}).get(name), **options,
            )
            for name in names
        ]
        tuners[0]._together = tuners
        return tuners[0]

    @property
    def sagemaker_session(self) -> Session:
        """The estimator's session."""
        return self.estimator.sagemaker_session

    def override_resource_config(self, instance_configs: List[InstanceConfig]) -> None:
        """Lets trainings take one of several instances."""
        self.instance_configs = instance_configs

    def fit(
        self,
        inputs: Any = None,
        job_name: Optional[str] = None,
        include_cls_metadata: Any = False,
        estimator_kwargs: Optional[Dict[str, Any]] = None,
        wait: bool = True,
        **kwargs: Any,
    ) -> _StepArguments:
        """The step_args for a TuningStep; inputs as for the estimator's fit(), with several estimators by name."""
        return step_arguments(
            self.sagemaker_session, "create_tuning_job", "HyperparameterTuner.fit()",
            lambda step: self._request(inputs, job_name),
        )

    def hyperparameter_ranges(self) -> RequestType:
        """The ranges as JSON, by kind."""
        as_json = isinstance(self.estimator, Framework)
        ranges: RequestType = {}
        for kind in ("Continuous", "Categorical", "Integer"):
            ranges[f"{kind}ParameterRanges"] = [
                value.as_json_range(name) if as_json else value.as_tuning_range(name)
                for name, value in self.ranges.items()
                if value.kind == kind
            ]
        return ranges

    def _request(self, inputs: Any, job_name: Optional[str] = None) -> RequestType:
        several = self.estimator_name is not None
        tuners = self._together or [self]
        config = without_none(
            Strategy=self.strategy,
            ResourceLimits=without_none(
                MaxNumberOfTrainingJobs=self.max_jobs,
                MaxParallelTrainingJobs=self.max_parallel_jobs,
                MaxRuntimeInSeconds=self.max_runtime_in_seconds,
            ),
            TrainingJobEarlyStoppingType=self.early_stopping_type,
            RandomSeed=self.random_seed,
            HyperParameterTuningJobObjective=None if several else self._objective(),
            ParameterRanges=None if several else self._all_ranges(),
            StrategyConfig=self.strategy_config.to_input_req() if self.strategy_config else None,
            TuningJobCompletionCriteria=(
                self.completion_criteria_config.to_input_req() if self.completion_criteria_config else None
            ),
        )
        by_name: Dict[str, Any] = inputs or {} if several else {}
        return without_none(
            HyperParameterTuningJobName=job_name or self.base_tuning_job_name
            or base_name_from_image(self.estimator.training_image_uri(), EstimatorBase.JOB_CLASS_NAME),
            HyperParameterTuningJobConfig=config,
            Autotune={"Mode": "Enabled"} if self.autotune else None,
            TrainingJobDefinition=None if several else self._definition(inputs),
            TrainingJobDefinitions=(
                [tuner._definition(by_name.get(tuner.estimator_name or "")) for tuner in tuners] if several else None
            ),
            WarmStartConfig=self.warm_start_config.to_input_req() if self.warm_start_config else None,
            Tags=self.tags or self.estimator.tags,
        )

    def _objective(self) -> RequestType:
        return {"Type": self.objective_type, "MetricName": self.objective_metric_name}

    def _static(self) -> Dict[str, Any]:
        estimator = self.estimator
        values = {name: value for name, value in estimator._all_hyperparameters().items() if name not in self.ranges}
        if isinstance(estimator, Framework):
            values["sagemaker_estimator_class_name"] = json.dumps(type(estimator).__name__)
            values["sagemaker_estimator_module"] = json.dumps(type(estimator).__module__.replace("atelier", "sagemaker", 1))
        return values

    def _all_ranges(self) -> RequestType:
        ranges = self.hyperparameter_ranges()
        if self.autotune:
            automatic = {name: value for name, value in self._static().items() if name not in (self.keep_static or [])}
            ranges["AutoParameters"] = [{"Name": name, "ValueHint": value} for name, value in automatic.items()]
        return ranges

    def _definition(self, inputs: TrainingInputs) -> RequestType:
        estimator = self.estimator
        request = estimator._request(inputs)
        static = self._static()
        if self.autotune:
            static = {name: value for name, value in static.items() if name in (self.keep_static or [])}
        resources = {
            key: request["ResourceConfig"].get(key)
            for key in ("VolumeKmsKeyId", "InstanceCount", "InstanceType", "VolumeSizeInGB")
        }
        if self.instance_configs is not None:
            resources = {
                "VolumeKmsKeyId": resources["VolumeKmsKeyId"],
                "InstanceConfigs": [config.to_input_req() for config in self.instance_configs],
            }
        named = self.estimator_name is not None
        return without_none(
            StaticHyperParameters=static,
            RoleArn=request["RoleArn"],
            OutputDataConfig=request["OutputDataConfig"],
            StoppingCondition=request["StoppingCondition"],
            HyperParameterTuningResourceConfig=without_none(**resources),
            AlgorithmSpecification=without_none(
                TrainingInputMode=request["AlgorithmSpecification"]["TrainingInputMode"],
                MetricDefinitions=self.metric_definitions,
                TrainingImage=request["AlgorithmSpecification"]["TrainingImage"],
            ),
            InputDataConfig=request.get("InputDataConfig"),
            VpcConfig=request.get("VpcConfig"),
            EnableNetworkIsolation=request.get("EnableNetworkIsolation"),
            EnableInterContainerTrafficEncryption=request.get("EnableInterContainerTrafficEncryption"),
            EnableManagedSpotTraining=request.get("EnableManagedSpotTraining"),
            CheckpointConfig=request.get("CheckpointConfig"),
            DefinitionName=self.estimator_name,
            TuningObjective=self._objective() if named else None,
            HyperParameterRanges=self._all_ranges() if named else None,
            RetryStrategy=request.get("RetryStrategy"),
            Environment=request.get("Environment"),
        )
