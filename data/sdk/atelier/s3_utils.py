# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Addresses of objects."""

from __future__ import annotations

import re
from typing import Any, Optional, Tuple
from urllib.parse import urlparse


def parse_s3_url(url: str) -> Tuple[str, str]:
    """Bucket and key of an s3:// address. Raises ValueError for anything else."""
    parsed = urlparse(url)
    if parsed.scheme != "s3":
        raise ValueError(f"“{url}” is no s3:// address")
    return parsed.netloc, parsed.path.lstrip("/")


def is_s3_url(url: str) -> bool:
    """Whether a text is an s3:// address."""
    return urlparse(url).scheme == "s3"


def s3_path_join(*args: Optional[str], with_end_slash: bool = False) -> str:
    """Joins parts of an address with single slashes; None and empty parts are left out."""
    joined = "/".join(part for part in args if part)
    scheme = "s3://" if joined.startswith("s3://") else ""
    path = re.sub("/+", "/", joined[len(scheme) :]).lstrip("/")
    if with_end_slash:
        return scheme + (path if not path or path.endswith("/") else path + "/")
    return scheme + path.rstrip("/")


def determine_bucket_and_prefix(
    bucket: Optional[str] = None, key_prefix: Optional[str] = None, sagemaker_session: Any = None
) -> Tuple[str, Optional[str]]:
    """The bucket and prefix given, or the session's default bucket with its own prefix before the given one."""
    if bucket:
        return bucket, key_prefix
    return sagemaker_session.default_bucket(), s3_path_join(sagemaker_session.default_bucket_prefix, key_prefix)
