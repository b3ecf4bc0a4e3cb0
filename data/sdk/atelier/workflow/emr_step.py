# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""EMRStep: a step on a Hadoop cluster."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from atelier.utils import without_none
from atelier.workflow.entities import RequestType, Str
from atelier.workflow.properties import Properties
from atelier.workflow.retry import RetryPolicy
from atelier.workflow.steps import CacheConfig, ConfigurableRetryStep, DependsOn, StepTypeEnum


class EMRStepConfig:
    """The program: a jar (such as command-runner.jar), its arguments, main class and properties."""

    def __init__(
        self,
        jar: Str,
        args: Optional[List[Str]] = None,
        main_class: Optional[Str] = None,
        properties: Optional[List[Dict[str, Any]]] = None,
    ) -> None:
        self.jar = jar
        self.args = args
        self.main_class = main_class
        self.properties = properties

    def to_request(self) -> RequestType:
        """As JSON."""
        return {
            "HadoopJarStep": without_none(
                Jar=self.jar, Args=self.args, MainClass=self.main_class, Properties=self.properties
            )
        }


class EMRStep(ConfigurableRetryStep):
    """Runs on the cluster cluster_id, or on a new one of cluster_config."""

    def __init__(
        self,
        name: str,
        display_name: Optional[str],
        description: Optional[str],
        cluster_id: Optional[Str],
        step_config: EMRStepConfig,
        depends_on: DependsOn = None,
        cache_config: Optional[CacheConfig] = None,
        cluster_config: Optional[Dict[str, Any]] = None,
        execution_role_arn: Optional[Str] = None,
        retry_policies: Optional[Sequence[RetryPolicy]] = None,
    ) -> None:
        super().__init__(
            name, StepTypeEnum.EMR, display_name, description, depends_on, retry_policies, cache_config
        )
        if (cluster_id is None) == (cluster_config is None):
            raise ValueError(f"EMRStep “{name}” needs either cluster_id or cluster_config, and not both")
        if execution_role_arn is not None and cluster_id is None:
            raise ValueError(f"EMRStep “{name}” can have execution_role_arn only with cluster_id")
        for key in ("Name", "AutoTerminationPolicy", "Steps"):
            if key in (cluster_config or {}):
                raise ValueError(f"The cluster_config of EMRStep “{name}” must not have {key}")
        self.args = without_none(
            StepConfig=step_config.to_request(),
            ClusterId=cluster_id,
            ExecutionRoleArn=execution_role_arn,
            ClusterConfig=cluster_config,
        )
        self._properties = Properties(name, step=self)

    @property
    def arguments(self) -> RequestType:
        return self.args

    @property
    def properties(self) -> Properties:
        return self._properties
