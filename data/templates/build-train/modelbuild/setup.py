# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Makes the pipelines importable from anywhere: `pip install --editable .`; nothing here needs it."""

from setuptools import find_packages, setup

setup(
    name="@@project_name@@",
    version="0.1.0",
    packages=find_packages(include=["pipelines", "pipelines.*"]),
    python_requires=">=3.9",
    extras_require={"steps": ["numpy", "pandas", "scikit-learn", "xgboost"]},
)
