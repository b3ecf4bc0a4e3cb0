# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""What Clarify analyses: data, bias, a model and its explanation."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Optional, Tuple, Union

from atelier.utils import without_none
from atelier.workflow.entities import RequestType, Str


class DataConfig:
    """The dataset, its form, and where the results go."""

    s3_data_distribution_type = "FullyReplicated"

    def __init__(
        self,
        s3_data_input_path: Str,
        s3_output_path: Str,
        s3_analysis_config_output_path: Optional[str] = None,
        label: Optional[str] = None,
        headers: Optional[List[str]] = None,
        features: Optional[str] = None,
        dataset_type: str = "text/csv",
        s3_compression_type: str = "None",
        joinsource: Optional[Union[str, int]] = None,
        facet_dataset_uri: Optional[str] = None,
        facet_headers: Optional[List[str]] = None,
        predicted_label_dataset_uri: Optional[str] = None,
        predicted_label_headers: Optional[List[str]] = None,
        predicted_label: Optional[Union[str, int]] = None,
        excluded_columns: Optional[List[Any]] = None,
    ) -> None:
        self.s3_data_input_path = s3_data_input_path
        self.s3_output_path = s3_output_path
        self.s3_analysis_config_output_path = s3_analysis_config_output_path
        self.s3_compression_type = s3_compression_type
        self.label = label
        self.headers = headers
        self.analysis_config = without_none(
            dataset_type=dataset_type,
            features=features,
            headers=headers,
            label=label,
            joinsource_name_or_index=joinsource,
            facet_dataset_uri=facet_dataset_uri,
            facet_headers=facet_headers,
            predicted_label_dataset_uri=predicted_label_dataset_uri,
            predicted_label_headers=predicted_label_headers,
            predicted_label=predicted_label,
            excluded_columns=excluded_columns,
        )

    def get_config(self) -> RequestType:
        """The part of the analysis configuration."""
        return copy.deepcopy(self.analysis_config)


class BiasConfig:
    """Which label values are the good ones, and which columns (facets) must not decide about them."""

    def __init__(
        self,
        label_values_or_threshold: List[Any],
        facet_name: Union[str, int, List[Any]],
        facet_values_or_threshold: Optional[List[Any]] = None,
        group_name: Optional[str] = None,
    ) -> None:
        if isinstance(facet_name, list):
            values: List[Any] = facet_values_or_threshold or [None] * len(facet_name)
            if len(values) != len(facet_name) or not facet_name:
                raise ValueError("facet_name and facet_values_or_threshold must have the same length, at least 1")
            facets = [
                without_none(name_or_index=name, value_or_threshold=value) for name, value in zip(facet_name, values)
            ]
        else:
            facets = [without_none(name_or_index=facet_name, value_or_threshold=facet_values_or_threshold)]
        self.analysis_config = without_none(
            label_values_or_threshold=label_values_or_threshold, facet=facets, group_variable=group_name
        )

    def get_config(self) -> RequestType:
        """The part of the analysis configuration."""
        return copy.deepcopy(self.analysis_config)


class ModelConfig:
    """The model that is asked, and how."""

    def __init__(
        self,
        model_name: Optional[Str] = None,
        instance_count: Optional[int] = None,
        instance_type: Optional[str] = None,
        accept_type: Optional[str] = None,
        content_type: Optional[str] = None,
        content_template: Optional[str] = None,
        record_template: Optional[str] = None,
        custom_attributes: Optional[str] = None,
        accelerator_type: Optional[str] = None,
        endpoint_name_prefix: Optional[str] = None,
        target_model: Optional[str] = None,
        endpoint_name: Optional[str] = None,
    ) -> None:
        if (endpoint_name is None) == (model_name is None):
            raise ValueError("A ModelConfig needs either model_name or endpoint_name, and not both")
        self.predictor_config = without_none(
            model_name=model_name,
            instance_type=instance_type,
            initial_instance_count=instance_count,
            endpoint_name=endpoint_name,
            endpoint_name_prefix=endpoint_name_prefix,
            accept_type=accept_type,
            content_type=content_type,
            content_template=content_template,
            record_template=record_template,
            custom_attributes=custom_attributes,
            accelerator_type=accelerator_type,
            target_model=target_model,
        )

    def get_predictor_config(self) -> RequestType:
        """The part of the analysis configuration."""
        return dict(self.predictor_config)


class ModelPredictedLabelConfig:
    """Where the label and its probability stand in the model's answer."""

    def __init__(
        self,
        label: Optional[Union[str, int]] = None,
        probability: Optional[Union[str, int]] = None,
        probability_threshold: Optional[float] = None,
        label_headers: Optional[List[str]] = None,
    ) -> None:
        self.probability_threshold = probability_threshold
        self.predictor_config = without_none(label=label, probability=probability, label_headers=label_headers)

    def get_predictor_config(self) -> Tuple[Optional[float], RequestType]:
        """The threshold and the part of the analysis configuration."""
        return self.probability_threshold, dict(self.predictor_config)


class SHAPConfig:
    """How features' shares in predictions are computed."""

    def __init__(
        self,
        baseline: Optional[Union[str, List[Any], Dict[str, Any]]] = None,
        num_samples: Optional[int] = None,
        agg_method: Optional[str] = None,
        use_logit: bool = False,
        save_local_shap_values: bool = True,
        seed: Optional[int] = None,
        num_clusters: Optional[int] = None,
        features_to_explain: Optional[List[Any]] = None,
    ) -> None:
        if agg_method not in (None, "mean_abs", "median", "mean_sq"):
            raise ValueError(f"agg_method “{agg_method}” is none of mean_abs, median, mean_sq")
        if num_clusters is not None and baseline is not None:
            raise ValueError("A SHAPConfig takes either baseline or num_clusters")
        self.shap_config = without_none(
            use_logit=use_logit,
            save_local_shap_values=save_local_shap_values,
            baseline=baseline,
            num_samples=num_samples,
            agg_method=agg_method,
            seed=seed,
            num_clusters=num_clusters,
            features_to_explain=features_to_explain,
        )

    def get_explainability_config(self) -> RequestType:
        """The part of the analysis configuration."""
        return {"shap": copy.deepcopy(self.shap_config)}
