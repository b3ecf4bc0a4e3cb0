/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step-shapes"

#include "config.h"

#include <string.h>

#include "atelier-shape.h"

/* The shapes of the step types: their keys as the service's API has them, with its limits. What a step needs always is
 * what nothing can be run without, and what the format's validator is told to refuse; everything else that the API
 * requires has the need SERVICE. Roles are not asked for: nothing on this machine has one. */

#define ANY         ATELIER_SHAPE_ANY
#define TEXT        ATELIER_SHAPE_TEXT
#define READ_URI    ATELIER_SHAPE_READ_URI
#define WRITE_URI   ATELIER_SHAPE_WRITE_URI
#define JOBS_URI    ATELIER_SHAPE_JOBS_URI
#define JOB_NAME    ATELIER_SHAPE_JOB_NAME
#define LITERAL     ATELIER_SHAPE_LITERAL
#define INTEGER     ATELIER_SHAPE_INTEGER
#define NUMBER      ATELIER_SHAPE_NUMBER
#define RANGE       ATELIER_SHAPE_RANGE
#define BOOLEAN     ATELIER_SHAPE_BOOLEAN
#define TEXTS       ATELIER_SHAPE_TEXTS
#define MAP         ATELIER_SHAPE_MAP
#define ENVIRONMENT ATELIER_SHAPE_ENVIRONMENT
#define OBJECT      ATELIER_SHAPE_OBJECT
#define LIST        ATELIER_SHAPE_LIST
#define OPTIONAL    ATELIER_NEED_OPTIONAL
#define SERVICE     ATELIER_NEED_SERVICE
#define ALWAYS      ATELIER_NEED_ALWAYS

#define INPUT_MODES       "Pipe|File|FastFile"
#define COMPRESSION_TYPES "None|Gzip"
#define DISTRIBUTIONS     "FullyReplicated|ShardedByS3Key"
#define MOST_RUNTIME      604800

/* What several types share. */

static const AtelierField tags[] = {
  { "Key", TEXT, SERVICE, .most = 128 },
  { "Value", TEXT, SERVICE, .most = 256 },
  { NULL },
};

static const AtelierField vpc_config[] = {
  { "SecurityGroupIds", TEXTS, SERVICE },
  { "Subnets", TEXTS, SERVICE },
  { NULL },
};

static const AtelierField experiment_config[] = {
  { "ExperimentName", TEXT },
  { "TrialName", TEXT },
  { "TrialComponentDisplayName", TEXT },
  { "RunName", TEXT },
  { NULL },
};

static const AtelierField stopping_condition[] = {
  { "MaxRuntimeInSeconds", INTEGER },
  { "MaxWaitTimeInSeconds", INTEGER },
  { "MaxPendingTimeInSeconds", INTEGER },
  { NULL },
};

/* Processing, and the checks, whose Arguments are Processing's. */

static const AtelierField processing_stopping_condition[] = {
  { "MaxRuntimeInSeconds", INTEGER, SERVICE, .most = MOST_RUNTIME },
  { NULL },
};

static const AtelierField cluster_config[] = {
  { "InstanceCount", INTEGER, SERVICE },
  { "InstanceType", TEXT, SERVICE },
  { "VolumeSizeInGB", INTEGER, SERVICE },
  { "VolumeKmsKeyId", TEXT },
  { NULL },
};

static const AtelierField processing_resources[] = {
  { "ClusterConfig", OBJECT, SERVICE, cluster_config },
  { NULL },
};

static const AtelierField app_specification[] = {
  { "ImageUri", TEXT, ALWAYS, .most = 255 },
  { "ContainerEntrypoint", TEXTS, .most = 100, .most_item = 256 },
  { "ContainerArguments", TEXTS, .most = 100, .most_item = 256 },
  { NULL },
};

static const AtelierField s3_input[] = {
  { "S3Uri", READ_URI, ALWAYS },
  { "LocalPath", TEXT, .most = 256 },
  { "S3DataType", TEXT, SERVICE, .words = "ManifestFile|S3Prefix" },
  { "S3InputMode", TEXT, .words = "Pipe|File" },
  { "S3DataDistributionType", TEXT, .words = DISTRIBUTIONS },
  { "S3CompressionType", TEXT, .words = COMPRESSION_TYPES },
  { NULL },
};

