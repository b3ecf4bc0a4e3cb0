# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Processing in the XGBoost image."""

from __future__ import annotations

from typing import Any, Optional

from atelier.processing import FrameworkProcessor
from atelier.xgboost.estimator import XGBoost


class XGBoostProcessor(FrameworkProcessor):
    """Runs a script with a source folder in the XGBoost image; the further arguments are FrameworkProcessor's."""

    estimator_cls = XGBoost

    def __init__(self, framework_version: Optional[str] = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(XGBoost, framework_version, *args, **kwargs)
