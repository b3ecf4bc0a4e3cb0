# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Options of how a definition is written."""

from __future__ import annotations


class PipelineDefinitionConfig:
    """With use_custom_job_prefix the steps keep their base_job_name as prefix of the job names at run time."""

    def __init__(self, use_custom_job_prefix: bool) -> None:
        self.use_custom_job_prefix = use_custom_job_prefix
