# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Training in the XGBoost image with a script of one's own."""

from __future__ import annotations

from typing import Any, Dict, Optional

from atelier.estimator import Framework
from atelier.workflow.entities import Str


class XGBoost(Framework):
    """Runs a training script in the XGBoost image of framework_version; without one on this machine's Python.

    The built-in algorithm needs no script: take `atelier.estimator.Estimator` with image_uris.retrieve("xgboost", …).
    """

    _framework_name = "xgboost"

    def __init__(
        self,
        entry_point: Str,
        framework_version: Optional[str] = None,
        source_dir: Optional[Str] = None,
        hyperparameters: Optional[Dict[str, Any]] = None,
        py_version: str = "py3",
        image_uri: Optional[Str] = None,
        image_uri_region: Optional[str] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            entry_point, source_dir, hyperparameters, image_uri=image_uri, framework_version=framework_version,
            py_version=py_version, image_uri_region=image_uri_region, **kwargs,
        )
