/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step-shapes"

#include "config.h"

#include "atelier-step-shapes-private.h"

/* The shapes of the types that record or serve something: models, model packages, endpoints, lineage. */

/* Models */

static const AtelierField container[] = {
  { "Image", TEXT, .most = 255 },
  { "ImageDigest", TEXT },
  { "ImageConfig", OBJECT },
  { "ModelDataUrl", READ_URI },
  { "ModelDataSource", OBJECT },
  { "AdditionalModelDataSources", LIST },
  { "AdditionalS3DataSource", OBJECT },
  { "ModelDataETag", TEXT },
  { "Environment", ENVIRONMENT, .most = 100, .most_key = 1024, .most_item = 1024 },
  { "ContainerHostname", TEXT },
  { "Mode", TEXT, .words = "SingleModel|MultiModel" },
  { "ModelPackageName", TEXT },
  { "MultiModelConfig", OBJECT },
  { "InferenceSpecificationName", TEXT },
  { "Framework", TEXT },
  { "FrameworkVersion", TEXT },
  { "NearestModelName", TEXT },
  { "ModelInput", OBJECT },
  { "ProductId", TEXT },
  { "IsCheckpoint", BOOLEAN },
  { "BaseModel", OBJECT },
  { NULL },
};

static const AtelierField inference_execution_config[] = {
  { "Mode", TEXT, SERVICE, .words = "Serial|Direct" },
  { NULL },
};

const AtelierField atelier_shape_model_arguments[] = {
  { "ModelName", JOB_NAME, .most = 63 },
  { "ExecutionRoleArn", TEXT },
  { "PrimaryContainer", OBJECT, OPTIONAL, container },
  { "Containers", LIST, OPTIONAL, container, .most = 15 },
  { "InferenceExecutionConfig", OBJECT, OPTIONAL, inference_execution_config },
  { "EnableNetworkIsolation", BOOLEAN },
  { "VpcConfig", OBJECT, OPTIONAL, atelier_shape_vpc_config },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { NULL },
};

static const AtelierField inference_specification[] = {
  { "Containers", LIST, ALWAYS, container, .most = 15 },
  { "SupportedContentTypes", TEXTS },
  { "SupportedResponseMIMETypes", TEXTS },
  { "SupportedRealtimeInferenceInstanceTypes", TEXTS },
  { "SupportedTransformInstanceTypes", TEXTS },
  { NULL },
};

static const AtelierField metrics_source[] = {
  { "ContentType", TEXT, SERVICE },
  { "S3Uri", READ_URI, ALWAYS },
  { "ContentDigest", TEXT },
  { NULL },
};

static const AtelierField statistics_and_constraints[] = {
  { "Statistics", OBJECT, OPTIONAL, metrics_source },
  { "Constraints", OBJECT, OPTIONAL, metrics_source },
  { NULL },
};

static const AtelierField bias_reports[] = {
  { "Report", OBJECT, OPTIONAL, metrics_source },
  { "PreTrainingReport", OBJECT, OPTIONAL, metrics_source },
  { "PostTrainingReport", OBJECT, OPTIONAL, metrics_source },
  { NULL },
};

static const AtelierField explainability_report[] = {
  { "Report", OBJECT, OPTIONAL, metrics_source },
  { NULL },
};

static const AtelierField model_metrics[] = {
  { "ModelQuality", OBJECT, OPTIONAL, statistics_and_constraints },
  { "ModelDataQuality", OBJECT, OPTIONAL, statistics_and_constraints },
  { "Bias", OBJECT, OPTIONAL, bias_reports },
  { "Explainability", OBJECT, OPTIONAL, explainability_report },
  { NULL },
};

static const AtelierField bias_baselines[] = {
  { "ConfigFile", OBJECT, OPTIONAL, metrics_source },
  { "PreTrainingConstraints", OBJECT, OPTIONAL, metrics_source },
  { "PostTrainingConstraints", OBJECT, OPTIONAL, metrics_source },
  { NULL },
};

static const AtelierField explainability_baselines[] = {
  { "ConfigFile", OBJECT, OPTIONAL, metrics_source },
  { "Constraints", OBJECT, OPTIONAL, metrics_source },
  { NULL },
};

static const AtelierField drift_check_baselines[] = {
  { "Bias", OBJECT, OPTIONAL, bias_baselines },
  { "Explainability", OBJECT, OPTIONAL, explainability_baselines },
  { "ModelQuality", OBJECT, OPTIONAL, statistics_and_constraints },
  { "ModelDataQuality", OBJECT, OPTIONAL, statistics_and_constraints },
  { NULL },
};

static const AtelierField metadata_properties[] = {
  { "CommitId", TEXT },
  { "Repository", TEXT },
  { "GeneratedBy", TEXT },
  { "ProjectId", TEXT },
  { NULL },
};

const AtelierField atelier_shape_register_model_arguments[] = {
  { "ModelPackageName", JOB_NAME, .most = 63 },
  { "ModelPackageGroupName", JOB_NAME, SERVICE, .most = 170 },
  { "ModelPackageDescription", TEXT, .most = 1024 },
  { "InferenceSpecification", OBJECT, OPTIONAL, inference_specification },
  { "AdditionalInferenceSpecifications", LIST },
  { "ValidationSpecification", OBJECT },
  { "SourceAlgorithmSpecification", OBJECT },
  { "CertifyForMarketplace", BOOLEAN },
  { "ModelApprovalStatus", TEXT, .words = "Approved|Rejected|PendingManualApproval", .is_closed = TRUE },
  { "ModelMetrics", OBJECT, OPTIONAL, model_metrics },
  { "DriftCheckBaselines", OBJECT, OPTIONAL, drift_check_baselines },
  { "MetadataProperties", OBJECT, OPTIONAL, metadata_properties },
  { "CustomerMetadataProperties", MAP, .most = 50, .most_key = 128, .most_item = 256 },
  { "ClientToken", TEXT },
  { "Domain", TEXT },
  { "Task", TEXT },
  { "SamplePayloadUrl", TEXT },
  { "SkipModelValidation", TEXT, .words = "All|None" },
  { "SourceUri", TEXT },
  { "SecurityConfig", OBJECT },
  { "ModelCard", OBJECT },
  { "ModelLifeCycle", OBJECT },
  { "ModelPackageRegistrationType", TEXT },
  { "ManagedStorageType", TEXT },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { NULL },
};

/* Endpoints and lineage */

const AtelierField atelier_shape_endpoint_config_arguments[] = {
  { "EndpointConfigName", JOB_NAME, .most = 63 },
  { "ProductionVariants", LIST, SERVICE },
  { "ShadowProductionVariants", LIST },
  { "AsyncInferenceConfig", OBJECT },
  { "ExecutionRoleArn", TEXT },
  { "VpcConfig", OBJECT, OPTIONAL, atelier_shape_vpc_config },
  { "EnableNetworkIsolation", BOOLEAN },
  { "KmsKeyId", TEXT },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { NULL },
};

const AtelierField atelier_shape_endpoint_arguments[] = {
  { "EndpointName", JOB_NAME, .most = 63 },
  { "EndpointConfigName", TEXT, ALWAYS },
  { "DeploymentConfig", OBJECT },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { NULL },
};

const AtelierField atelier_shape_lineage_arguments[] = {
  { "Actions", LIST },
  { "Artifacts", LIST },
  { "Contexts", LIST },
  { "Associations", LIST },
  { NULL },
};