static const AtelierField dataset_definition[] = {
  { "AthenaDatasetDefinition", OBJECT },
  { "RedshiftDatasetDefinition", OBJECT },
  { "LocalPath", TEXT, .most = 256 },
  { "DataDistributionType", TEXT, .words = DISTRIBUTIONS },
  { "InputMode", TEXT, .words = "Pipe|File" },
  { NULL },
};

static const AtelierField processing_input[] = {
  { "InputName", TEXT, SERVICE },
  { "AppManaged", BOOLEAN },
  { "S3Input", OBJECT, OPTIONAL, s3_input },
  { "DatasetDefinition", OBJECT, OPTIONAL, dataset_definition },
  { NULL },
};

static const AtelierField s3_output[] = {
  { "S3Uri", WRITE_URI, ALWAYS },
  { "LocalPath", TEXT, .most = 256 },
  { "S3UploadMode", TEXT, SERVICE, .words = "Continuous|EndOfJob" },
  { NULL },
};

static const AtelierField feature_store_output[] = {
  { "FeatureGroupName", TEXT, SERVICE },
  { NULL },
};

static const AtelierField processing_output[] = {
  { "OutputName", TEXT, ALWAYS },
  { "AppManaged", BOOLEAN },
  { "S3Output", OBJECT, OPTIONAL, s3_output },
  { "FeatureStoreOutput", OBJECT, OPTIONAL, feature_store_output },
  { NULL },
};

static const AtelierField processing_output_config[] = {
  { "Outputs", LIST, SERVICE, processing_output, .most = 10 },
  { "KmsKeyId", TEXT },
  { NULL },
};

static const AtelierField network_config[] = {
  { "EnableNetworkIsolation", BOOLEAN },
  { "EnableInterContainerTrafficEncryption", BOOLEAN },
  { "VpcConfig", OBJECT, OPTIONAL, vpc_config },
  { NULL },
};

static const AtelierField processing_arguments[] = {
  { "ProcessingJobName", JOB_NAME, .most = 63 },
  { "ProcessingResources", OBJECT, SERVICE, processing_resources },
  { "AppSpecification", OBJECT, ALWAYS, app_specification },
  { "RoleArn", TEXT },
  { "ProcessingInputs", LIST, OPTIONAL, processing_input, .most = 10 },
  { "ProcessingOutputConfig", OBJECT, OPTIONAL, processing_output_config },
  { "Environment", ENVIRONMENT, .most = 100, .most_key = 256, .most_item = 256 },
  { "NetworkConfig", OBJECT, OPTIONAL, network_config },
  { "StoppingCondition", OBJECT, OPTIONAL, processing_stopping_condition },
  { "Tags", LIST, OPTIONAL, tags },
  { "ExperimentConfig", OBJECT, OPTIONAL, experiment_config },
  { NULL },
};

static const AtelierField property_file[] = {
  { "PropertyFileName", LITERAL, ALWAYS },
  { "OutputName", LITERAL, ALWAYS },
  { "FilePath", LITERAL, ALWAYS },
  { NULL },
};

static const AtelierField processing_step[] = {
  { "PropertyFiles", LIST, OPTIONAL, property_file },
  { NULL },
};

static const AtelierField quality_check_step[] = {
  { "CheckType", TEXT, ALWAYS, .words = "DATA_QUALITY|MODEL_QUALITY", .is_closed = TRUE },
  { "ModelPackageGroupName", TEXT },
  { "SkipCheck", BOOLEAN },
  { "FailOnViolation", BOOLEAN },
  { "RegisterNewBaseline", BOOLEAN },
  { "SuppliedBaselineStatistics", TEXT },
  { "SuppliedBaselineConstraints", TEXT },
  { NULL },
};

static const AtelierField clarify_check_step[] = {
  { "CheckType", TEXT, ALWAYS, .words = "DATA_BIAS|MODEL_BIAS|MODEL_EXPLAINABILITY", .is_closed = TRUE },
  { "ModelPackageGroupName", TEXT },
  { "ModelName", TEXT },
  { "SkipCheck", BOOLEAN },
  { "FailOnViolation", BOOLEAN },
  { "RegisterNewBaseline", BOOLEAN },
  { "SuppliedBaselineConstraints", TEXT },
  { NULL },
};

/* Training, and the definitions of Tuning. TrainingImage has an alternative: atelier-validate-step.c. */

