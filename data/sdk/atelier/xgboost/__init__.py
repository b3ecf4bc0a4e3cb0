# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Steps in the XGBoost image."""

from atelier.xgboost.estimator import XGBoost
from atelier.xgboost.model import XGBoostModel
from atelier.xgboost.processing import XGBoostProcessor

__all__ = ["XGBoost", "XGBoostModel", "XGBoostProcessor"]
