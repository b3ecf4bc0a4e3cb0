# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The kinds of inputs of a Processing step."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Optional

from atelier.workflow.entities import RequestType, Str


class _Request:
    """Fields named like_this become keys named LikeThis; those that are None are left out."""

    def _to_request_dict(self) -> RequestType:
        request: RequestType = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                key = "".join(word.capitalize() for word in field.name.split("_"))
                request[key] = value._to_request_dict() if isinstance(value, _Request) else value
        return request


@dataclass
class S3Input(_Request):
    """Objects of the store, put into the folder local_path of the job."""

    s3_uri: Optional[Str] = None
    local_path: Optional[Str] = None
    s3_data_type: Optional[Str] = "S3Prefix"
    s3_input_mode: Optional[Str] = "File"
    s3_data_distribution_type: Optional[Str] = "FullyReplicated"
    s3_compression_type: Optional[Str] = None


@dataclass
class RedshiftDatasetDefinition(_Request):
    """The answer of a query to Redshift."""

    cluster_id: Optional[Str] = None
    database: Optional[Str] = None
    db_user: Optional[Str] = None
    query_string: Optional[Str] = None
    cluster_role_arn: Optional[Str] = None
    output_s3_uri: Optional[Str] = None
    kms_key_id: Optional[Str] = None
    output_format: Optional[Str] = None
    output_compression: Optional[Str] = None


@dataclass
class AthenaDatasetDefinition(_Request):
    """The answer of a query to Athena."""

    catalog: Optional[Str] = None
    database: Optional[Str] = None
    query_string: Optional[Str] = None
    output_s3_uri: Optional[Str] = None
    work_group: Optional[Str] = None
    kms_key_id: Optional[Str] = None
    output_format: Optional[Str] = None
    output_compression: Optional[Str] = None


@dataclass
class DatasetDefinition(_Request):
    """A dataset that a query gives."""

    data_distribution_type: Optional[Str] = "ShardedByS3Key"
    input_mode: Optional[Str] = "File"
    local_path: Optional[Str] = None
    redshift_dataset_definition: Optional[RedshiftDatasetDefinition] = None
    athena_dataset_definition: Optional[AthenaDatasetDefinition] = None