static const AtelierField metric_definition[] = {
  { "Name", TEXT, ALWAYS, .most = 255 },
  { "Regex", TEXT, ALWAYS, .most = 500 },
  { NULL },
};

static const AtelierField algorithm_specification[] = {
  { "TrainingImage", TEXT, .most = 255 },
  { "AlgorithmName", TEXT },
  { "TrainingInputMode", TEXT, SERVICE, .words = INPUT_MODES },
  { "MetricDefinitions", LIST, OPTIONAL, metric_definition, .most = 40 },
  { "ContainerEntrypoint", TEXTS, .most = 100, .most_item = 256 },
  { "ContainerArguments", TEXTS, .most = 100, .most_item = 256 },
  { "EnableSageMakerMetricsTimeSeries", BOOLEAN },
  { "TrainingImageConfig", OBJECT },
  { NULL },
};

static const AtelierField s3_data_source[] = {
  { "S3DataType", TEXT, SERVICE, .words = "ManifestFile|S3Prefix|AugmentedManifestFile|Converse" },
  { "S3Uri", READ_URI, ALWAYS },
  { "S3DataDistributionType", TEXT, .words = DISTRIBUTIONS },
  { "AttributeNames", TEXTS },
  { "InstanceGroupNames", TEXTS },
  { "ModelAccessConfig", OBJECT },
  { "HubAccessConfig", OBJECT },
  { NULL },
};

static const AtelierField data_source[] = {
  { "S3DataSource", OBJECT, OPTIONAL, s3_data_source },
  { "FileSystemDataSource", OBJECT },
  { "DatasetSource", OBJECT },
  { NULL },
};

static const AtelierField shuffle_config[] = {
  { "Seed", INTEGER, SERVICE },
  { NULL },
};

static const AtelierField channel[] = {
  { "ChannelName", TEXT, ALWAYS, .most = 64 },
  { "DataSource", OBJECT, ALWAYS, data_source },
  { "ContentType", TEXT },
  { "CompressionType", TEXT, .words = COMPRESSION_TYPES },
  { "RecordWrapperType", TEXT, .words = "None|RecordIO" },
  { "InputMode", TEXT, .words = INPUT_MODES },
  { "ShuffleConfig", OBJECT, OPTIONAL, shuffle_config },
  { NULL },
};

static const AtelierField output_data_config[] = {
  { "S3OutputPath", JOBS_URI, ALWAYS },
  { "KmsKeyId", TEXT },
  { "CompressionType", TEXT, .words = "GZIP|NONE" },
  { NULL },
};

static const AtelierField resource_config[] = {
  { "InstanceType", TEXT },
  { "InstanceCount", INTEGER },
  { "VolumeSizeInGB", INTEGER },
  { "VolumeKmsKeyId", TEXT },
  { "KeepAlivePeriodInSeconds", INTEGER },
  { "InstanceGroups", LIST },
  { "TrainingPlanArn", TEXT },
  { "InstancePlacementConfig", OBJECT },
  { NULL },
};

static const AtelierField checkpoint_config[] = {
  { "S3Uri", WRITE_URI, ALWAYS },
  { "LocalPath", TEXT },
  { NULL },
};

static const AtelierField retry_strategy[] = {
  { "MaximumRetryAttempts", INTEGER, SERVICE },
  { NULL },
};

static const AtelierField tensorboard_output_config[] = {
  { "S3OutputPath", WRITE_URI, SERVICE },
  { "LocalPath", TEXT },
  { NULL },
};

