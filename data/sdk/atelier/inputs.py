# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Inputs of training, models and batch transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from atelier.utils import without_none
from atelier.workflow.entities import RequestType, Str


class TrainingInput:
    """One channel of a training job: an s3:// address, a local file or folder (which is stored), or a pipeline variable."""

    def __init__(
        self,
        s3_data: Str,
        distribution: Optional[Str] = None,
        compression: Optional[Str] = None,
        content_type: Optional[Str] = None,
        record_wrapping: Optional[Str] = None,
        s3_data_type: Str = "S3Prefix",
        instance_groups: Optional[List[Str]] = None,
        input_mode: Optional[Str] = None,
        attribute_names: Optional[List[Str]] = None,
        target_attribute_name: Optional[Str] = None,
        shuffle_config: Optional["ShuffleConfig"] = None,
        hub_access_config: Optional[Dict[str, Any]] = None,
        model_access_config: Optional[Dict[str, Any]] = None,
    ) -> None:
        if not (target_attribute_name or distribution):
            distribution = "FullyReplicated"
        source = without_none(
            S3DataType=s3_data_type,
            S3Uri=s3_data,
            S3DataDistributionType=distribution,
            InstanceGroupNames=instance_groups,
            AttributeNames=attribute_names,
            HubAccessConfig=hub_access_config,
            ModelAccessConfig=model_access_config,
        )
        self.config: RequestType = {
            "DataSource": {"S3DataSource": source},
            **without_none(
                CompressionType=compression,
                ContentType=content_type,
                RecordWrapperType=record_wrapping,
                InputMode=input_mode,
                TargetAttributeName=target_attribute_name,
                ShuffleConfig={"Seed": shuffle_config.seed} if shuffle_config else None,
            ),
        }


class ShuffleConfig:
    """The seed with which a channel's objects are shuffled."""

    def __init__(self, seed: int) -> None:
        self.seed = seed


class FileSystemInput:
    """A channel that is a folder of a network file system."""

    def __init__(
        self,
        file_system_id: str,
        file_system_type: str,
        directory_path: str,
        file_system_access_mode: str = "ro",
        content_type: Optional[str] = None,
    ) -> None:
        if file_system_type not in ("FSxLustre", "EFS"):
            raise ValueError(f"The file system type “{file_system_type}” is neither FSxLustre nor EFS")
        if file_system_access_mode not in ("ro", "rw"):
            raise ValueError(f"The access mode “{file_system_access_mode}” is neither ro nor rw")
        source = {
            "FileSystemId": file_system_id,
            "FileSystemType": file_system_type,
            "DirectoryPath": directory_path,
            "FileSystemAccessMode": file_system_access_mode,
        }
        self.config: RequestType = {
            "DataSource": {"FileSystemDataSource": source},
            **without_none(ContentType=content_type or None),
        }


@dataclass
class CreateModelInput:
    """Which instance a model is made for."""

    instance_type: Optional[str] = None
    accelerator_type: Optional[str] = None


@dataclass
class TransformInput:
    """What a batch transform reads: an s3:// address or a local path, and how it is cut into records."""

    data: Str
    data_type: Str = "S3Prefix"
    content_type: Optional[Str] = None
    compression_type: Optional[Str] = None
    split_type: Optional[Str] = None
    input_filter: Optional[Str] = None
    output_filter: Optional[Str] = None
    join_source: Optional[Str] = None
    model_client_config: Optional[Dict[str, Any]] = None
    batch_data_capture_config: Optional["BatchDataCaptureConfig"] = None


class BatchDataCaptureConfig:
    """Where a batch transform keeps a copy of its inputs and outputs."""

    def __init__(
        self, destination_s3_uri: str, kms_key_id: Optional[str] = None, generate_inference_id: Optional[bool] = None
    ) -> None:
        self.destination_s3_uri = destination_s3_uri
        self.kms_key_id = kms_key_id
        self.generate_inference_id = generate_inference_id

    def _to_request_dict(self) -> RequestType:
        return without_none(
            DestinationS3Uri=self.destination_s3_uri,
            KmsKeyId=self.kms_key_id,
            GenerateInferenceId=self.generate_inference_id,
        )
