/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step-shapes"

#include "config.h"

#include "atelier-step-shapes-private.h"

/* The shapes of the types that run code: processing and checks, training, tuning, transform, EMR, AutoML. */

#define INPUT_MODES       "Pipe|File|FastFile"
#define COMPRESSION_TYPES "None|Gzip"
#define DISTRIBUTIONS     "FullyReplicated|ShardedByS3Key"
#define MOST_RUNTIME      604800

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
  { "VpcConfig", OBJECT, OPTIONAL, atelier_shape_vpc_config },
  { NULL },
};

const AtelierField atelier_shape_processing_arguments[] = {
  { "ProcessingJobName", JOB_NAME, .most = 63 },
  { "ProcessingResources", OBJECT, SERVICE, processing_resources },
  { "AppSpecification", OBJECT, ALWAYS, app_specification },
  { "RoleArn", TEXT },
  { "ProcessingInputs", LIST, OPTIONAL, processing_input, .most = 10 },
  { "ProcessingOutputConfig", OBJECT, OPTIONAL, processing_output_config },
  { "Environment", ENVIRONMENT, .most = 100, .most_key = 256, .most_item = 256 },
  { "NetworkConfig", OBJECT, OPTIONAL, network_config },
  { "StoppingCondition", OBJECT, OPTIONAL, processing_stopping_condition },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { "ExperimentConfig", OBJECT, OPTIONAL, atelier_shape_experiment_config },
  { NULL },
};

static const AtelierField property_file[] = {
  { "PropertyFileName", LITERAL, ALWAYS },
  { "OutputName", LITERAL, ALWAYS },
  { "FilePath", LITERAL, ALWAYS },
  { NULL },
};

const AtelierField atelier_shape_processing_step[] = {
  { "PropertyFiles", LIST, OPTIONAL, property_file },
  { NULL },
};

const AtelierField atelier_shape_quality_check_step[] = {
  { "CheckType", TEXT, ALWAYS, .words = "DATA_QUALITY|MODEL_QUALITY", .is_closed = TRUE },
  { "ModelPackageGroupName", TEXT },
  { "SkipCheck", BOOLEAN },
  { "FailOnViolation", BOOLEAN },
  { "RegisterNewBaseline", BOOLEAN },
  { "SuppliedBaselineStatistics", TEXT },
  { "SuppliedBaselineConstraints", TEXT },
  { NULL },
};

const AtelierField atelier_shape_clarify_check_step[] = {
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

const AtelierField atelier_shape_training_arguments[] = {
  { "TrainingJobName", JOB_NAME, .most = 63 },
  { "AlgorithmSpecification", OBJECT, OPTIONAL, algorithm_specification },
  { "RoleArn", TEXT },
  { "OutputDataConfig", OBJECT, ALWAYS, output_data_config },
  { "ResourceConfig", OBJECT, OPTIONAL, resource_config },
  { "StoppingCondition", OBJECT, OPTIONAL, atelier_shape_stopping_condition },
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
  { "VpcConfig", OBJECT, OPTIONAL, atelier_shape_vpc_config },
  { "EnableNetworkIsolation", BOOLEAN },
  { "EnableManagedSpotTraining", BOOLEAN },
  { "EnableInterContainerTrafficEncryption", BOOLEAN },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { "ExperimentConfig", OBJECT, OPTIONAL, atelier_shape_experiment_config },
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
  { "VpcConfig", OBJECT, OPTIONAL, atelier_shape_vpc_config },
  { "OutputDataConfig", OBJECT, ALWAYS, output_data_config },
  { "ResourceConfig", OBJECT, OPTIONAL, resource_config },
  { "HyperParameterTuningResourceConfig", OBJECT },
  { "StoppingCondition", OBJECT, OPTIONAL, atelier_shape_stopping_condition },
  { "EnableNetworkIsolation", BOOLEAN },
  { "EnableInterContainerTrafficEncryption", BOOLEAN },
  { "EnableManagedSpotTraining", BOOLEAN },
  { "CheckpointConfig", OBJECT, OPTIONAL, checkpoint_config },
  { "RetryStrategy", OBJECT, OPTIONAL, retry_strategy },
  { "Environment", ENVIRONMENT, .most = 100, .most_key = 512, .most_item = 512 },
  { NULL },
};

const AtelierField atelier_shape_tuning_arguments[] = {
  { "HyperParameterTuningJobName", JOB_NAME, .most = 32 },
  { "HyperParameterTuningJobConfig", OBJECT, ALWAYS, tuning_config },
  { "TrainingJobDefinition", OBJECT, OPTIONAL, tuning_definition },
  { "TrainingJobDefinitions", LIST, OPTIONAL, tuning_definition, .most = 10 },
  { "WarmStartConfig", OBJECT },
  { "Autotune", OBJECT },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
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

const AtelierField atelier_shape_transform_arguments[] = {
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
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { "ExperimentConfig", OBJECT, OPTIONAL, atelier_shape_experiment_config },
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

const AtelierField atelier_shape_emr_arguments[] = {
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

const AtelierField atelier_shape_auto_ml_arguments[] = {
  { "AutoMLJobName", JOB_NAME, .most = 32 },
  { "InputDataConfig", LIST, ALWAYS, auto_ml_channel, .most = 2 },
  { "OutputDataConfig", OBJECT, ALWAYS, output_data_config },
  { "AutoMLJobConfig", OBJECT, OPTIONAL, auto_ml_config },
  { "AutoMLJobObjective", OBJECT, OPTIONAL, auto_ml_objective },
  { "ProblemType", TEXT, .words = "Regression|BinaryClassification|MulticlassClassification" },
  { "RoleArn", TEXT },
  { "GenerateCandidateDefinitionsOnly", BOOLEAN },
  { "ModelDeployConfig", OBJECT },
  { "Tags", LIST, OPTIONAL, atelier_shape_tags },
  { NULL },
};
