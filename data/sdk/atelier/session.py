# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The session: where a pipeline's code and data are kept, and who runs it.

Nothing of it talks to a service. The artifact store is a folder (see `atelier._store`), the role is a name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, List, NoReturn, Optional

from atelier import _store

DEFAULT_ROLE = "arn:aws:iam::000000000000:role/atelier"


def default_region() -> str:
    """The region that images and sessions take when none is named: $AWS_REGION, $AWS_DEFAULT_REGION, else us-east-1."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def get_execution_role(sagemaker_session: Optional["Session"] = None, use_default: bool = False) -> str:
    """The role that steps name. It means nothing here, so no pipeline needs one of its own."""
    return DEFAULT_ROLE


def default_bucket() -> str:
    """The default bucket's name."""
    return _store.default_bucket()


class _NoClient:
    """Stands in for a client of a service; any call says that there is none."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, call: str) -> Any:
        if call.startswith("_"):
            raise AttributeError(call)

        def refuse(*args: object, **kwargs: object) -> NoReturn:
            raise RuntimeError(f"“{call}” of the service “{self._service}” was called, but a local pipeline has no service")

        return refuse


class LocalBotoSession:
    """Stands in for boto3.Session: it has a region and clients that cannot be called."""

    def __init__(self, region_name: Optional[str] = None, **ignored: object) -> None:
        self.region_name = region_name or default_region()

    def client(self, service_name: str, region_name: Optional[str] = None, **ignored: object) -> Any:
        """A client on which every call raises RuntimeError."""
        return _NoClient(service_name)

    def resource(self, service_name: str, region_name: Optional[str] = None, **ignored: object) -> Any:
        """As client()."""
        return _NoClient(service_name)


class SessionSettings:
    """Accepted and without effect."""

    def __init__(self, **settings: object) -> None:
        self.__dict__.update(settings)


class Session:
    """A session of the artifact store. All arguments may be left out.

    `default_bucket` names the bucket for code and outputs, `default_bucket_prefix` a folder in it. Of `boto_session` only
    the region is used.
    """

    local_mode = False

    def __init__(
        self,
        boto_session: Any = None,
        sagemaker_client: Any = None,
        sagemaker_runtime_client: Any = None,
        sagemaker_featurestore_runtime_client: Any = None,
        default_bucket: Optional[str] = None,
        settings: Optional[SessionSettings] = None,
        sagemaker_metrics_client: Any = None,
        sagemaker_config: Optional[Any] = None,
        default_bucket_prefix: Optional[str] = None,
    ) -> None:
        self.boto_session = boto_session if boto_session is not None else LocalBotoSession()
        self.sagemaker_client = sagemaker_client or _NoClient("sagemaker")
        self.sagemaker_runtime_client = sagemaker_runtime_client or _NoClient("sagemaker-runtime")
        self.settings = settings or SessionSettings()
        self.config: Optional[Any] = sagemaker_config
        self.default_bucket_prefix = default_bucket_prefix
        self._default_bucket = default_bucket

    @property
    def boto_region_name(self) -> str:
        """The region's name."""
        return str(getattr(self.boto_session, "region_name", None) or default_region())

    def default_bucket(self) -> str:
        """The name of the bucket for code and outputs."""
        return self._default_bucket or _store.default_bucket()

    def expand_role(self, role: str) -> str:
        """A role's name as ARN; an ARN as it is."""
        return role if "/" in role else f"arn:aws:iam::000000000000:role/{role}"

    def account_id(self) -> str:
        """The account: twelve zeros."""
        return "000000000000"

    def get_caller_identity_arn(self) -> str:
        """The default role."""
        return DEFAULT_ROLE

    def upload_data(
        self, path: str, bucket: Optional[str] = None, key_prefix: str = "data", callback: Any = None,
        extra_args: Any = None,
    ) -> str:
        """Copies a file or a folder's files below s3://BUCKET/KEY_PREFIX; gives that address (a file's with its name)."""
        source = _store.local_path(path, "The file")
        prefix = f"s3://{bucket or self.default_bucket()}/{self._prefixed(bucket, key_prefix)}"
        if source.is_dir():
            for name, file in _store.files_below(source).items():
                _store.write(_store.path_of(f"{prefix}/{name}"), file)
            return prefix
        _store.write(_store.path_of(f"{prefix}/{source.name}"), source)
        return f"{prefix}/{source.name}"

    def upload_string_as_file_body(self, body: str, bucket: str, key: str, kms_key: Optional[str] = None) -> str:
        """Writes a text as an object; gives its address."""
        uri = f"s3://{bucket}/{key}"
        _store.write(_store.path_of(uri), body.encode())
        return uri

    def download_data(self, path: str, bucket: str, key_prefix: str = "", extra_args: Any = None) -> List[str]:
        """Copies an object, or all below a prefix, into a folder; gives the files' paths. Nothing there: an empty list."""
        source = _store.path_of(f"s3://{bucket}/{key_prefix}")
        if source.is_file():
            files = {source.name: source}
        else:
            files = _store.files_below(source) if source.is_dir() else {}
        for name, file in files.items():
            _store.write(Path(path, name), file)
        return [str(Path(path, name)) for name in files]

    def read_s3_file(self, bucket: str, key_prefix: str) -> str:
        """An object as text. Raises FileNotFoundError."""
        return _store.path_of(f"s3://{bucket}/{key_prefix}").read_text()

    def list_s3_files(self, bucket: str, key_prefix: str) -> List[str]:
        """The keys that begin with the prefix, as a folder or as an object."""
        top = _store.root() / bucket
        source = _store.path_of(f"s3://{bucket}/{key_prefix}")
        if source.is_file():
            return [source.relative_to(top).as_posix()]
        return [file.relative_to(top).as_posix() for file in _store.files_below(source).values()]

    def _prefixed(self, bucket: Optional[str], key: str) -> str:
        return f"{self.default_bucket_prefix}/{key}" if not bucket and self.default_bucket_prefix else key
