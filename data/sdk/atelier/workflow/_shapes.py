# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""What the properties of a step are: the answers of the service's Describe calls.

A line a structure: its name, a colon, its members. ``Key`` is a plain value, ``Key=Shape`` a structure (``Key=``: of the
member's own name), ``Key[]`` a list and ``Key{}`` a map (of structures with ``=Shape``), ``Key*`` anything.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Tuple


class Member(NamedTuple):
    """One member: its kind ("value", "structure", "list", "map" or "any") and the name of the structure in it."""

    kind: str
    shape: Optional[str]


def members(shape: str) -> Dict[str, Member]:
    """The members of a structure by name. Raises KeyError for an unknown structure."""
    found = _parsed.get(shape)
    if found is None:
        found = _parsed[shape] = dict(map(_member, _LINES[shape].split()))
    return found


def _member(text: str) -> Tuple[str, Member]:
    name, equals, shape = text.partition("=")
    kind = "value"
    if name.endswith("*"):
        name, kind = name[:-1], "any"
    elif name.endswith("[]"):
        name, kind = name[:-2], "list"
    elif name.endswith("{}"):
        name, kind = name[:-2], "map"
    elif equals:
        kind, shape = "structure", shape or name
    return name, Member(kind, shape or None)


_parsed: Dict[str, Dict[str, Member]] = {}

_TABLE = """
DescribeProcessingJobResponse: ProcessingInputs[]=ProcessingInput ProcessingOutputConfig= ProcessingJobName
  ProcessingResources= StoppingCondition=ProcessingStoppingCondition AppSpecification= Environment{} NetworkConfig=
  RoleArn ExperimentConfig= ProcessingJobArn ProcessingJobStatus ExitMessage FailureReason ProcessingEndTime
  ProcessingStartTime LastModifiedTime CreationTime MonitoringScheduleArn AutoMLJobArn TrainingJobArn
ProcessingInput: InputName AppManaged S3Input=ProcessingS3Input DatasetDefinition=
ProcessingS3Input: S3Uri LocalPath S3DataType S3InputMode S3DataDistributionType S3CompressionType
DatasetDefinition: AthenaDatasetDefinition= RedshiftDatasetDefinition= LocalPath DataDistributionType InputMode
AthenaDatasetDefinition: Catalog Database QueryString WorkGroup OutputS3Uri KmsKeyId OutputFormat OutputCompression
RedshiftDatasetDefinition: ClusterId Database DbUser QueryString ClusterRoleArn OutputS3Uri KmsKeyId OutputFormat
  OutputCompression
ProcessingOutputConfig: Outputs[]=ProcessingOutput KmsKeyId
ProcessingOutput: OutputName S3Output=ProcessingS3Output FeatureStoreOutput=ProcessingFeatureStoreOutput AppManaged
ProcessingS3Output: S3Uri LocalPath S3UploadMode
ProcessingFeatureStoreOutput: FeatureGroupName
ProcessingResources: ClusterConfig=ProcessingClusterConfig
ProcessingClusterConfig: InstanceCount InstanceType VolumeSizeInGB VolumeKmsKeyId
ProcessingStoppingCondition: MaxRuntimeInSeconds
AppSpecification: ImageUri ContainerEntrypoint[] ContainerArguments[]
NetworkConfig: EnableInterContainerTrafficEncryption EnableNetworkIsolation VpcConfig=
VpcConfig: SecurityGroupIds[] Subnets[]
ExperimentConfig: ExperimentName TrialName TrialComponentDisplayName RunName
DescribeTrainingJobResponse: TrainingJobName TrainingJobArn TuningJobArn LabelingJobArn AutoMLJobArn ModelArtifacts=
  TrainingJobStatus SecondaryStatus FailureReason HyperParameters{} AlgorithmSpecification= RoleArn
  InputDataConfig[]=Channel OutputDataConfig= ResourceConfig= VpcConfig= StoppingCondition= CreationTime
  TrainingStartTime TrainingEndTime LastModifiedTime SecondaryStatusTransitions[]=SecondaryStatusTransition
  FinalMetricDataList[]=MetricData EnableNetworkIsolation EnableInterContainerTrafficEncryption
  EnableManagedSpotTraining CheckpointConfig= TrainingTimeInSeconds BillableTimeInSeconds DebugHookConfig=
  ExperimentConfig= DebugRuleConfigurations[]=DebugRuleConfiguration TensorBoardOutputConfig=
  DebugRuleEvaluationStatuses[]=DebugRuleEvaluationStatus ProfilerConfig=
  ProfilerRuleConfigurations[]=ProfilerRuleConfiguration
  ProfilerRuleEvaluationStatuses[]=ProfilerRuleEvaluationStatus ProfilingStatus RetryStrategy= Environment{}
  WarmPoolStatus= InfraCheckConfig* RemoteDebugConfig* ServerlessJobConfig* ModelPackageConfig*
  OutputModelPackageArn
ModelArtifacts: S3ModelArtifacts
AlgorithmSpecification: TrainingImage AlgorithmName TrainingInputMode MetricDefinitions[]=MetricDefinition
  EnableSageMakerMetricsTimeSeries ContainerEntrypoint[] ContainerArguments[]
MetricDefinition: Name Regex
Channel: ChannelName DataSource= ContentType CompressionType RecordWrapperType InputMode ShuffleConfig=
DataSource: S3DataSource= FileSystemDataSource=
S3DataSource: S3DataType S3Uri S3DataDistributionType AttributeNames[] InstanceGroupNames[]
FileSystemDataSource: FileSystemId FileSystemAccessMode FileSystemType DirectoryPath
ShuffleConfig: Seed
OutputDataConfig: KmsKeyId S3OutputPath CompressionType
ResourceConfig: InstanceType InstanceCount VolumeSizeInGB VolumeKmsKeyId InstanceGroups[]=InstanceGroup
  KeepAlivePeriodInSeconds TrainingPlanArn InstancePlacementConfig*
InstanceGroup: InstanceType InstanceCount InstanceGroupName
StoppingCondition: MaxRuntimeInSeconds MaxWaitTimeInSeconds
SecondaryStatusTransition: Status StartTime EndTime StatusMessage
MetricData: MetricName Value Timestamp
CheckpointConfig: S3Uri LocalPath
DebugHookConfig: LocalPath S3OutputPath HookParameters{} CollectionConfigurations[]=CollectionConfiguration
CollectionConfiguration: CollectionName CollectionParameters{}
DebugRuleConfiguration: RuleConfigurationName LocalPath S3OutputPath RuleEvaluatorImage InstanceType VolumeSizeInGB
  RuleParameters{}
TensorBoardOutputConfig: LocalPath S3OutputPath
DebugRuleEvaluationStatus: RuleConfigurationName RuleEvaluationJobArn RuleEvaluationStatus StatusDetails
  LastModifiedTime
ProfilerConfig: S3OutputPath ProfilingIntervalInMilliseconds ProfilingParameters{} DisableProfiler
ProfilerRuleConfiguration: RuleConfigurationName LocalPath S3OutputPath RuleEvaluatorImage InstanceType
  VolumeSizeInGB RuleParameters{}
ProfilerRuleEvaluationStatus: RuleConfigurationName RuleEvaluationJobArn RuleEvaluationStatus StatusDetails
  LastModifiedTime
RetryStrategy: MaximumRetryAttempts
WarmPoolStatus: Status ResourceRetainedBillableTimeInSeconds ReusedByJob
DescribeTransformJobResponse: TransformJobName TransformJobArn TransformJobStatus FailureReason ModelName
  MaxConcurrentTransforms ModelClientConfig= MaxPayloadInMB BatchStrategy Environment{} TransformInput=
  TransformOutput= DataCaptureConfig=BatchDataCaptureConfig TransformResources= CreationTime TransformStartTime
  TransformEndTime LabelingJobArn AutoMLJobArn DataProcessing= ExperimentConfig=
ModelClientConfig: InvocationsTimeoutInSeconds InvocationsMaxRetries
TransformInput: DataSource=TransformDataSource ContentType CompressionType SplitType
TransformDataSource: S3DataSource=TransformS3DataSource
TransformS3DataSource: S3DataType S3Uri
TransformOutput: S3OutputPath Accept AssembleWith KmsKeyId
BatchDataCaptureConfig: DestinationS3Uri KmsKeyId GenerateInferenceId
TransformResources: InstanceType InstanceCount VolumeKmsKeyId
DataProcessing: InputFilter OutputFilter JoinSource
DescribeHyperParameterTuningJobResponse: HyperParameterTuningJobName HyperParameterTuningJobArn
  HyperParameterTuningJobConfig= TrainingJobDefinition=HyperParameterTrainingJobDefinition
  TrainingJobDefinitions[]=HyperParameterTrainingJobDefinition HyperParameterTuningJobStatus CreationTime
  HyperParameterTuningEndTime LastModifiedTime TrainingJobStatusCounters= ObjectiveStatusCounters=
  BestTrainingJob=HyperParameterTrainingJobSummary OverallBestTrainingJob=HyperParameterTrainingJobSummary
  WarmStartConfig=HyperParameterTuningJobWarmStartConfig FailureReason Autotune* TuningJobCompletionDetails*
  ConsumedResources*
HyperParameterTuningJobConfig: Strategy StrategyConfig=HyperParameterTuningJobStrategyConfig
  HyperParameterTuningJobObjective= ResourceLimits= ParameterRanges= TrainingJobEarlyStoppingType
  TuningJobCompletionCriteria= RandomSeed
HyperParameterTuningJobStrategyConfig: HyperbandStrategyConfig=
HyperbandStrategyConfig: MinResource MaxResource
HyperParameterTuningJobObjective: Type MetricName
ResourceLimits: MaxNumberOfTrainingJobs MaxParallelTrainingJobs
ParameterRanges: IntegerParameterRanges[]=IntegerParameterRange ContinuousParameterRanges[]=ContinuousParameterRange
  CategoricalParameterRanges[]=CategoricalParameterRange
IntegerParameterRange: Name MinValue MaxValue ScalingType
ContinuousParameterRange: Name MinValue MaxValue ScalingType
CategoricalParameterRange: Name Values[]
TuningJobCompletionCriteria: TargetObjectiveMetricValue
HyperParameterTrainingJobDefinition: DefinitionName TuningObjective=HyperParameterTuningJobObjective
  HyperParameterRanges=ParameterRanges StaticHyperParameters{}
  AlgorithmSpecification=HyperParameterAlgorithmSpecification RoleArn InputDataConfig[]=Channel VpcConfig=
  OutputDataConfig= ResourceConfig= StoppingCondition= EnableNetworkIsolation EnableInterContainerTrafficEncryption
  EnableManagedSpotTraining CheckpointConfig= RetryStrategy= HyperParameterTuningResourceConfig=
HyperParameterAlgorithmSpecification: TrainingImage TrainingInputMode AlgorithmName
  MetricDefinitions[]=MetricDefinition
HyperParameterTuningResourceConfig: InstanceType InstanceCount VolumeSizeInGB VolumeKmsKeyId AllocationStrategy
  InstanceConfigs[]=HyperParameterTuningInstanceConfig
HyperParameterTuningInstanceConfig: InstanceType InstanceCount VolumeSizeInGB
TrainingJobStatusCounters: Completed InProgress RetryableError NonRetryableError Stopped
ObjectiveStatusCounters: Succeeded Pending Failed
HyperParameterTrainingJobSummary: TrainingJobDefinitionName TrainingJobName TrainingJobArn TuningJobName
  CreationTime TrainingStartTime TrainingEndTime TrainingJobStatus TunedHyperParameters{} FailureReason
  FinalHyperParameterTuningJobObjectiveMetric= ObjectiveStatus
FinalHyperParameterTuningJobObjectiveMetric: Type MetricName Value
HyperParameterTuningJobWarmStartConfig: ParentHyperParameterTuningJobs[]=ParentHyperParameterTuningJob WarmStartType
ParentHyperParameterTuningJob: HyperParameterTuningJobName
ListTrainingJobsForHyperParameterTuningJobResponse: TrainingJobSummaries[]=HyperParameterTrainingJobSummary
  NextToken
DescribeModelOutput: ModelName PrimaryContainer=ContainerDefinition Containers[]=ContainerDefinition
  InferenceExecutionConfig= ExecutionRoleArn VpcConfig= CreationTime ModelArn EnableNetworkIsolation
  DeploymentRecommendation*
ContainerDefinition: ContainerHostname Image ImageConfig= Mode ModelDataUrl Environment{} ModelPackageName
  InferenceSpecificationName MultiModelConfig= ModelDataSource* AdditionalModelDataSources*
ImageConfig: RepositoryAccessMode RepositoryAuthConfig=
RepositoryAuthConfig: RepositoryCredentialsProviderArn
MultiModelConfig: ModelCacheSetting
InferenceExecutionConfig: Mode
DescribeModelPackageOutput: ModelPackageName ModelPackageGroupName ModelPackageVersion ModelPackageArn
  ModelPackageDescription CreationTime InferenceSpecification= SourceAlgorithmSpecification=
  ValidationSpecification=ModelPackageValidationSpecification ModelPackageStatus ModelPackageStatusDetails=
  CertifyForMarketplace ModelApprovalStatus MetadataProperties= ModelMetrics= LastModifiedTime ApprovalDescription
  CustomerMetadataProperties{} DriftCheckBaselines= Domain Task SamplePayloadUrl
  AdditionalInferenceSpecifications[]=AdditionalInferenceSpecificationDefinition ModelCard* ModelLifeCycle*
  SecurityConfig* SourceUri SkipModelValidation ModelPackageRegistrationType
InferenceSpecification: Containers[]=ModelPackageContainerDefinition SupportedTransformInstanceTypes[]
  SupportedRealtimeInferenceInstanceTypes[] SupportedContentTypes[] SupportedResponseMIMETypes[]
ModelPackageContainerDefinition: ContainerHostname Image ImageDigest ModelDataUrl ProductId Environment{}
  ModelInput= Framework FrameworkVersion NearestModelName ModelDataSource* AdditionalS3DataSource* ModelDataETag
  BaseModel* AdditionalModelDataSources*
ModelInput: DataInputConfig
SourceAlgorithmSpecification: SourceAlgorithms[]=SourceAlgorithm
SourceAlgorithm: ModelDataUrl AlgorithmName
ModelPackageValidationSpecification: ValidationRole ValidationProfiles[]=ModelPackageValidationProfile
ModelPackageValidationProfile: ProfileName TransformJobDefinition=
TransformJobDefinition: MaxConcurrentTransforms MaxPayloadInMB BatchStrategy Environment{} TransformInput=
  TransformOutput= TransformResources=
ModelPackageStatusDetails: ValidationStatuses[]=ModelPackageStatusItem ImageScanStatuses[]=ModelPackageStatusItem
ModelPackageStatusItem: Name Status FailureReason
MetadataProperties: CommitId Repository GeneratedBy ProjectId
ModelMetrics: ModelQuality= ModelDataQuality= Bias= Explainability=
ModelQuality: Statistics=MetricsSource Constraints=MetricsSource
MetricsSource: ContentType ContentDigest S3Uri
ModelDataQuality: Statistics=MetricsSource Constraints=MetricsSource
Bias: Report=MetricsSource PreTrainingReport=MetricsSource PostTrainingReport=MetricsSource
Explainability: Report=MetricsSource
DriftCheckBaselines: Bias=DriftCheckBias Explainability=DriftCheckExplainability ModelQuality=DriftCheckModelQuality
  ModelDataQuality=DriftCheckModelDataQuality
DriftCheckBias: ConfigFile=FileSource PreTrainingConstraints=MetricsSource PostTrainingConstraints=MetricsSource
FileSource: ContentType ContentDigest S3Uri
DriftCheckExplainability: Constraints=MetricsSource ConfigFile=FileSource
DriftCheckModelQuality: Statistics=MetricsSource Constraints=MetricsSource
DriftCheckModelDataQuality: Statistics=MetricsSource Constraints=MetricsSource
AdditionalInferenceSpecificationDefinition: Name Description Containers[]=ModelPackageContainerDefinition
  SupportedTransformInstanceTypes[] SupportedRealtimeInferenceInstanceTypes[] SupportedContentTypes[]
  SupportedResponseMIMETypes[]
"""


def _read(table: str) -> Dict[str, str]:
    lines: Dict[str, str] = {}
    name = ""
    for line in table.strip().splitlines():
        if line.startswith("  "):
            lines[name] += line
        else:
            name, _, rest = line.partition(":")
            lines[name] = rest
    return lines


_LINES = _read(_TABLE)