static const AtelierField training_arguments[] = {
  { "TrainingJobName", JOB_NAME, .most = 63 },
  { "AlgorithmSpecification", OBJECT, OPTIONAL, algorithm_specification },
  { "RoleArn", TEXT },
  { "OutputDataConfig", OBJECT, ALWAYS, output_data_config },
  { "ResourceConfig", OBJECT, OPTIONAL, resource_config },
  { "StoppingCondition", OBJECT, OPTIONAL, stopping_condition },
  { "HyperParameters", MAP, .most = 100, .most_key = 256, .most_item = 2500 },
  { "InputDataConfig", LIST, OPTIONAL, channel, .most = 20 },
  { "Environment", ENVIRONMENT, .most = 100, .most_key = 512, .most_item = 512 },
  { "CheckpointConfig", OBJECT, OPTIONAL, checkpoint_config },
  { "RetryStrategy", OBJECT, OPTIONAL, retry_strategy },
  { "DebugHookConfig", OBJECT },
  { "DebugRuleConfigurations", LIST },
  { "ProfilerConfig", OBJECT },
  { "ProfilerRuleConfigurations", LIST },
  { "TensorBoardOutputConfig", OBJECT, OPTIONAL, tensorboard_output_config },
  { "VpcConfig", OBJECT, OPTIONAL, vpc_config },
  { "EnableNetworkIsolation", BOOLEAN },
  { "EnableManagedSpotTraining", BOOLEAN },
  { "EnableInterContainerTrafficEncryption", BOOLEAN },
  { "Tags", LIST, OPTIONAL, tags },
  { "ExperimentConfig", OBJECT, OPTIONAL, experiment_config },
  { "RemoteDebugConfig", OBJECT },
  { "InfraCheckConfig", OBJECT },
  { "SessionChainingConfig", OBJECT },
  { "ServerlessJobConfig", OBJECT },
  { "ModelPackageConfig", OBJECT },
  { "MlflowConfig", OBJECT },
  { NULL },
};

/* Tuning */

static const AtelierField number_range[] = {
  { "Name", TEXT, ALWAYS },
  { "MinValue", RANGE, ALWAYS },
  { "MaxValue", RANGE, ALWAYS },
  { "ScalingType", TEXT, .words = "Auto|Linear|Logarithmic|ReverseLogarithmic", .is_closed = TRUE },
  { NULL },
};

static const AtelierField categorical_range[] = {
  { "Name", TEXT, ALWAYS },
  { "Values", TEXTS, ALWAYS },
  { NULL },
};

static const AtelierField parameter_ranges[] = {
  { "IntegerParameterRanges", LIST, OPTIONAL, number_range },
  { "ContinuousParameterRanges", LIST, OPTIONAL, number_range },
  { "CategoricalParameterRanges", LIST, OPTIONAL, categorical_range },
  { "AutoParameters", LIST },
  { NULL },
};

static const AtelierField tuning_objective[] = {
  { "Type", TEXT, ALWAYS, .words = "Maximize|Minimize", .is_closed = TRUE },
  { "MetricName", TEXT, ALWAYS, .most = 255 },
  { NULL },
};

static const AtelierField tuning_limits[] = {
  { "MaxNumberOfTrainingJobs", INTEGER },
  { "MaxParallelTrainingJobs", INTEGER, SERVICE },
  { "MaxRuntimeInSeconds", INTEGER },
  { NULL },
};

static const AtelierField tuning_config[] = {
  { "Strategy", TEXT, SERVICE, .words = "Bayesian|Random|Hyperband|Grid", .is_closed = TRUE },
  { "StrategyConfig", OBJECT },
  { "HyperParameterTuningJobObjective", OBJECT, OPTIONAL, tuning_objective },
  { "ResourceLimits", OBJECT, SERVICE, tuning_limits },
  { "ParameterRanges", OBJECT, OPTIONAL, parameter_ranges },
  { "TrainingJobEarlyStoppingType", TEXT, .words = "Off|Auto" },
  { "TuningJobCompletionCriteria", OBJECT },
  { "RandomSeed", INTEGER },
  { NULL },
};

static const AtelierField tuning_definition[] = {
  { "DefinitionName", TEXT, .most = 64 },
  { "TuningObjective", OBJECT, OPTIONAL, tuning_objective },
  { "HyperParameterRanges", OBJECT, OPTIONAL, parameter_ranges },
  { "StaticHyperParameters", MAP, .most = 100, .most_key = 256, .most_item = 2500 },
  { "AlgorithmSpecification", OBJECT, OPTIONAL, algorithm_specification },
  { "RoleArn", TEXT },
  { "InputDataConfig", LIST, OPTIONAL, channel, .most = 20 },
  { "VpcConfig", OBJECT, OPTIONAL, vpc_config },
  { "OutputDataConfig", OBJECT, ALWAYS, output_data_config },
  { "ResourceConfig", OBJECT, OPTIONAL, resource_config },
  { "HyperParameterTuningResourceConfig", OBJECT },
  { "StoppingCondition", OBJECT, OPTIONAL, stopping_condition },
  { "EnableNetworkIsolation", BOOLEAN },
  { "EnableInterContainerTrafficEncryption", BOOLEAN },
  { "EnableManagedSpotTraining", BOOLEAN },
  { "CheckpointConfig", OBJECT, OPTIONAL, checkpoint_config },
  { "RetryStrategy", OBJECT, OPTIONAL, retry_strategy },
  { "Environment", ENVIRONMENT, .most = 100, .most_key = 512, .most_item = 512 },
  { NULL },
};

