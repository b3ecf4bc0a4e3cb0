# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The job of a quality or bias check."""

from __future__ import annotations

from typing import Dict, Optional

from atelier import image_uris
from atelier.network import NetworkConfig
from atelier.processing import Processor
from atelier.session import Session
from atelier.utils import Tags
from atelier.workflow.entities import Int, Str
from atelier.workflow.pipeline_context import PipelineSession


class CheckJobConfig:
    """Role, instance and limits of a check. volume_size_in_gb is in GB, max_runtime_in_seconds in seconds."""

    def __init__(
        self,
        role: Optional[Str] = None,
        instance_count: Int = 1,
        instance_type: Str = "ml.m5.xlarge",
        volume_size_in_gb: Int = 30,
        volume_kms_key: Optional[Str] = None,
        output_kms_key: Optional[Str] = None,
        max_runtime_in_seconds: Optional[Int] = None,
        base_job_name: Optional[str] = None,
        sagemaker_session: Optional[Session] = None,
        env: Optional[Dict[str, Str]] = None,
        tags: Optional[Tags] = None,
        network_config: Optional[NetworkConfig] = None,
    ) -> None:
        self.role = role
        self.instance_count = instance_count
        self.instance_type = instance_type
        self.volume_size_in_gb = volume_size_in_gb
        self.volume_kms_key = volume_kms_key
        self.output_kms_key = output_kms_key
        self.max_runtime_in_seconds = max_runtime_in_seconds
        self.base_job_name = base_job_name
        self.sagemaker_session = sagemaker_session or PipelineSession()
        self.env = env
        self.tags = tags
        self.network_config = network_config

    def _processor(self, framework: str, env: Optional[Dict[str, Str]]) -> Processor:
        return Processor(
            self.role, image_uris.retrieve(framework, self.sagemaker_session.boto_region_name), self.instance_count,
            self.instance_type, None, self.volume_size_in_gb, self.volume_kms_key, self.output_kms_key,
            self.max_runtime_in_seconds, self.base_job_name, self.sagemaker_session, env, self.tags, self.network_config,
        )
