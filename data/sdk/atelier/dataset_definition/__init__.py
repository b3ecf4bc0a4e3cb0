# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Datasets that a Processing step reads from elsewhere than plain objects."""

from atelier.dataset_definition.inputs import (
    AthenaDatasetDefinition, DatasetDefinition, RedshiftDatasetDefinition, S3Input,
)

__all__ = ["AthenaDatasetDefinition", "DatasetDefinition", "RedshiftDatasetDefinition", "S3Input"]
