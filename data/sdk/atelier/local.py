# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Local sessions, which in Atelier are the only ones there are."""

from __future__ import annotations

from atelier.session import Session
from atelier.workflow.pipeline_context import LocalPipelineSession

__all__ = ["LocalPipelineSession", "LocalSession"]

LocalSession = Session
