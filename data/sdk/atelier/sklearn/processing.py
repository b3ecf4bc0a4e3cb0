# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Processing in the scikit-learn image."""

from __future__ import annotations

from typing import Dict, List, Optional

from atelier import image_uris
from atelier.network import NetworkConfig
from atelier.processing import ScriptProcessor
from atelier.session import Session
from atelier.utils import Tags
from atelier.workflow.entities import Int, Str
from atelier.workflow.pipeline_context import PipelineSession


class SKLearnProcessor(ScriptProcessor):
    """Runs a script in the scikit-learn image of framework_version; without a version on this machine's Python."""

    def __init__(
        self,
        framework_version: Optional[str] = None,
        role: Optional[Str] = None,
        instance_count: Optional[Int] = None,
        instance_type: Optional[Str] = None,
        command: Optional[List[str]] = None,
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
        session = sagemaker_session or PipelineSession()
        image_uri = None
        if framework_version is not None:
            image_uri = image_uris.retrieve(
                "sklearn", session.boto_region_name, version=framework_version, instance_type=instance_type
            )
        super().__init__(
            role, image_uri, command, instance_count, instance_type, volume_size_in_gb, volume_kms_key, output_kms_key,
            max_runtime_in_seconds, base_job_name, session, env, tags, network_config,
        )