static const AtelierField tuning_arguments[] = {
  { "HyperParameterTuningJobName", JOB_NAME, .most = 32 },
  { "HyperParameterTuningJobConfig", OBJECT, ALWAYS, tuning_config },
  { "TrainingJobDefinition", OBJECT, OPTIONAL, tuning_definition },
  { "TrainingJobDefinitions", LIST, OPTIONAL, tuning_definition, .most = 10 },
  { "WarmStartConfig", OBJECT },
  { "Autotune", OBJECT },
  { "Tags", LIST, OPTIONAL, tags },
  { NULL },
};

/* Transform */

static const AtelierField transform_s3_data_source[] = {
  { "S3DataType", TEXT, SERVICE, .words = "ManifestFile|S3Prefix|AugmentedManifestFile" },
  { "S3Uri", READ_URI, ALWAYS },
  { NULL },
};

static const AtelierField transform_data_source[] = {
  { "S3DataSource", OBJECT, ALWAYS, transform_s3_data_source },
  { NULL },
};

static const AtelierField transform_input[] = {
  { "DataSource", OBJECT, ALWAYS, transform_data_source },
  { "ContentType", TEXT },
  { "CompressionType", TEXT, .words = COMPRESSION_TYPES },
  { "SplitType", TEXT, .words = "None|Line|RecordIO|TFRecord" },
  { NULL },
};

static const AtelierField transform_output[] = {
  { "S3OutputPath", WRITE_URI, ALWAYS },
  { "Accept", TEXT },
  { "AssembleWith", TEXT, .words = "None|Line" },
  { "KmsKeyId", TEXT },
  { NULL },
};

static const AtelierField transform_resources[] = {
  { "InstanceType", TEXT, SERVICE },
  { "InstanceCount", INTEGER, SERVICE },
  { "VolumeKmsKeyId", TEXT },
  { "TransformAmiVersion", TEXT },
  { NULL },
};

static const AtelierField data_processing[] = {
  { "InputFilter", TEXT },
  { "OutputFilter", TEXT },
  { "JoinSource", TEXT, .words = "Input|None" },
  { NULL },
};

static const AtelierField model_client_config[] = {
  { "InvocationsTimeoutInSeconds", INTEGER, .most = 3600 },
  { "InvocationsMaxRetries", INTEGER },
  { NULL },
};

static const AtelierField transform_arguments[] = {
  { "TransformJobName", JOB_NAME, .most = 63 },
  { "ModelName", TEXT, ALWAYS },
  { "TransformInput", OBJECT, ALWAYS, transform_input },
  { "TransformOutput", OBJECT, ALWAYS, transform_output },
  { "TransformResources", OBJECT, SERVICE, transform_resources },
  { "BatchStrategy", TEXT, .words = "MultiRecord|SingleRecord" },
  { "MaxPayloadInMB", INTEGER },
  { "MaxConcurrentTransforms", INTEGER },
  { "DataProcessing", OBJECT, OPTIONAL, data_processing },
  { "Environment", ENVIRONMENT, .most = 16 },
  { "ModelClientConfig", OBJECT, OPTIONAL, model_client_config },
  { "DataCaptureConfig", OBJECT },
  { "BatchDataCaptureConfig", OBJECT },
  { "Tags", LIST, OPTIONAL, tags },
  { "ExperimentConfig", OBJECT, OPTIONAL, experiment_config },
  { NULL },
};

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

