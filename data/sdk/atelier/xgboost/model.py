# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Models that the XGBoost image serves."""

from __future__ import annotations

from atelier.model import FrameworkModel


class XGBoostModel(FrameworkModel):
    """A model served by the XGBoost image of framework_version; the arguments are FrameworkModel's."""

    _framework_name = "xgboost"
