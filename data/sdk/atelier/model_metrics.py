# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Metrics that are registered with a model version."""

from __future__ import annotations

from typing import Optional, Union

from atelier.utils import without_none
from atelier.workflow.entities import RequestType, Str


class MetricsSource:
    """A file with metrics: its type (application/json) and address."""

    def __init__(self, content_type: Str, s3_uri: Str, content_digest: Optional[Str] = None) -> None:
        self.content_type = content_type
        self.s3_uri = s3_uri
        self.content_digest = content_digest

    def _to_request_dict(self) -> RequestType:
        return without_none(ContentType=self.content_type, S3Uri=self.s3_uri, ContentDigest=self.content_digest)


class FileSource:
    """A file: its address and perhaps type."""

    def __init__(self, s3_uri: Str, content_digest: Optional[Str] = None, content_type: Optional[Str] = None) -> None:
        self.s3_uri = s3_uri
        self.content_digest = content_digest
        self.content_type = content_type

    def _to_request_dict(self) -> RequestType:
        return without_none(S3Uri=self.s3_uri, ContentDigest=self.content_digest, ContentType=self.content_type)


def group(**sources: Optional[Union[MetricsSource, FileSource]]) -> RequestType:
    """The sources that are there, as JSON."""
    return {key: source._to_request_dict() for key, source in sources.items() if source is not None}


class ModelMetrics:
    """The metrics of a model: quality, data quality, bias, explainability."""

    def __init__(
        self,
        model_statistics: Optional[MetricsSource] = None,
        model_constraints: Optional[MetricsSource] = None,
        model_data_statistics: Optional[MetricsSource] = None,
        model_data_constraints: Optional[MetricsSource] = None,
        bias: Optional[MetricsSource] = None,
        explainability: Optional[MetricsSource] = None,
        bias_pre_training: Optional[MetricsSource] = None,
        bias_post_training: Optional[MetricsSource] = None,
    ) -> None:
        self.model_statistics = model_statistics
        self.model_constraints = model_constraints
        self.model_data_statistics = model_data_statistics
        self.model_data_constraints = model_data_constraints
        self.bias = bias
        self.bias_pre_training = bias_pre_training
        self.bias_post_training = bias_post_training
        self.explainability = explainability

    def _to_request_dict(self) -> RequestType:
        quality = group(Statistics=self.model_statistics, Constraints=self.model_constraints)
        data = group(Statistics=self.model_data_statistics, Constraints=self.model_data_constraints)
        return {
            **({"ModelQuality": quality} if quality else {}),
            **({"ModelDataQuality": data} if data else {}),
            "Bias": group(
                Report=self.bias, PreTrainingReport=self.bias_pre_training, PostTrainingReport=self.bias_post_training
            ),
            "Explainability": group(Report=self.explainability),
        }
