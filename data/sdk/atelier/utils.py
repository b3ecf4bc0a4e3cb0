# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Small helpers that pipelines use too: names and texts."""

from __future__ import annotations

import random
import re
import time
from typing import Any, Dict, List, Optional, Union

from atelier.workflow.entities import PipelineVariable

Tags = Union[List[Dict[str, Any]], Dict[str, Any]]


def sagemaker_timestamp() -> str:
    """The time as it ends job names, UTC with milliseconds: 2026-03-31-09-05-07-042."""
    now = time.time()
    return time.strftime("%Y-%m-%d-%H-%M-%S-", time.gmtime(now)) + f"{int(now * 1000) % 1000:03d}"


def sagemaker_short_timestamp() -> str:
    """The time as it ends short job names: 260331-0905."""
    return time.strftime("%y%m%d-%H%M")


def name_from_base(base: str, max_length: int = 63, short: bool = False) -> str:
    """A name of at most max_length characters: the base, shortened if needed, and the time."""
    stamp = sagemaker_short_timestamp() if short else sagemaker_timestamp()
    return f"{base[: max_length - len(stamp) - 1]}-{stamp}"


def unique_name_from_base(base: str, max_length: int = 63) -> str:
    """A name that is unique: the base, the time in seconds and four random characters."""
    unique = f"{random.randrange(16**4):04x}"
    seconds = str(int(time.time()))
    return f"{base[: max_length - 2 - len(seconds) - len(unique)]}-{seconds}-{unique}"


def base_from_name(name: str) -> str:
    """The base of a name that name_from_base made; other names as they are."""
    match = re.match(r"^(.+)-(\d{4}-\d{2}-\d{2}-\d{2}-\d{2}-\d{2}-\d{3}|\d{6}-\d{4})", name)
    return match.group(1) if match else name


def base_name_from_image(image: Any, default_base_name: Optional[str] = None) -> str:
    """The repository name of an image address: sagemaker-xgboost."""
    if not isinstance(image, str):
        image = getattr(image, "default_value", None)
        if not isinstance(image, str):
            return default_base_name or "base_name"
    match = re.match("^(.+/)?([^:/]+)(:[^:]+)?$", image)
    return match.group(2) if match else image


def name_from_image(image: str, max_length: int = 63) -> str:
    """A name made of an image's repository name and the time."""
    return name_from_base(base_name_from_image(image), max_length)


def to_string(value: object) -> Any:
    """A value as text: Python's own text of a literal, the text form of a pipeline variable."""
    return value.to_string() if isinstance(value, PipelineVariable) else str(value)


def format_tags(tags: Optional[Tags]) -> Optional[List[Dict[str, Any]]]:
    """Tags as the list of Key and Value that the definition has."""
    if isinstance(tags, dict):
        return [{"Key": str(key), "Value": str(value)} for key, value in tags.items()]
    return tags


def without_none(**items: Any) -> Dict[str, Any]:
    """The items that are not None, in order."""
    return {key: value for key, value in items.items() if value is not None}
