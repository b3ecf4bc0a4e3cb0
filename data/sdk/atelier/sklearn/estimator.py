# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Training in the scikit-learn image."""

from __future__ import annotations

from typing import Any, Dict, Optional

from atelier.estimator import Framework
from atelier.workflow.entities import Str


class SKLearn(Framework):
    """Runs a training script in the scikit-learn image of framework_version; without one on this machine's Python."""

    _framework_name = "sklearn"

    def __init__(
        self,
        entry_point: Str,
        framework_version: Optional[str] = None,
        py_version: str = "py3",
        source_dir: Optional[Str] = None,
        hyperparameters: Optional[Dict[str, Any]] = None,
        image_uri: Optional[Str] = None,
        image_uri_region: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("instance_count") not in (None, 1):
            raise ValueError("scikit-learn trains on one instance: leave out instance_count, or give 1")
        super().__init__(
            entry_point, source_dir, hyperparameters, image_uri=image_uri, framework_version=framework_version,
            py_version=py_version, image_uri_region=image_uri_region, **{**kwargs, "instance_count": 1},
        )
