# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading and writing objects of the artifact store."""

from __future__ import annotations

import io
from typing import Any, List, Optional, Union

from atelier import _store
from atelier.s3_utils import determine_bucket_and_prefix, is_s3_url, parse_s3_url, s3_path_join
from atelier.session import Session

__all__ = [
    "S3Downloader", "S3Uploader", "determine_bucket_and_prefix", "is_s3_url", "parse_s3_url", "s3_path_join",
]


class S3Uploader:
    """Writes objects."""

    @staticmethod
    def upload(
        local_path: str, desired_s3_uri: str, kms_key: Optional[str] = None,
        sagemaker_session: Optional[Session] = None, callback: Any = None,
    ) -> str:
        """Copies a file or a folder's files below an address; gives the address (a file's with its name)."""
        bucket, prefix = parse_s3_url(desired_s3_uri)
        return (sagemaker_session or Session()).upload_data(local_path, bucket, prefix)

    @staticmethod
    def upload_string_as_file_body(
        body: str, desired_s3_uri: str, kms_key: Optional[str] = None, sagemaker_session: Optional[Session] = None
    ) -> str:
        """Writes a text as the object at an address; gives the address."""
        _store.write(_store.path_of(desired_s3_uri), body.encode())
        return desired_s3_uri

    @staticmethod
    def upload_bytes(
        b: Union[bytes, io.BytesIO], s3_uri: str, kms_key: Optional[str] = None,
        sagemaker_session: Optional[Session] = None,
    ) -> str:
        """Writes bytes as the object at an address; gives the address."""
        _store.write(_store.path_of(s3_uri), b.getvalue() if isinstance(b, io.BytesIO) else b)
        return s3_uri


class S3Downloader:
    """Reads objects."""

    @staticmethod
    def download(
        s3_uri: str, local_path: str, kms_key: Optional[str] = None, sagemaker_session: Optional[Session] = None
    ) -> List[str]:
        """Copies an object, or all below a prefix, into a folder; gives the files' paths."""
        bucket, prefix = parse_s3_url(s3_uri)
        return (sagemaker_session or Session()).download_data(local_path, bucket, prefix)

    @staticmethod
    def read_file(s3_uri: str, sagemaker_session: Optional[Session] = None) -> str:
        """An object as text. Raises FileNotFoundError."""
        return _store.path_of(s3_uri).read_text()

    @staticmethod
    def read_bytes(s3_uri: str, sagemaker_session: Optional[Session] = None) -> bytes:
        """An object's bytes. Raises FileNotFoundError."""
        return _store.path_of(s3_uri).read_bytes()

    @staticmethod
    def list(s3_uri: str, sagemaker_session: Optional[Session] = None) -> "List[str]":
        """The addresses of all objects below an address."""
        bucket, prefix = parse_s3_url(s3_uri)
        keys = (sagemaker_session or Session()).list_s3_files(bucket, prefix)
        return [f"s3://{bucket}/{key}" for key in keys]