static const AtelierField model_arguments[] = {
  { "ModelName", JOB_NAME, .most = 63 },
  { "ExecutionRoleArn", TEXT },
  { "PrimaryContainer", OBJECT, OPTIONAL, container },
  { "Containers", LIST, OPTIONAL, container, .most = 15 },
  { "InferenceExecutionConfig", OBJECT, OPTIONAL, inference_execution_config },
  { "EnableNetworkIsolation", BOOLEAN },
  { "VpcConfig", OBJECT, OPTIONAL, vpc_config },
  { "Tags", LIST, OPTIONAL, tags },
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

static const AtelierField register_model_arguments[] = {
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
  { "Tags", LIST, OPTIONAL, tags },
  { NULL },
};

/* Flow, and what people and commands do. The branches are steps of their own, the conditions are looked at by
 * atelier-validate-condition.c. */

static const AtelierField condition_arguments[] = {
  { "Conditions", LIST, ALWAYS },
  { "IfSteps", LIST },
  { "ElseSteps", LIST },
  { NULL },
};

static const AtelierField fail_arguments[] = {
  { "ErrorMessage", TEXT },
  { NULL },
};

static const AtelierField output_parameter[] = {
  { "OutputName", LITERAL, ALWAYS },
  { "OutputType", LITERAL, .words = "String|Integer|Boolean|Float", .is_closed = TRUE },
  { NULL },
};

static const AtelierField lambda_step[] = {
  { "FunctionArn", TEXT, ALWAYS },
  { "OutputParameters", LIST, OPTIONAL, output_parameter, .most = 50 },
  { NULL },
};

static const AtelierField callback_step[] = {
  { "SqsQueueUrl", TEXT, ALWAYS },
  { "OutputParameters", LIST, OPTIONAL, output_parameter, .most = 50 },
  { NULL },
};

/* EMR */

static const AtelierField emr_property[] = {
  { "Key", TEXT },
  { "Value", TEXT },
  { NULL },
};

static const AtelierField hadoop_jar_step[] = {
  { "Jar", TEXT, ALWAYS },
  { "Args", TEXTS },
  { "MainClass", TEXT },
  { "Properties", LIST, OPTIONAL, emr_property },
  { NULL },
};

static const AtelierField emr_step_config[] = {
  { "HadoopJarStep", OBJECT, ALWAYS, hadoop_jar_step },
  { "Name", TEXT },
  { "ActionOnFailure", TEXT },
  { NULL },
};

static const AtelierField emr_arguments[] = {
  { "ClusterId", TEXT },
  { "ClusterConfig", OBJECT },
  { "ExecutionRoleArn", TEXT },
  { "StepConfig", OBJECT, ALWAYS, emr_step_config },
  { NULL },
};

/* AutoML */

static const AtelierField auto_ml_channel[] = {
  { "DataSource", OBJECT, ALWAYS, data_source },
  { "TargetAttributeName", TEXT, ALWAYS },
  { "ChannelType", TEXT, .words = "training|validation" },
  { "ContentType", TEXT },
  { "CompressionType", TEXT, .words = COMPRESSION_TYPES },
  { "SampleWeightAttributeName", TEXT },
  { NULL },
};

static const AtelierField auto_ml_objective[] = {
  { "MetricName", TEXT, SERVICE },
  { NULL },
};

static const AtelierField auto_ml_config[] = {
  { "Mode", TEXT, .words = "AUTO|ENSEMBLING|HYPERPARAMETER_TUNING" },
  { "CompletionCriteria", OBJECT },
  { "DataSplitConfig", OBJECT },
  { "CandidateGenerationConfig", OBJECT },
  { "SecurityConfig", OBJECT },
  { NULL },
};

static const AtelierField auto_ml_arguments[] = {
  { "AutoMLJobName", JOB_NAME, .most = 32 },
  { "InputDataConfig", LIST, ALWAYS, auto_ml_channel, .most = 2 },
  { "OutputDataConfig", OBJECT, ALWAYS, output_data_config },
  { "AutoMLJobConfig", OBJECT, OPTIONAL, auto_ml_config },
  { "AutoMLJobObjective", OBJECT, OPTIONAL, auto_ml_objective },
  { "ProblemType", TEXT, .words = "Regression|BinaryClassification|MulticlassClassification" },
  { "RoleArn", TEXT },
  { "GenerateCandidateDefinitionsOnly", BOOLEAN },
  { "ModelDeployConfig", OBJECT },
  { "Tags", LIST, OPTIONAL, tags },
  { NULL },
};

/* Endpoints and lineage */

static const AtelierField endpoint_config_arguments[] = {
  { "EndpointConfigName", JOB_NAME, .most = 63 },
  { "ProductionVariants", LIST, SERVICE },
  { "ShadowProductionVariants", LIST },
  { "AsyncInferenceConfig", OBJECT },
  { "ExecutionRoleArn", TEXT },
  { "VpcConfig", OBJECT, OPTIONAL, vpc_config },
  { "EnableNetworkIsolation", BOOLEAN },
  { "KmsKeyId", TEXT },
  { "Tags", LIST, OPTIONAL, tags },
  { NULL },
};

static const AtelierField endpoint_arguments[] = {
  { "EndpointName", JOB_NAME, .most = 63 },
  { "EndpointConfigName", TEXT, ALWAYS },
  { "DeploymentConfig", OBJECT },
  { "Tags", LIST, OPTIONAL, tags },
  { NULL },
};

static const AtelierField lineage_arguments[] = {
  { "Actions", LIST },
  { "Artifacts", LIST },
  { "Contexts", LIST },
  { "Associations", LIST },
  { NULL },
};

/* Every step. Name and Type have rules of their own. */

static const AtelierField retry_policy[] = {
  { "ExceptionType", ANY, ALWAYS },
  { "IntervalSeconds", NUMBER, .most = 43200, .is_closed = TRUE },
  { "BackoffRate", NUMBER, .is_closed = TRUE },
  { "MaxAttempts", INTEGER, .most = 20, .is_closed = TRUE },
  { "ExpireAfterMin", NUMBER, .most = 14400, .is_closed = TRUE },
  { NULL },
};

static const AtelierField cache_config[] = {
  { "Enabled", ANY },
  { "ExpireAfter", ANY },
  { NULL },
};

static const AtelierField common_step[] = {
  { "Name", ANY },
  { "Type", ANY },
  { "Arguments", OBJECT },
  { "DependsOn", TEXTS },
  { "DisplayName", LITERAL, .most = 256 },
  { "Description", LITERAL, .most = 3072 },
  { "CacheConfig", OBJECT, OPTIONAL, cache_config },
  { "RetryPolicies", LIST, OPTIONAL, retry_policy },
  { NULL },
};

/* One row a type: the further keys of the step, its Arguments, and the properties that it has besides them. */
static const struct
{
  const AtelierField *step;
  const AtelierField *arguments; /* NULL: any */
  const char         *results;   /* NULL: any */
} shapes[ATELIER_STEP_TYPE_N_TYPES] = {
  [ATELIER_STEP_TYPE_PROCESSING] = {
    processing_step, processing_arguments,
    "ProcessingJobArn|ProcessingJobStatus|ExitMessage|FailureReason|CreationTime|LastModifiedTime|ProcessingStartTime|"
    "ProcessingEndTime|MonitoringScheduleArn|AutoMLJobArn|TrainingJobArn" },
  [ATELIER_STEP_TYPE_TRAINING] = {
    NULL, training_arguments,
    "TrainingJobArn|TrainingJobStatus|SecondaryStatus|SecondaryStatusTransitions|ModelArtifacts|FinalMetricDataList|"
    "TrainingTimeInSeconds|BillableTimeInSeconds|FailureReason|CreationTime|LastModifiedTime|TrainingStartTime|TrainingEndTime|"
    "TuningJobArn|LabelingJobArn|AutoMLJobArn|DebugRuleEvaluationStatuses|ProfilerRuleEvaluationStatuses|ProfilingStatus|"
    "WarmPoolStatus|OutputModelPackageArn" },
  [ATELIER_STEP_TYPE_TUNING] = {
    NULL, tuning_arguments,
    "HyperParameterTuningJobArn|HyperParameterTuningJobStatus|BestTrainingJob|OverallBestTrainingJob|TrainingJobSummaries|"
    "TrainingJobStatusCounters|ObjectiveStatusCounters|FailureReason|CreationTime|LastModifiedTime|HyperParameterTuningEndTime|"
    "TuningJobCompletionDetails|ConsumedResources" },
  [ATELIER_STEP_TYPE_TRANSFORM] = {
    NULL, transform_arguments,
    "TransformJobArn|TransformJobStatus|FailureReason|CreationTime|TransformStartTime|TransformEndTime|LabelingJobArn|AutoMLJobArn" },
  [ATELIER_STEP_TYPE_MODEL] = { NULL, model_arguments, "ModelArn|CreationTime|DeploymentRecommendation" },
  [ATELIER_STEP_TYPE_REGISTER_MODEL] = {
    NULL, register_model_arguments,
    "ModelPackageArn|ModelPackageVersion|ModelPackageStatus|ModelPackageStatusDetails|CreationTime|CreatedBy|LastModifiedTime|"
    "LastModifiedBy|ApprovalDescription" },
  [ATELIER_STEP_TYPE_CONDITION] = { NULL, condition_arguments, "Outcome" },
  [ATELIER_STEP_TYPE_FAIL] = { NULL, fail_arguments, "ErrorMessage" },
  [ATELIER_STEP_TYPE_LAMBDA] = { lambda_step, NULL, "OutputParameters|FunctionArn" },
  [ATELIER_STEP_TYPE_CALLBACK] = { callback_step, NULL, "OutputParameters|SqsQueueUrl" },
  [ATELIER_STEP_TYPE_QUALITY_CHECK] = {
    quality_check_step, processing_arguments,
    "CalculatedBaselineConstraints|CalculatedBaselineStatistics|BaselineUsedForDriftCheckConstraints|"
    "BaselineUsedForDriftCheckStatistics|ProcessingJobArn|ProcessingJobStatus|ExitMessage|CreationTime|ProcessingStartTime|"
    "ProcessingEndTime" },
  [ATELIER_STEP_TYPE_CLARIFY_CHECK] = {
    clarify_check_step, processing_arguments,
    "CalculatedBaselineConstraints|BaselineUsedForDriftCheckConstraints|ProcessingJobArn|ProcessingJobStatus|ExitMessage|"
    "CreationTime|ProcessingStartTime|ProcessingEndTime" },
  [ATELIER_STEP_TYPE_EMR] = { NULL, emr_arguments, "Id|Name|Config|Status|ActionOnFailure" },
  [ATELIER_STEP_TYPE_AUTO_ML] = {
    NULL, auto_ml_arguments,
    "AutoMLJobArn|AutoMLJobStatus|AutoMLJobSecondaryStatus|BestCandidate|BestCandidateProperties|PartialFailureReasons|FailureReason|"
    "CreationTime|EndTime|LastModifiedTime|AutoMLJobArtifacts|ResolvedAttributes|ModelDeployResult" },
  [ATELIER_STEP_TYPE_ENDPOINT_CONFIG] = { NULL, endpoint_config_arguments, "EndpointConfigArn|CreationTime" },
  [ATELIER_STEP_TYPE_ENDPOINT] = {
    NULL, endpoint_arguments, "EndpointArn|EndpointStatus|ProductionVariants|FailureReason|CreationTime|LastModifiedTime" },
  [ATELIER_STEP_TYPE_LINEAGE] = { NULL, lineage_arguments, "ActionArns|ArtifactArns|ContextArns" },
};

const AtelierField *
atelier_step_shape_get_common (void)
{
  return common_step;
}

const AtelierField *
atelier_step_shape_get_step (AtelierStepType type)
{
  return shapes[type].step;
}

const AtelierField *
atelier_step_shape_get_arguments (AtelierStepType type)
{
  return shapes[type].arguments;
}

char **
atelier_step_shape_list_properties (AtelierStepType type)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  g_auto (GStrv) results = NULL;

  if (shapes[type].results == NULL)
    return NULL;
  builder = g_strv_builder_new ();
  results = g_strsplit (shapes[type].results, "|", -1);
  for (const AtelierField *field = shapes[type].arguments; field != NULL && field->name != NULL; field++)
    g_strv_builder_add (builder, field->name);
  g_strv_builder_addv (builder, (const char **) results);
  return g_strv_builder_end (builder);
}

gboolean
atelier_step_shape_has_property (AtelierStepType type, const char *name)
{
  const char *results = shapes[type].results;
  gsize length = strlen (name);

  if (results == NULL)
    return TRUE;
  for (const AtelierField *field = shapes[type].arguments; field != NULL && field->name != NULL; field++)
    if (strcmp (field->name, name) == 0)
      return TRUE;
  for (const char *at = results; at != NULL; at = strchr (at, '|'))
    {
      at += *at == '|';
      if (strncmp (at, name, length) == 0 && (at[length] == '|' || at[length] == '\0'))
        return TRUE;
    }
  return FALSE;
}
