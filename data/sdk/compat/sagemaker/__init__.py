# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the SageMaker SDK: this folder's parent and the folder of the package atelier on PYTHONPATH do it.

    PYTHONPATH=…/sdk:…/sdk/compat python3 pipeline.py
"""

import importlib
import sys

from atelier import _alias

_alias.install()
del sys.modules[__name__]
importlib.import_module(__name__)
