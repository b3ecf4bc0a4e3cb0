# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Steps in the scikit-learn image."""

from atelier.sklearn.estimator import SKLearn
from atelier.sklearn.model import SKLearnModel
from atelier.sklearn.processing import SKLearnProcessor

__all__ = ["SKLearn", "SKLearnModel", "SKLearnProcessor"]
