# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Models that the scikit-learn image serves."""

from __future__ import annotations

from atelier.model import FrameworkModel


class SKLearnModel(FrameworkModel):
    """A model served by the scikit-learn image of framework_version; the arguments are FrameworkModel's."""

    _framework_name = "sklearn"
