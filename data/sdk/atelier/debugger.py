# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Settings of the service's debugger and profiler: kept in the definition, without effect on a local run."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from atelier.utils import without_none
from atelier.workflow.entities import RequestType, Str


class CollectionConfig:
    """A collection of tensors to be kept."""

    def __init__(self, name: Str, parameters: Optional[Dict[str, Str]] = None) -> None:
        self.name = name
        self.parameters = parameters

    def _to_request_dict(self) -> RequestType:
        return without_none(CollectionName=self.name, CollectionParameters=self.parameters)


class DebuggerHookConfig:
    """Where tensors are kept."""

    def __init__(
        self,
        s3_output_path: Optional[Str] = None,
        container_local_output_path: Optional[Str] = None,
        hook_parameters: Optional[Dict[str, Str]] = None,
        collection_configs: Optional[List[CollectionConfig]] = None,
    ) -> None:
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path
        self.hook_parameters = hook_parameters
        self.collection_configs = collection_configs

    def _to_request_dict(self, output_path: Str) -> RequestType:
        return without_none(
            S3OutputPath=self.s3_output_path or output_path,
            LocalPath=self.container_local_output_path,
            HookParameters=self.hook_parameters,
            CollectionConfigurations=[config._to_request_dict() for config in self.collection_configs or []],
        )


class TensorBoardOutputConfig:
    """Where TensorBoard's files are kept."""

    def __init__(self, s3_output_path: Str, container_local_output_path: Optional[Str] = None) -> None:
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path

    def _to_request_dict(self) -> RequestType:
        return without_none(S3OutputPath=self.s3_output_path, LocalPath=self.container_local_output_path)


class ProfilerConfig:
    """Settings of the profiler."""

    def __init__(
        self,
        s3_output_path: Optional[Str] = None,
        system_monitor_interval_millis: Optional[Any] = None,
        framework_profile_params: Optional[Any] = None,
        profile_params: Optional[Any] = None,
        disable_profiler: Any = False,
    ) -> None:
        self.s3_output_path = s3_output_path
        self.system_monitor_interval_millis = system_monitor_interval_millis
        self.framework_profile_params = framework_profile_params
        self.profile_params = profile_params
        self.disable_profiler = disable_profiler

    def _to_request_dict(self, output_path: Str) -> RequestType:
        profiling = self.profile_params or self.framework_profile_params
        return without_none(
            S3OutputPath=(self.s3_output_path or output_path) if self.disable_profiler is False else None,
            DisableProfiler=self.disable_profiler,
            ProfilingIntervalInMilliseconds=self.system_monitor_interval_millis,
            ProfilingParameters=getattr(profiling, "profiling_parameters", None),
        )
