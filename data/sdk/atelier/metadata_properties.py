# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a model version comes from."""

from __future__ import annotations

from typing import Optional

from atelier.workflow.entities import RequestType, Str


class MetadataProperties:
    """Commit, repository, maker and project of a model version."""

    def __init__(
        self,
        commit_id: Optional[Str] = None,
        repository: Optional[Str] = None,
        generated_by: Optional[Str] = None,
        project_id: Optional[Str] = None,
    ) -> None:
        self.commit_id = commit_id
        self.repository = repository
        self.generated_by = generated_by
        self.project_id = project_id

    def _to_request_dict(self) -> RequestType:
        properties = {
            "CommitId": self.commit_id,
            "Repository": self.repository,
            "GeneratedBy": self.generated_by,
            "ProjectId": self.project_id,
        }
        return {key: value for key, value in properties.items() if value}
