# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Atelier for Python: write pipelines, and track what steps do.

The authoring modules have the layout, class and argument names of the SageMaker Python SDK v2, so that a pipeline written for
it runs after its imports say ``atelier``. The tracker (`log_metric` and the like) is for scripts that run as steps. Nothing
beyond the standard library is needed. Modules and names are loaded when first used, so importing this costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, List

if TYPE_CHECKING:
    from atelier.drift_check_baselines import DriftCheckBaselines as DriftCheckBaselines
    from atelier.estimator import Estimator as Estimator
    from atelier.inputs import TrainingInput as TrainingInput
    from atelier.metadata_properties import MetadataProperties as MetadataProperties
    from atelier.model import Model as Model
    from atelier.model_metrics import FileSource as FileSource
    from atelier.model_metrics import MetricsSource as MetricsSource
    from atelier.model_metrics import ModelMetrics as ModelMetrics
    from atelier.pipeline import PipelineModel as PipelineModel
    from atelier.processing import Processor as Processor
    from atelier.processing import ScriptProcessor as ScriptProcessor
    from atelier.session import Session as Session
    from atelier.session import default_bucket as default_bucket
    from atelier.session import get_execution_role as get_execution_role
    from atelier.tracking import log_artifact as log_artifact
    from atelier.tracking import log_histogram as log_histogram
    from atelier.tracking import log_metric as log_metric
    from atelier.tracking import log_metrics as log_metrics
    from atelier.tracking import log_param as log_param
    from atelier.transformer import Transformer as Transformer
    from atelier.tuner import HyperparameterTuner as HyperparameterTuner

__version__ = "0.1.0"

# Where each name of the package lives.
_HOMES = {
    "DriftCheckBaselines": "drift_check_baselines",
    "Estimator": "estimator",
    "FileSource": "model_metrics",
    "HyperparameterTuner": "tuner",
    "LocalSession": "local",
    "MetadataProperties": "metadata_properties",
    "MetricsSource": "model_metrics",
    "Model": "model",
    "ModelMetrics": "model_metrics",
    "PipelineModel": "pipeline",
    "Processor": "processing",
    "ScriptProcessor": "processing",
    "Session": "session",
    "TrainingInput": "inputs",
    "Transformer": "transformer",
    "default_bucket": "session",
    "get_execution_role": "session",
    "log_artifact": "tracking",
    "log_histogram": "tracking",
    "log_metric": "tracking",
    "log_metrics": "tracking",
    "log_param": "tracking",
}


def __getattr__(name: str) -> Any:
    """A name or a module of the package, loaded now."""
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if not name.startswith("_"):
        try:
            return importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
    raise AttributeError(f"module “{__name__}” has no “{name}”")


def __dir__() -> List[str]:
    return sorted({*globals(), *_HOMES})
