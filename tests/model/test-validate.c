/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-definition.h"

/* Each error and each warning of the validator: a small definition with “@” before the place that the problem must
 * point at (taken out before parsing), and what the problem must say. A case of an error must have no other error, a
 * case of a warning no error at all. */

typedef struct
{
  AtelierSeverity severity;
  const char     *text;
  const char     *pointer;
  const char     *step;    /* (nullable) */
  const char     *message; /* part of it */
  const char     *hint;    /* (nullable) part of it */
} Case;

#define ERROR   ATELIER_SEVERITY_ERROR
#define WARNING ATELIER_SEVERITY_WARNING

/* Definitions around what is tested. */
#define STEPS(steps)              "{\"Version\": \"2020-12-01\",\n \"Steps\": [" steps "]}"
#define PARAMETERS(parameters)    "{\"Parameters\": [" parameters "],\n \"Steps\": []}"
#define PARAMETER_P               "\"Parameters\": [{\"Name\": \"P\", \"DefaultValue\": \"x\"}]"
#define LAMBDA(name, rest)        "{\"Name\": \"" name "\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"" rest "}"
#define FAIL(name)                "{\"Name\": \"" name "\", \"Type\": \"Fail\", \"Arguments\": {}}"
#define LAMBDA_WITH(value)        STEPS (LAMBDA ("L", ", \"Arguments\": {\"v\": " value "}"))
#define RESOURCES                                                                                                    \
  "\"ProcessingResources\": {\"ClusterConfig\": {\"InstanceType\": \"ml.m5.large\", \"InstanceCount\": 1, "          \
  "\"VolumeSizeInGB\": 1}}"
#define OUTPUT(name)                                                                                                 \
  "{\"OutputName\": \"" name "\", \"S3Output\": {\"S3Uri\": \"s3://b/" name "\", \"S3UploadMode\": \"EndOfJob\"}}"
#define OUTPUTS(outputs)          "\"ProcessingOutputConfig\": {\"Outputs\": [" outputs "]}"
#define PROCESSING(arguments, rest)                                                                                  \
  "{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": {" RESOURCES                                           \
  ", \"AppSpecification\": {\"ImageUri\": \"i\"}" arguments "}" rest "}"
#define INPUT(s3_input)           ", \"ProcessingInputs\": [{\"InputName\": \"i\", \"S3Input\": {" s3_input "}}]"
#define IMAGE "\"AlgorithmSpecification\": {\"TrainingImage\": \"i\", \"TrainingInputMode\": \"File\"}"
#define OUTPUT_PATH               "\"OutputDataConfig\": {\"S3OutputPath\": \"s3://b/o\"}"
#define TRAINING(arguments)       "{\"Name\": \"T\", \"Type\": \"Training\", \"Arguments\": {" arguments "}}"
#define TUNING(arguments)                                                                                            \
  "{\"Name\": \"T\", \"Type\": \"Tuning\", \"Arguments\": {\"HyperParameterTuningJobConfig\": {\"Strategy\": "       \
  "\"Random\", "                                                                                                     \
  "\"ResourceLimits\": {\"MaxParallelTrainingJobs\": 1}}" arguments "}}"
#define JOB                       "{" IMAGE ", " OUTPUT_PATH "}"
#define TRANSFORM(model, uri)                                                                                        \
  "{\"Name\": \"X\", \"Type\": \"Transform\", \"Arguments\": {" model                                                \
  "\"TransformInput\": {\"DataSource\": {\"S3DataSource\": "                                                         \
  "{\"S3DataType\": \"S3Prefix\", \"S3Uri\": " uri "}}}, \"TransformOutput\": {\"S3OutputPath\": \"s3://b/o\"}, "    \
  "\"TransformResources\": {\"InstanceType\": \"local\", \"InstanceCount\": 1}}}"
#define CONDITION(conditions, rest) \
  "{\"Name\": \"C\", \"Type\": \"Condition\", \"Arguments\": {\"Conditions\": [" conditions "]" rest "}}"
#define QUALITY_CHECK(rest)                                                                                          \
  "{\"Name\": \"Q\", \"Type\": \"QualityCheck\", \"Arguments\": {" RESOURCES                                         \
  ", \"AppSpecification\": {\"ImageUri\": \"i\"}}" rest "}"
#define RETRY(policy)             STEPS (PROCESSING ("", ", \"RetryPolicies\": [" policy "]"))
#define CACHE(config)             STEPS (PROCESSING ("", ", \"CacheConfig\": " config))
#define EMR(arguments)                                                                                               \
  "{\"Name\": \"E\", \"Type\": \"EMR\", \"Arguments\": {\"StepConfig\": {\"HadoopJarStep\": {\"Jar\": "              \
  "\"j\"}}" arguments "}}"
#define NAME_64                   "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz012345678901"

static const Case cases[] = {
  /* The text and the top level */
  { ERROR, "{\"Steps\": [@}", "", NULL, "missing", NULL },
  { ERROR, "@[]", "", NULL, "is a JSON object", NULL },
  { ERROR, "@\"not JSON\"", NULL, NULL, "Not a JSON value", NULL },
  { ERROR, "@{}", "", NULL, "has no “Steps”", NULL },
  { ERROR, "{\"Steps\": @{}}", "/Steps", NULL, "must be a list", NULL },
  { ERROR, "{\"Version\": @\"2020-12-02\", \"Steps\": []}", "/Version", NULL, "no version", "2020-12-01" },
  { ERROR, "{\"Version\": @20201201, \"Steps\": []}", "/Version", NULL, "no version", "2020-12-01" },
  { ERROR, "{\"Parameters\": @{}, \"Steps\": []}", "/Parameters", NULL, "“Parameters” must be a list", NULL },
  { ERROR, "{\"PipelineExperimentConfig\": @[], \"Steps\": []}", "/PipelineExperimentConfig", NULL,
    "must be an object", NULL },
  { ERROR, "{\"PipelineExperimentConfig\": {\"TrialName\": {\"Get\": @\"Parameters.X\"}}, \"Steps\": []}",
    "/PipelineExperimentConfig/TrialName/Get", NULL, "no parameter “X”", NULL },
  { ERROR,
    "{\"PipelineExperimentConfig\": {\"TrialName\": {\"Get\": @\"Steps.L.OutputParameters['x']\"}}, \"Steps\": "
    "[" LAMBDA ("L", "") "]}",
    "/PipelineExperimentConfig/TrialName/Get", NULL, "before any step runs", NULL },
  { ERROR, STEPS ("@1"), "/Steps/0", NULL, "A step is an object", NULL },
  { WARNING, "{@\"Setps\": 1, \"Steps\": []}", "/Setps", NULL, "Unknown key “Setps” in the definition", "“Steps”" },
  { WARNING, "{\"Metadata\": {@\"a b\": \"x\"}, \"Steps\": []}", "/Metadata/a b", NULL, "Metadata", NULL },
  { WARNING, "{\"Metadata\": {\"a\": @1}, \"Steps\": []}", "/Metadata/a", NULL, "is not text", NULL },
  { WARNING, "{\"PipelineExperimentConfig\": {@\"Trial\": \"x\"}, \"Steps\": []}", "/PipelineExperimentConfig/Trial",
    NULL, "Unknown key", NULL },

  /* Parameters */
  { ERROR, PARAMETERS ("@{\"Type\": \"String\"}"), "/Parameters/0", NULL, "has no “Name”", NULL },
  { ERROR, PARAMETERS ("@\"P\""), "/Parameters/0", NULL, "A parameter is an object", NULL },
  { ERROR, PARAMETERS ("{\"Name\": @5}"), "/Parameters/0/Name", NULL, "must be text", NULL },
  { ERROR, PARAMETERS ("{\"Name\": @\"a b\"}"), "/Parameters/0/Name", NULL, "cannot be the name of a parameter",
    NULL },
  { ERROR, PARAMETERS ("{\"Name\": @\"\"}"), "/Parameters/0/Name", NULL, "cannot be the name of a parameter", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\"}, {\"Name\": @\"P\"}"), "/Parameters/1/Name", NULL,
    "already is a parameter “P”", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"Type\": @\"Int\"}"), "/Parameters/0/Type", NULL,
    "no parameter type “Int”", "String, Integer" },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"Type\": @\"integer\"}"), "/Parameters/0/Type", NULL, "no parameter type",
    "“Integer”" },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"Type\": @1}"), "/Parameters/0/Type", NULL, "must be text", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"DefaultValue\": @5}"), "/Parameters/0/DefaultValue", NULL,
    "Wrong default", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"Type\": \"Integer\", \"DefaultValue\": @1.5}"),
    "/Parameters/0/DefaultValue", NULL, "Wrong default", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"Type\": \"Float\", \"DefaultValue\": @\"x\"}"),
    "/Parameters/0/DefaultValue", NULL, "Wrong default", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"Type\": \"Boolean\", \"DefaultValue\": @\"true\"}"),
    "/Parameters/0/DefaultValue", NULL, "Wrong default", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"EnumValues\": [\"small\", \"large\"], \"DefaultValue\": @\"larg\"}"),
    "/Parameters/0/DefaultValue", NULL, "Wrong default", "“large”" },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"EnumValues\": @\"a\"}"), "/Parameters/0/EnumValues", NULL,
    "list of texts", NULL },
  { ERROR, PARAMETERS ("{\"Name\": \"P\", \"EnumValues\": [\"a\", @1]}"), "/Parameters/0/EnumValues/1", NULL,
    "list of texts", NULL },
  { WARNING, PARAMETERS ("{\"Name\": @\"a_b\"}"), "/Parameters/0/Name", NULL, "API does not take", NULL },
  { WARNING, PARAMETERS ("{\"Name\": @\"P\"}"), "/Parameters/0/Name", NULL, "Nothing reads the parameter “P”", NULL },
  { WARNING, PARAMETERS ("{\"Name\": \"P\", @\"Default\": 1}"), "/Parameters/0/Default", NULL,
    "Unknown key “Default”", NULL },
  { WARNING, PARAMETERS ("{\"Name\": \"P\", \"Type\": \"Integer\", @\"EnumValues\": [\"1\"]}"),
    "/Parameters/0/EnumValues", NULL, "Only a String", NULL },

  /* Name and type of a step */
  { ERROR, STEPS ("@{\"Type\": \"Lambda\", \"FunctionArn\": \"f\"}"), "/Steps/0", NULL, "has no “Name”", NULL },
  { ERROR, STEPS ("{\"Name\": @1, \"Type\": \"Lambda\", \"FunctionArn\": \"f\"}"), "/Steps/0/Name", NULL,
    "must be text", NULL },
  { ERROR, STEPS ("{\"Name\": @\"\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"}"), "/Steps/0/Name", NULL,
    "cannot be the name of a step", NULL },
  { ERROR, STEPS ("{\"Name\": @\"a.b\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"}"), "/Steps/0/Name", "a.b",
    "cannot be the name", "1 to 64" },
  { ERROR, STEPS ("{\"Name\": @\"" NAME_64 "x\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"}"), "/Steps/0/Name",
    NAME_64 "x", "cannot be", NULL },
  { ERROR, STEPS (LAMBDA ("A", "") ",\n {\"Name\": @\"A\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"}"),
    "/Steps/1/Name", "A", "in line 2, is already called “A”", NULL },
  { ERROR,
    STEPS (LAMBDA ("A", "") ", " CONDITION (
        "",
        ", \"ElseSteps\": [{\"Name\": @\"A\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"}]")),
    "/Steps/1/Arguments/ElseSteps/0/Name", "A", "already called", NULL },
  { ERROR, STEPS ("@{\"Name\": \"A\"}"), "/Steps/0", "A", "has no “Type”", NULL },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": @[]}"), "/Steps/0/Type", "A", "must be text", NULL },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": @\"Pass\"}"), "/Steps/0/Type", "A", "no step type “Pass”",
    "Processing, Training" },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": @\"Trainning\"}"), "/Steps/0/Type", "A", "no step type “Trainning”",
    "did you mean “Training”?" },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": @\"ProcessingStep\"}"), "/Steps/0/Type", "A", "no step type",
    "did you mean “Processing”?" },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": @\"NotebookJob\"}"), "/Steps/0/Type", "A", "no step type",
    "“Training”" },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": @\"CreateModel\"}"), "/Steps/0/Type", "A", "no step type", "“Model”" },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": @\"training\", \"Arguments\": {}}"), "/Steps/0/Type", "A",
    "no step type", "“Training”" },
  { WARNING, STEPS ("{\"Name\": \"A\", \"Type\": @\"BedrockModelImport\", \"Arguments\": {}}"), "/Steps/0/Type", "A",
    "cannot run on this machine", NULL },

  /* Keys of a step */
  { ERROR, STEPS ("@{\"Name\": \"A\", \"Type\": \"Processing\"}"), "/Steps/0", "A", "no “Arguments”", NULL },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\", \"Arguments\": @[]}"),
    "/Steps/0/Arguments", "A", "“Arguments” must be an object", NULL },
  { ERROR, STEPS (LAMBDA ("A", ", \"DependsOn\": @\"B\"")), "/Steps/0/DependsOn", "A", "“DependsOn” must be a list",
    NULL },
  { ERROR, STEPS (LAMBDA ("A", ", \"DependsOn\": [@{\"Get\": \"Execution.PipelineName\"}]")), "/Steps/0/DependsOn/0",
    "A", "list of names of steps", NULL },
  { ERROR, STEPS (LAMBDA ("A", ", \"DisplayName\": @{\"Get\": \"Execution.PipelineName\"}")), "/Steps/0/DisplayName",
    "A", "no expression", NULL },
  { WARNING, STEPS (LAMBDA ("A", ", @\"DependOn\": []")), "/Steps/0/DependOn", "A",
    "Unknown key “DependOn” in the step", "“DependsOn”" },
  { WARNING, STEPS (LAMBDA ("A", ", @\"PropertyFiles\": []")), "/Steps/0/PropertyFiles", "A", "Only Processing steps",
    NULL },
  { WARNING, STEPS ("{\"Name\": \"T\", \"Type\": \"Training\", \"Arguments\": @{}}"), "/Steps/0/Arguments", "T",
    "nothing to run", NULL },

  /* What the types need */
  { ERROR, STEPS ("@{\"Name\": \"A\", \"Type\": \"Lambda\"}"), "/Steps/0", "A",
    "“FunctionArn” is missing in the step", NULL },
  { ERROR, STEPS ("@{\"Name\": \"A\", \"Type\": \"Lambda\", \"FunctionArn\": null}"), "/Steps/0", "A",
    "“FunctionArn” is missing", NULL },
  { ERROR, STEPS ("@{\"Name\": \"A\", \"Type\": \"Callback\"}"), "/Steps/0", "A", "“SqsQueueUrl” is missing", NULL },
  { ERROR, STEPS ("@" QUALITY_CHECK ("")), "/Steps/0", "Q", "“CheckType” is missing", NULL },
  { ERROR, STEPS (QUALITY_CHECK (", \"CheckType\": @\"DATA_QALITY\"")), "/Steps/0/CheckType", "Q",
    "cannot be “DATA_QALITY”", "“DATA_QUALITY”" },
  { ERROR, STEPS (QUALITY_CHECK (", \"CheckType\": \"DATA_QUALITY\", \"SkipCheck\": @\"perhaps\"")),
    "/Steps/0/SkipCheck", "Q", "true or false", NULL },
  { ERROR, STEPS ("{\"Name\": \"C\", \"Type\": \"Condition\", \"Arguments\": @{}}"), "/Steps/0/Arguments", "C",
    "“Conditions” is missing", NULL },
  { ERROR, STEPS ("{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": @{" RESOURCES "}}"),
    "/Steps/0/Arguments", "P", "“AppSpecification” is missing", NULL },
  { ERROR,
    STEPS ("{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": {" RESOURCES ", \"AppSpecification\": @{}}}"),
    "/Steps/0/Arguments/AppSpecification", "P", "“ImageUri” is missing in “AppSpecification”", NULL },
  { ERROR,
    STEPS ("{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": {" RESOURCES
           ", \"AppSpecification\": {\"ImageUri\": @[]}}}"),
    "/Steps/0/Arguments/AppSpecification/ImageUri", "P", "“ImageUri” must be text or an expression", NULL },
  { ERROR, STEPS (PROCESSING (INPUT ("\"S3Uri\": @{\"a\": 1}, \"S3DataType\": \"S3Prefix\""), "")),
    "/Steps/0/Arguments/ProcessingInputs/0/S3Input/S3Uri", "P", "“S3Uri” must be text", NULL },
  { ERROR, STEPS (PROCESSING (", \"ProcessingInputs\": [@1]", "")), "/Steps/0/Arguments/ProcessingInputs/0", "P",
    "“ProcessingInputs[0]” must be an object", NULL },
  { ERROR, STEPS (TRAINING (OUTPUT_PATH ", \"AlgorithmSpecification\": @{\"TrainingInputMode\": \"File\"}")),
    "/Steps/0/Arguments/AlgorithmSpecification", "T", "“TrainingImage” is missing", "AlgorithmName" },
  { ERROR, STEPS ("{\"Name\": \"T\", \"Type\": \"Training\", \"Arguments\": @{" OUTPUT_PATH "}}"),
    "/Steps/0/Arguments", "T", "“TrainingImage” is missing", NULL },
  { ERROR, STEPS (TRAINING (IMAGE ", \"OutputDataConfig\": @{}")), "/Steps/0/Arguments/OutputDataConfig", "T",
    "“S3OutputPath” is missing", NULL },
  { ERROR, STEPS (TRAINING (IMAGE ", " OUTPUT_PATH ", \"ResourceConfig\": {\"InstanceCount\": @\"many\"}")),
    "/Steps/0/Arguments/ResourceConfig/InstanceCount", "T", "“InstanceCount” must be a whole number", NULL },
  { ERROR, STEPS ("{\"Name\": \"T\", \"Type\": \"Tuning\", \"Arguments\": @{\"TrainingJobDefinition\": " JOB "}}"),
    "/Steps/0/Arguments", "T", "HyperParameterTuningJobConfig", NULL },
  { ERROR, STEPS ("{\"Name\": \"T\", \"Type\": \"Tuning\", \"Arguments\": @{\"HyperParameterTuningJobConfig\": {}}}"),
    "/Steps/0/Arguments", "T", "“TrainingJobDefinition” is missing", NULL },
  { ERROR, STEPS (TUNING (", \"TrainingJobDefinition\": " JOB ", \"TrainingJobDefinitions\": @[" JOB "]")),
    "/Steps/0/Arguments/TrainingJobDefinitions", "T", "either “TrainingJobDefinition” or", NULL },
  { ERROR, STEPS (TUNING (", \"TrainingJobDefinition\": {\"AlgorithmSpecification\": @{}, " OUTPUT_PATH "}")),
    "/Steps/0/Arguments/TrainingJobDefinition/AlgorithmSpecification", "T", "“TrainingImage” is missing", NULL },
  { ERROR, STEPS (TUNING (", \"TrainingJobDefinitions\": [{" IMAGE ", \"OutputDataConfig\": @{}}]")),
    "/Steps/0/Arguments/TrainingJobDefinitions/0/OutputDataConfig", "T", "“S3OutputPath” is missing", NULL },
  { ERROR,
    STEPS (TUNING (", \"TrainingJobDefinition\": {" IMAGE ", " OUTPUT_PATH
                   ", \"HyperParameterRanges\": {\"IntegerParameterRanges\": "
                   "[{\"Name\": \"a\", \"MinValue\": @\"low\", \"MaxValue\": \"2\"}]}}")),
    "/Steps/0/Arguments/TrainingJobDefinition/HyperParameterRanges/IntegerParameterRanges/0/MinValue", "T",
    "number written as text", NULL },
  { ERROR,
    STEPS ("{\"Name\": \"X\", \"Type\": \"Transform\", \"Arguments\": @{\"TransformInput\": {\"DataSource\": "
           "{\"S3DataSource\": {\"S3Uri\": \"s3://b/i\"}}}, "
           "\"TransformOutput\": {\"S3OutputPath\": \"s3://b/o\"}}}"),
    "/Steps/0/Arguments", "X", "“ModelName” is missing", NULL },
  { ERROR, STEPS (EMR (", \"ClusterId\": \"j-1\", \"ClusterConfig\": @{}")), "/Steps/0/Arguments/ClusterConfig", "E",
    "either “ClusterId” or", NULL },
  { ERROR,
    STEPS ("{\"Name\": \"E\", \"Type\": \"EMR\", \"Arguments\": @{\"StepConfig\": {\"HadoopJarStep\": {\"Jar\": "
           "\"j\"}}}}"),
    "/Steps/0/Arguments", "E", "is missing", NULL },
  { ERROR, STEPS ("{\"Name\": \"E\", \"Type\": \"Endpoint\", \"Arguments\": @{}}"), "/Steps/0/Arguments", "E",
    "“EndpointConfigName” is missing", NULL },
  { ERROR, STEPS ("{\"Name\": \"A\", \"Type\": \"AutoML\", \"Arguments\": @{\"InputDataConfig\": []}}"),
    "/Steps/0/Arguments", "A", "“OutputDataConfig” is missing", NULL },
  { ERROR,
    STEPS ("{\"Name\": \"M\", \"Type\": \"RegisterModel\", \"Arguments\": {\"ModelPackageGroupName\": \"g\", "
           "\"ModelApprovalStatus\": @\"Aproved\"}}"),
    "/Steps/0/Arguments/ModelApprovalStatus", "M", "cannot be “Aproved”", "“Approved”" },
  { ERROR, STEPS (LAMBDA ("L", ", \"OutputParameters\": [{\"OutputName\": \"o\", \"OutputType\": @\"Text\"}]")),
    "/Steps/0/OutputParameters/0/OutputType", "L", "cannot be “Text”", "String, Integer, Boolean, Float" },
  { ERROR, STEPS (LAMBDA ("L", ", \"OutputParameters\": [@{\"OutputType\": \"String\"}]")),
    "/Steps/0/OutputParameters/0", "L", "“OutputName” is missing in “OutputParameters[0]”", NULL },
  { WARNING, STEPS (PROCESSING (INPUT ("\"S3Uri\": \"s3://b/k\", \"S3DataType\": @\"S3Prefixx\""), "")),
    "/Steps/0/Arguments/ProcessingInputs/0/S3Input/S3DataType", "P", "not known here", "“S3Prefix”" },
  { WARNING, STEPS (PROCESSING (", @\"Enviroment\": {}", "")), "/Steps/0/Arguments/Enviroment", "P",
    "Unknown key “Enviroment” in “Arguments”", "“Environment”" },
  { WARNING,
    STEPS (
        "{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": @{\"AppSpecification\": {\"ImageUri\": \"i\"}}}"),
    "/Steps/0/Arguments", "P", "“ProcessingResources” is missing in “Arguments”; the service asks for it", NULL },
  { WARNING, STEPS (PROCESSING (", \"ProcessingInputs\": [{\"InputName\": \"a\"}, {\"InputName\": @\"a\"}]", "")),
    "/Steps/0/Arguments/ProcessingInputs/1/InputName", "P", "stands twice", NULL },
  { WARNING, STEPS (TRAINING (IMAGE ", " OUTPUT_PATH ", \"TrainingJobName\": @\"my_job\"")),
    "/Steps/0/Arguments/TrainingJobName", "T", "does not take “my_job”", "dashes" },
  { WARNING, STEPS (TRAINING (IMAGE ", " OUTPUT_PATH ", \"ServerlessJobConfig\": @{}")),
    "/Steps/0/Arguments/ServerlessJobConfig", "T", "cannot run on this machine", NULL },
  { WARNING,
    STEPS (TRAINING (IMAGE ", " OUTPUT_PATH ", \"InputDataConfig\": @{\"Get\": \"Execution.PipelineName\"}")),
    "/Steps/0/Arguments/InputDataConfig", "T", "single value", NULL },
  { WARNING,
    STEPS (
        TRAINING (IMAGE ", " OUTPUT_PATH ", \"InputDataConfig\": [{\"ChannelName\": @\"a/b\", \"DataSource\": {}}]")),
    "/Steps/0/Arguments/InputDataConfig/0/ChannelName", "T", "cannot be the name of a channel", NULL },
  { WARNING,
    STEPS (TUNING (", \"TrainingJobDefinition\": {" IMAGE ", " OUTPUT_PATH
                   ", \"HyperParameterRanges\": {\"ContinuousParameterRanges\": "
                   "[{\"Name\": \"a\", \"MinValue\": @0.5, \"MaxValue\": \"2\"}]}}")),
    "/Steps/0/Arguments/TrainingJobDefinition/HyperParameterRanges/ContinuousParameterRanges/0/MinValue", "T",
    "number written as text", NULL },
  { WARNING, STEPS (EMR (", \"ClusterConfig\": {@\"Steps\": []}")), "/Steps/0/Arguments/ClusterConfig/Steps", "E",
    "does not take “Steps”", NULL },
  { WARNING, STEPS ("{\"Name\": \"M\", \"Type\": \"Model\", \"Arguments\": @{}}"), "/Steps/0/Arguments", "M",
    "neither “PrimaryContainer” nor", NULL },
  { WARNING, STEPS ("{\"Name\": \"M\", \"Type\": \"RegisterModel\", \"Arguments\": @{}}"), "/Steps/0/Arguments", "M",
    "“ModelPackageGroupName” is missing", NULL },
  { WARNING, STEPS ("{\"Name\": \"N\", \"Type\": \"Lineage\", \"Arguments\": @{}}"), "/Steps/0/Arguments", "N",
    "records nothing", NULL },
  { WARNING, STEPS ("{\"Name\": \"S\", \"Type\": \"EMRServerless\", \"Arguments\": @{}}"), "/Steps/0/Arguments", "S",
    "“JobConfig” is missing", NULL },
  { WARNING,
    STEPS ("{\"Name\": \"Y\", \"Type\": \"ClarifyCheck\", \"CheckType\": @\"MODEL_EXPLAINABILITY\", \"Arguments\": "
           "{\"AppSpecification\": {\"ImageUri\": \"i\"}}}"),
    "/Steps/0/CheckType", "Y", "Explainability", NULL },
  { WARNING, LAMBDA_WITH ("@[1]"), "/Steps/0/Arguments/v", "L", "only texts, numbers and booleans", NULL },
  { WARNING, STEPS (QUALITY_CHECK (", \"CheckType\": \"DATA_QUALITY\", \"SkipCheck\": @\"true\"")),
    "/Steps/0/SkipCheck", "Q", "not text", NULL },

  /* Policies */
  { ERROR, CACHE ("{\"Enabled\": true, \"ExpireAfter\": @\"soon\"}"), "/Steps/0/CacheConfig/ExpireAfter", "P",
    "“soon” is not a duration", NULL },
  { ERROR, CACHE ("{\"Enabled\": true, \"ExpireAfter\": @\"30\"}"), "/Steps/0/CacheConfig/ExpireAfter", "P",
    "duration", NULL },
  { ERROR, CACHE ("{\"Enabled\": @\"yes\"}"), "/Steps/0/CacheConfig/Enabled", "P", "true or false", NULL },
  { ERROR, CACHE ("@[]"), "/Steps/0/CacheConfig", "P", "must be an object", NULL },
  { WARNING, CACHE ("@{\"Enabled\": true}"), "/Steps/0/CacheConfig", "P", "“ExpireAfter” is missing",
    "never expire" },
  { WARNING,
    STEPS ("{\"Name\": \"M\", \"Type\": \"Model\", \"Arguments\": {\"PrimaryContainer\": {}}, @\"CacheConfig\": "
           "{\"Enabled\": false}}"),
    "/Steps/0/CacheConfig", "M", "Model steps have no cache", NULL },
  { ERROR, RETRY ("@{\"ExceptionType\": [\"Step.THROTTLING\"], \"MaxAttempts\": 2, \"ExpireAfterMin\": 5}"),
    "/Steps/0/RetryPolicies/0", "P", "either “MaxAttempts” or", NULL },
  { ERROR, RETRY ("@{\"MaxAttempts\": 2}"), "/Steps/0/RetryPolicies/0", "P", "“ExceptionType” is missing", NULL },
  { ERROR, RETRY ("{\"ExceptionType\": @{\"a\": 1}}"), "/Steps/0/RetryPolicies/0/ExceptionType", "P",
    "list of texts", NULL },
  { ERROR, RETRY ("{\"ExceptionType\": [@5]}"), "/Steps/0/RetryPolicies/0/ExceptionType/0", "P", "list of texts",
    NULL },
  { ERROR, RETRY ("{\"ExceptionType\": [\"Step.THROTTLING\"], \"MaxAttempts\": @21}"),
    "/Steps/0/RetryPolicies/0/MaxAttempts", "P", "between 0 and 20", NULL },
  { ERROR, RETRY ("{\"ExceptionType\": [\"Step.THROTTLING\"], \"BackoffRate\": @-1}"),
    "/Steps/0/RetryPolicies/0/BackoffRate", "P", "must not be negative", NULL },
  { ERROR, RETRY ("{\"ExceptionType\": [\"Step.THROTTLING\"], \"IntervalSeconds\": @50000}"),
    "/Steps/0/RetryPolicies/0/IntervalSeconds", "P", "between 0 and 43200", NULL },
  { ERROR, RETRY ("@7"), "/Steps/0/RetryPolicies/0", "P", "must be an object", NULL },
  { WARNING, RETRY ("{\"ExceptionType\": [@\"Step.THROTLING\"]}"), "/Steps/0/RetryPolicies/0/ExceptionType/0", "P",
    "no exception type", "“Step.THROTTLING”" },
  { WARNING, STEPS (LAMBDA ("L", ", @\"RetryPolicies\": [{\"ExceptionType\": [\"Step.THROTTLING\"]}]")),
    "/Steps/0/RetryPolicies", "L", "Lambda steps are not retried", NULL },
  { WARNING,
    STEPS ("{\"Name\": \"M\", \"Type\": \"Model\", \"Arguments\": {\"PrimaryContainer\": {}}, \"RetryPolicies\": "
           "[{\"ExceptionType\": @\"SageMaker.CAPACITY_ERROR\"}]}"),
    "/Steps/0/RetryPolicies/0/ExceptionType", "M", "Model steps are not retried for", NULL },

  /* Expressions and what they name */
  { ERROR, LAMBDA_WITH ("{\"Get\": @\"Parameters\"}"), "/Steps/0/Arguments/v/Get", "L", "cannot be read", NULL },
  { ERROR, LAMBDA_WITH ("{\"Get\": @5}"), "/Steps/0/Arguments/v/Get", "L", "Get", NULL },
  { ERROR, LAMBDA_WITH ("@{\"Std:Concat\": []}"), "/Steps/0/Arguments/v", "L", "Std:Concat", NULL },
  { ERROR, LAMBDA_WITH ("@{\"Std:Join\": {\"On\": \"/\"}}"), "/Steps/0/Arguments/v", "L", "Values", NULL },
  { ERROR, LAMBDA_WITH ("@{\"Std:JsonGet\": {\"Path\": \"a\"}}"), "/Steps/0/Arguments/v", "L",
    "PropertyFile or S3Uri", NULL },
  { ERROR, LAMBDA_WITH ("@{\"Std:Join\": {\"On\": \"/\", \"Values\": []}, \"Get\": 1}"), "/Steps/0/Arguments/v", "L",
    "no other keys", NULL },
  { ERROR, LAMBDA_WITH ("{\"Get\": @\"Execution.PipelineNames\"}"), "/Steps/0/Arguments/v/Get", "L", "does not exist",
    NULL },
  { ERROR,
    "{" PARAMETER_P ", \"Steps\": [" LAMBDA (
        "L",
        ", \"Arguments\": {\"v\": {\"Get\": \"Parameters.P\"}, \"w\": {\"Get\": @\"Parameters.p\"}}") "]}",
    "/Steps/0/Arguments/w/Get", "L", "no parameter “p”", "did you mean “P”?" },
  { ERROR,
    "{" PARAMETER_P ", \"Steps\": [" LAMBDA ("L",
                                             ", \"Arguments\": {\"v\": {\"Get\": \"Parameters.P\"}, \"w\": "
                                             "{\"Std:Join\": {\"Values\": [{\"Get\": @\"Parameters.Q\"}]}}}") "]}",
    "/Steps/0/Arguments/w/Std:Join/Values/0/Get", "L", "no parameter “Q”", NULL },
  { ERROR,
    STEPS (
        LAMBDA ("First",
                "") ", " LAMBDA ("L", ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.Frist.OutputParameters['x']\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "no step “Frist”", "did you mean “First”?" },
  { ERROR,
    STEPS (
        LAMBDA ("K", "") ", " LAMBDA ("L", ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.K.OutputParameters['x\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "closing quote", NULL },
  { ERROR, STEPS (LAMBDA ("First", "") ", " LAMBDA ("L", ", \"DependsOn\": [@\"Fist\"]")), "/Steps/1/DependsOn/0",
    "L", "no step “Fist”", "“First”" },
  { ERROR, STEPS (FAIL ("F") ", " LAMBDA ("L", ", \"DependsOn\": [@\"F\"]")), "/Steps/1/DependsOn/0", "L",
    "is a Fail step", NULL },
  { ERROR, STEPS (FAIL ("F") ", " LAMBDA ("L", ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.F.ErrorMessage\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "is a Fail step", NULL },
  { ERROR,
    STEPS (PROCESSING (", " OUTPUTS (OUTPUT ("train") ", " OUTPUT ("test")), "") ", " LAMBDA (
        "L",
        ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.P.ProcessingOutputConfig.Outputs['trian'].S3Output.S3Uri\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "has no item “trian”", "“train”" },
  { ERROR,
    STEPS (PROCESSING (", " OUTPUTS (OUTPUT ("train")), "") ", " LAMBDA (
        "L",
        ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.P.ProcessingOutputConfig.Outputs[1].S3Output.S3Uri\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "has no item 1", NULL },
  { ERROR,
    STEPS (TRAINING (IMAGE ", " OUTPUT_PATH) ", "
           LAMBDA ("L", ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.T.ProcessingOutputConfig.Outputs['x']\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "has no item “x”", NULL },
  { ERROR,
    STEPS (PROCESSING ("", "") ", " LAMBDA (
        "L",
        ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.P.ProcessingOutputConfig.Outputs['x'].S3Output.S3Uri\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "has no item “x”", NULL },
  { ERROR,
    STEPS (PROCESSING (
        ", " OUTPUTS (OUTPUT ("o")),
        ", \"PropertyFiles\": [{\"PropertyFileName\": \"Report\", \"OutputName\": @\"oo\", \"FilePath\": \"f\"}]")),
    "/Steps/0/PropertyFiles/0/OutputName", "P", "no output “oo”", "“o”" },
  { ERROR,
    STEPS (PROCESSING (", " OUTPUTS (OUTPUT ("o")),
                       ", \"PropertyFiles\": [@{\"PropertyFileName\": \"Report\", \"OutputName\": \"o\"}]")),
    "/Steps/0/PropertyFiles/0", "P", "“FilePath” is missing", NULL },
  { ERROR,
    STEPS (
        PROCESSING (", " OUTPUTS (OUTPUT ("o")),
                    ", \"PropertyFiles\": [{\"PropertyFileName\": \"Report\", \"OutputName\": \"o\", \"FilePath\": "
                    "\"f\"}]") ", " LAMBDA ("L",
                                            ", \"Arguments\": {\"v\": {\"Std:JsonGet\": {\"PropertyFile\": {\"Get\": "
                                            "@\"Steps.P.PropertyFiles.Reprot\"}, \"Path\": \"a\"}}}")),
    "/Steps/1/Arguments/v/Std:JsonGet/PropertyFile/Get", "L", "declares no property file “Reprot”", "“Report”" },
  { ERROR,
    STEPS (LAMBDA ("K", "") ", " LAMBDA ("L",
                                         ", \"Arguments\": {\"v\": {\"Std:JsonGet\": {\"PropertyFile\": {\"Get\": "
                                         "@\"Steps.K.PropertyFiles.R\"}, \"Path\": \"a\"}}}")),
    "/Steps/1/Arguments/v/Std:JsonGet/PropertyFile/Get", "L", "only Processing steps", NULL },
  { ERROR,
    STEPS (PROCESSING (", " OUTPUTS (OUTPUT ("o")),
                       ", \"PropertyFiles\": [{\"PropertyFileName\": \"R\", \"OutputName\": \"o\", \"FilePath\": "
                       "\"f\"}]") ", " LAMBDA ("L",
                                               ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.P.PropertyFiles.R\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "Std:JsonGet", NULL },
  { WARNING, STEPS (LAMBDA ("K", "") ", " LAMBDA ("L", ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.K\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "has no value", NULL },
  { WARNING,
    STEPS (TRAINING (IMAGE ", " OUTPUT_PATH) ", " LAMBDA (
        "L",
        ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.T.ModelArtifact.S3ModelArtifacts\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "no property “ModelArtifact”", "“ModelArtifacts”" },
  { WARNING,
    STEPS (LAMBDA (
        "K",
        ", \"OutputParameters\": [{\"OutputName\": \"count\", \"OutputType\": \"Integer\"}]") ", " LAMBDA ("L",
                                                                                                           ", "
                                                                                                           "\"Argumen"
                                                                                                           "ts\": "
                                                                                                           "{\"v\": "
                                                                                                           "{\"Get\":"
                                                                                                           " @"
                                                                                                           "\"Steps."
                                                                                                           "K."
                                                                                                           "OutputPar"
                                                                                                           "ameters['"
                                                                                                           "cuont']"
                                                                                                           "\"}}")),
    "/Steps/1/Arguments/v/Get", "L", "no item “cuont”", "“count”" },
  { WARNING, LAMBDA_WITH ("@{\"Std:JsonGet\": {\"S3Uri\": \"s3://b/r.json\", \"Path\": \"Result\"}}"),
    "/Steps/0/Arguments/v", "L", "wait until this object", "DependsOn" },
  { WARNING, LAMBDA_WITH ("{\"Get\": @\"PipelineExperimentConfig.TrialName\"}"), "/Steps/0/Arguments/v/Get", "L",
    "no “PipelineExperimentConfig”", NULL },

  /* Cycles */
  { ERROR, STEPS (LAMBDA ("A", ", \"DependsOn\": [@\"A\"]")), "/Steps/0/DependsOn/0", "A", "A → A", NULL },
  { ERROR,
    STEPS (LAMBDA ("A", ", \"DependsOn\": [@\"C\"]") ", " LAMBDA ("B", ", \"DependsOn\": [\"A\"]") ", " LAMBDA (
        "C",
        ", \"DependsOn\": [\"B\"]")),
    "/Steps/0/DependsOn/0", "A", "A → B → C → A", NULL },
  { ERROR,
    STEPS (LAMBDA ("A", ", \"Arguments\": {\"v\": {\"Get\": @\"Steps.B.OutputParameters['x']\"}}") ", " LAMBDA (
        "B",
        ", \"DependsOn\": [\"A\"]")),
    "/Steps/0/Arguments/v/Get", "A", "A → B → A", NULL },
  { ERROR,
    STEPS (CONDITION (
        "{\"Type\": \"Equals\", \"LeftValue\": {\"Get\": @\"Steps.I.OutputParameters['x']\"}, \"RightValue\": 1}",
        ", \"IfSteps\": [" LAMBDA ("I", "") "]")),
    "/Steps/0/Arguments/Conditions/0/LeftValue/Get", "C", "C → I → C", NULL },

  /* Conditions */
  { ERROR, STEPS (CONDITION ("@1", "")), "/Steps/0/Arguments/Conditions/0", "C", "A condition is an object", NULL },
  { ERROR, STEPS (CONDITION ("@{\"LeftValue\": 1}", "")), "/Steps/0/Arguments/Conditions/0", "C", "needs a “Type”",
    NULL },
  { ERROR, STEPS (CONDITION ("{\"Type\": @\"Equal\"}", "")), "/Steps/0/Arguments/Conditions/0/Type", "C",
    "no condition of the type “Equal”", "“Equals”" },
  { ERROR, STEPS (CONDITION ("{\"Type\": @\"And\"}", "")), "/Steps/0/Arguments/Conditions/0/Type", "C", "“And”",
    "must all hold" },
  { ERROR, STEPS (CONDITION ("@{\"Type\": \"Equals\", \"LeftValue\": 1}", "")), "/Steps/0/Arguments/Conditions/0",
    "C", "“RightValue” is missing", NULL },
  { ERROR, STEPS (CONDITION ("@{\"Type\": \"In\", \"QueryValue\": 1}", "")), "/Steps/0/Arguments/Conditions/0", "C",
    "“Values” is missing", NULL },
  { ERROR, STEPS (CONDITION ("{\"Type\": \"In\", \"QueryValue\": 1, \"Values\": @2}", "")),
    "/Steps/0/Arguments/Conditions/0/Values", "C", "must be a list", NULL },
  { ERROR, STEPS (CONDITION ("@{\"Type\": \"Not\"}", "")), "/Steps/0/Arguments/Conditions/0", "C",
    "“Condition” is missing", NULL },
  { ERROR,
    STEPS (CONDITION ("{\"Type\": \"Not\", \"Expression\": {\"Type\": \"Or\", \"Conditions\": [@{\"Type\": "
                      "\"LessThan\", \"RightValue\": 1}]}}",
                      "")),
    "/Steps/0/Arguments/Conditions/0/Expression/Conditions/0", "C", "“LeftValue” is missing", NULL },
  { ERROR, STEPS (CONDITION ("{\"Type\": \"Equals\", \"LeftValue\": @null, \"RightValue\": 1}", "")),
    "/Steps/0/Arguments/Conditions/0/LeftValue", "C", "must be a text", NULL },
  { ERROR, STEPS (CONDITION ("", ", \"IfSteps\": [@\"A\"]")), "/Steps/0/Arguments/IfSteps/0", "C",
    "A step is an object", NULL },
  { ERROR, STEPS (CONDITION ("", ", \"IfSteps\": @{}")), "/Steps/0/Arguments/IfSteps", "C",
    "“IfSteps” must be a list", NULL },
  { WARNING, STEPS (CONDITION ("{\"Type\": \"LessThan\", \"LeftValue\": @true, \"RightValue\": 1}", "")),
    "/Steps/0/Arguments/Conditions/0/LeftValue", "C", "only be compared for equality", NULL },
  { WARNING, STEPS (CONDITION ("{\"Type\": \"Or\", \"Conditions\": [], @\"Values\": []}", "")),
    "/Steps/0/Arguments/Conditions/0/Values", "C", "Unknown key “Values”", NULL },

  /* Data */
  { WARNING, STEPS (TRAINING (IMAGE ", " OUTPUT_PATH ", \"HyperParameters\": {\"depth\": @5}")),
    "/Steps/0/Arguments/HyperParameters/depth", "T", "“depth” is not text", NULL },
  { WARNING, STEPS (PROCESSING (", \"Environment\": {\"A\": @true}", "")), "/Steps/0/Arguments/Environment/A", "P",
    "“A” is not text", NULL },
  { WARNING, STEPS (PROCESSING (", \"Environment\": {@\"1A\": \"x\"}", "")), "/Steps/0/Arguments/Environment/1A", "P",
    "no name of an environment variable", NULL },
  { WARNING, STEPS (PROCESSING (", \"Environment\": {\"DB_PASSWORD\": @\"hunter2\"}", "")),
    "/Steps/0/Arguments/Environment/DB_PASSWORD", "P", "looks like a secret", NULL },
  { WARNING, STEPS (PROCESSING (", \"Environment\": {\"KEY\": @\"AKIAIOSFODNN7EXAMPLE\"}", "")),
    "/Steps/0/Arguments/Environment/KEY", "P", "looks like a secret", NULL },
  { WARNING, STEPS (PROCESSING (INPUT ("\"S3Uri\": @\"s3://b/data/in.csv\", \"S3DataType\": \"S3Prefix\""), "")),
    "/Steps/0/Arguments/ProcessingInputs/0/S3Input/S3Uri", "P", "No step makes “s3://b/data/in.csv”", NULL },
  { WARNING, STEPS (PROCESSING (INPUT ("\"S3Uri\": @\"data.csv\", \"S3DataType\": \"S3Prefix\""), "")),
    "/Steps/0/Arguments/ProcessingInputs/0/S3Input/S3Uri", "P", "no S3 URI", "s3://BUCKET/KEY" },
  { WARNING,
    STEPS (PROCESSING (INPUT ("\"S3Uri\": @{\"Std:Join\": {\"On\": \"/\", \"Values\": [\"s3:/\", \"b\", {\"Get\": "
                              "\"Execution.PipelineName\"}]}}, \"S3DataType\": \"S3Prefix\""),
                       "")),
    "/Steps/0/Arguments/ProcessingInputs/0/S3Input/S3Uri", "P", "No step makes what is read here", NULL },
  { WARNING, LAMBDA_WITH ("@\"s3://${bucket}/x\""), "/Steps/0/Arguments/v", "L",
    "Nothing fills in “s3://${bucket}/x”", "Std:Join" },
  { WARNING, LAMBDA_WITH ("@\"{{ cookiecutter.name }}\""), "/Steps/0/Arguments/v", "L", "Nothing fills in", NULL },
  { WARNING, STEPS (TRANSFORM ("\"ModelName\": @\"mine\", ", "{\"Get\": \"Execution.PipelineName\"}")),
    "/Steps/0/Arguments/ModelName", "X", "No Model step makes this model", NULL },
};

/* Things that look odd and are right: not a word about them. */
static const char *const silent[] = {
  "{\"Steps\": []}",
  "{\"Version\": \"2020-12-01\", \"Metadata\": {}, \"Parameters\": [], \"PipelineExperimentConfig\": null, "
  "\"MlflowConfig\": null, \"Steps\": []}",
  "{" PARAMETER_P
  ", \"Steps\": [" LAMBDA ("L", ", \"Arguments\": {\"v\": {\"Get\": \"Parameters.P\"}}, \"DependsOn\": []") "]}",
  "{\"Parameters\": [{\"Name\": \"F\", \"Type\": \"Float\", \"DefaultValue\": 6}, {\"Name\": \"E\", "
  "\"DefaultValue\": \"\", \"EnumValues\": [\"\", \"a\"]}, "
  "{\"Name\": \"N\", \"Type\": \"Integer\", \"DefaultValue\": null}], \"Steps\": [" LAMBDA (
      "L",
      ", \"Arguments\": {\"f\": {\"Get\": \"Parameters.F\"}, \"e\": {\"Get\": \"Parameters.E\"}, \"n\": {\"Get\": "
      "\"Parameters.N\"}}") "]}",
  STEPS ("{\"Name\": \"" NAME_64 "\", \"Type\": \"Callback\", \"SqsQueueUrl\": \"q\", \"Arguments\": {}}"),
  /* read before it stands in the file; a Join that is written the same way twice; a folder around an output */
  STEPS (
      PROCESSING (INPUT ("\"S3Uri\": {\"Std:Join\": {\"On\": \"/\", \"Values\": [\"s3:/\", \"b\", {\"Get\": "
                         "\"Execution.PipelineExecutionId\"}, \"o/x\"]}}, \"S3DataType\": \"S3Prefix\""),
                  ", \"DependsOn\": [\"W\"]") ", "
                                              "{\"Name\": \"W\", \"Type\": \"Processing\", \"Arguments\": {" RESOURCES
                                              ", \"AppSpecification\": {\"ImageUri\": \"i\"}, "
                                              "\"ProcessingOutputConfig\": {\"Outputs\": [{\"OutputName\": \"o\", "
                                              "\"S3Output\": {\"S3UploadMode\": \"EndOfJob\", \"S3Uri\": "
                                              "{\"Std:Join\": {\"On\": \"\", \"Values\": [\"s3://b/\", {\"Get\": "
                                              "\"Execution.PipelineExecutionId\"}, \"//o/\"]}}}}]}}}"),
  STEPS (
      PROCESSING (INPUT ("\"S3Uri\": \"s3://b\", \"S3DataType\": \"S3Prefix\"") ", " OUTPUTS (OUTPUT ("deep")), "")),
  /* places on this machine */
  STEPS (PROCESSING (INPUT ("\"S3Uri\": \"/srv/data\", \"S3DataType\": \"S3Prefix\""), "")),
  STEPS (PROCESSING (INPUT ("\"S3Uri\": \"file:///srv/data\", \"S3DataType\": \"S3Prefix\""), "")),
  STEPS (TRAINING (
      "\"AlgorithmSpecification\": {\"AlgorithmName\": \"a\", \"TrainingInputMode\": \"File\"}, " OUTPUT_PATH
      ", \"ResourceConfig\": {\"InstanceCount\": \"2\"}")),
  STEPS (CONDITION ("", "")),
  RETRY ("{\"ExceptionType\": \"SageMaker.CAPACITY_ERROR\", \"IntervalSeconds\": 43200, \"BackoffRate\": 0, \"MaxAttempts\": 20}, "
         "{\"ExceptionType\": [], \"ExpireAfterMin\": 14400}"),
  STEPS (PROCESSING (", " OUTPUTS (OUTPUT ("a.b c")),
                     "") ", " LAMBDA ("L",
                                      ", \"Arguments\": {\"v\": {\"Get\": "
                                      "\"Steps.P.ProcessingOutputConfig.Outputs[\\\"a.b c\\\"].S3Output.S3Uri\"}}")),
  STEPS (QUALITY_CHECK (", \"CheckType\": \"DATA_QUALITY\", \"SkipCheck\": null, \"FailOnViolation\": {\"Get\": "
                        "\"Execution.PipelineName\"}")),
  /* braces that are JSON, and dollars that are not templates */
  STEPS (PROCESSING (
      ", \"Environment\": {\"dataset_format\": \"{\\\"csv\\\": {\\\"header\\\": true}}\", \"PRICE\": \"$5 {x}\"}",
      "")),
};

static const AtelierProblem *
find_problem (const GPtrArray *problems, const Case *c, guint line, guint column)
{
  for (guint i = 0; i < problems->len; i++)
    {
      const AtelierProblem *problem = g_ptr_array_index (problems, i);

      if (problem->severity == c->severity && problem->line == line && problem->column == column &&
          (c->message == NULL || strstr (problem->message, c->message) != NULL))
        return problem;
    }
  return NULL;
}

static void
print_problems (const GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    {
      g_autofree char *text = atelier_problem_to_text (g_ptr_array_index (problems, i), "case");

      g_test_message ("%s", text);
    }
}

static void
test_case (gconstpointer data)
{
  const Case *c = data;
  const char *mark = strchr (c->text, '@');
  g_autofree char *before = g_strndup (c->text, mark - c->text);
  g_autofree char *text = g_strconcat (before, mark + 1, NULL);
  const char *line_start = strrchr (before, '\n');
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, -1, problems);
  const AtelierProblem *problem;
  guint line = 1;

  for (const char *at = before; *at != '\0'; at++)
    line += *at == '\n';
  line_start = line_start != NULL ? line_start + 1 : before;
  problem = find_problem (problems, c, line, 1 + g_utf8_strlen (line_start, -1));
  if (problem == NULL || atelier_problems_count (problems, ERROR) != (c->severity == ERROR))
    {
      g_test_message ("%s", c->text);
      print_problems (problems);
      g_test_fail ();
      return;
    }
  if (c->pointer != NULL)
    g_assert_cmpstr (problem->pointer, ==, c->pointer);
  g_assert_cmpstr (problem->step, ==, c->step);
  if (c->hint != NULL)
    {
      g_assert_nonnull (problem->hint);
      g_assert_nonnull (strstr (problem->hint, c->hint));
    }
  if (definition != NULL)
    g_assert_cmpint (atelier_definition_has_errors (definition), ==, c->severity == ERROR);
}

static void
test_silent (gconstpointer data)
{
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (data, -1, problems);

  print_problems (problems);
  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_nonnull (definition);
  g_assert_false (atelier_definition_has_errors (definition));
}

/* Everything that is wrong is found at once, in the order of the text. */
static void
test_all_at_once (void)
{
  static const char text[] = "{\"Version\": \"1\",\n"
                             " \"Parameters\": [{\"Name\": \"P\", \"Type\": \"Integr\"}],\n"
                             " \"Steps\": [\n"
                             "  {\"Name\": \"A\", \"Type\": \"Trianing\", \"DependsOn\": [\"B\", \"Nobody\"]},\n"
                             "  {\"Name\": \"B\", \"Type\": \"Lambda\", \"DependsOn\": [\"A\"], \"Arguments\": "
                             "{\"x\": {\"Get\": \"Parameters.Q\"}, \"y\": {\"Std:No\": 1}}},\n"
                             "  {\"Name\": \"B\", \"Type\": \"Callback\"}]}";
  static const guint lines[] = { 1, 2, 4, 4, 4, 5, 5, 5, 6, 6 };
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, -1, problems);
  guint n = 0, last = 0;

  print_problems (problems);
  g_assert_nonnull (definition);
  g_assert_cmpuint (atelier_definition_get_n_steps (definition), ==, 3);
  g_assert_cmpuint (atelier_problems_count (problems, ERROR), ==, G_N_ELEMENTS (lines));
  for (guint i = 0; i < problems->len; i++)
    {
      const AtelierProblem *problem = g_ptr_array_index (problems, i);
      guint place = problem->line * 1000 + problem->column;

      g_assert_cmpuint (place, >=, last);
      last = place;
      if (problem->severity == ERROR)
        g_assert_cmpuint (problem->line, ==, lines[n++]);
    }
}

static char *
repeat (const char *format, guint n)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);
      g_autoptr (GString) item = g_string_new (format);

      g_string_replace (item, "#", number, 0);
      if (i > 0)
        g_string_append (text, ", ");
      g_string_append (text, item->str);
    }
  return g_string_free (text, FALSE);
}

/* More than the service takes: each a warning, and at the limit none. */
static void
test_limits (void)
{
  static const struct
  {
    const char *before;
    const char *item;
    guint       most;
    const char *after;
    const char *message;
  } limits[] = {
    { "{\"Steps\": [", LAMBDA ("s#", ""), 50, "]}", "51 steps" },
    { "{\"Steps\": [], \"Parameters\": [", "{\"Name\": \"p#\"}", 200, "]}", "201 parameters" },
    { "{\"Steps\": [{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": {\"AppSpecification\": {\"ImageUri\": "
      "\"i\"}, \"ProcessingInputs\": [",
      "{\"InputName\": \"i#\"}", 10, "]}}]}", "“ProcessingInputs” has 11 entries" },
    { "{\"Steps\": [{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": {\"AppSpecification\": {\"ImageUri\": "
      "\"i\"}, \"Environment\": {",
      "\"E#\": \"x\"", 100, "}}}]}", "“Environment” has 101 entries" },
    { "{\"Steps\": [{\"Name\": \"P\", \"Type\": \"Processing\", \"Arguments\": {\"AppSpecification\": {\"ImageUri\": "
      "\"i\", \"ContainerArguments\": [",
      "\"#\"", 100, "]}}}]}", "“ContainerArguments” has 101 entries" },
    { "{\"Steps\": ["
      "{\"Name\": \"T\", \"Type\": \"Training\", \"Arguments\": {" IMAGE ", " OUTPUT_PATH ", \"HyperParameters\": {",
      "\"h#\": \"x\"", 100, "}}}]}", "“HyperParameters” has 101 entries" },
    { "{\"Steps\": ["
      "{\"Name\": \"T\", \"Type\": \"Training\", \"Arguments\": {" IMAGE ", " OUTPUT_PATH ", \"InputDataConfig\": [",
      "{\"ChannelName\": \"c#\", \"DataSource\": {}}", 20, "]}}]}", "“InputDataConfig” has 21 entries" },
    { "{\"Steps\": [{\"Name\": \"L\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\", \"OutputParameters\": [",
      "{\"OutputName\": \"o#\"}", 50, "]}]}", "“OutputParameters” has 51 entries" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    for (guint n = limits[i].most; n <= limits[i].most + 1; n++)
      {
        g_autofree char *items = repeat (limits[i].item, n);
        g_autofree char *text = g_strconcat (limits[i].before, items, limits[i].after, NULL);
        g_autoptr (GPtrArray) problems = atelier_problems_new ();
        g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, -1, problems);
        guint found = 0;

        for (guint k = 0; k < problems->len; k++)
          found += strstr (((AtelierProblem *) g_ptr_array_index (problems, k))->message, limits[i].message) != NULL;
        g_assert_nonnull (definition);
        g_assert_false (atelier_definition_has_errors (definition));
        g_assert_cmpuint (found, ==, n > limits[i].most);
      }
}

static void
test_long_texts (void)
{
  static const struct
  {
    const char *format;
    guint       most;
    const char *message;
  } texts[] = {
    { "{\"Steps\": [{\"Name\": \"L\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\", \"DisplayName\": \"$\"}]}", 256,
     "“DisplayName” has 257 characters" },
    { "{\"Steps\": [{\"Name\": \"L\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\", \"Description\": \"$\"}]}", 3072,
     "“Description” has 3073 characters" },
    { "{\"Steps\": [], \"Parameters\": [{\"Name\": \"P\", \"DefaultValue\": \"$\"}]}", 4096,
     "more than 4096 characters" },
    { "{\"Steps\": [], \"Metadata\": {\"m\": \"$\"}}", 1024, "“m” has 1025 characters" },
    { "{\"Steps\": [" TRAINING (IMAGE ", " OUTPUT_PATH ", \"HyperParameters\": {\"h\": \"$\"}") "]}", 2500,
     "“h” has 2501 characters" },
    { "{\"Steps\": [], \"Metadata\": {\"m\": \"x\"}, \"X\": \"$\"}", 1048576 - 46, "more than 1048576 characters" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    for (guint n = texts[i].most; n <= texts[i].most + 1; n++)
      {
        g_autoptr (GString) filler = g_string_new (NULL);
        g_autoptr (GString) text = g_string_new (texts[i].format);
        g_autoptr (GPtrArray) problems = atelier_problems_new ();
        g_autoptr (AtelierDefinition) definition = NULL;
        guint found = 0;

        for (guint k = 0; k < n; k++)
          g_string_append (filler, "ä"); /* characters are counted, not bytes */
        g_string_replace (text, "$", filler->str, 1);
        definition = atelier_definition_parse (text->str, text->len, problems);
        for (guint k = 0; k < problems->len; k++)
          found += strstr (((AtelierProblem *) g_ptr_array_index (problems, k))->message, texts[i].message) != NULL;
        g_assert_cmpuint (found, ==, n > texts[i].most);
      }
}

/* Twenty thousand mistakes in as many steps: suggestions are given up, the time is not. */
static void
test_many_mistakes (void)
{
  g_autofree char *steps = repeat (LAMBDA ("step-number-#", ", \"DependsOn\": [\"stepnumber#\"]"), 20000);
  g_autofree char *text = g_strdup_printf ("{\"Steps\": [%s]}", steps);
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, -1, problems);

  g_assert_nonnull (definition);
  g_assert_cmpuint (atelier_problems_count (problems, ERROR), ==, 20000);
  /* after the two about the size */
  g_assert_nonnull (((AtelierProblem *) g_ptr_array_index (problems, 2))->hint);
}

/* A control character in the file must not reach the terminal, nor a long text fill it. */
static void
test_quoting (void)
{
  g_autoptr (GString) text = g_string_new ("{\"Steps\": [{\"Name\": \"\\u001b[31m\\n");
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = NULL;
  g_autofree char *line = NULL;

  for (guint i = 0; i < 5000; i++)
    g_string_append (text, "ß");
  g_string_append (text, "\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"}]}");
  definition = atelier_definition_parse (text->str, -1, problems);
  g_assert_nonnull (definition);
  line = atelier_problem_to_text (g_ptr_array_index (problems, 0), "file.json");
  g_assert_true (g_str_has_prefix (line, "file.json:1:21: error: step “\\u001b[31m\\u000a"));
  for (const char *c = line; *c != '\0'; c++)
    g_assert_false (g_ascii_iscntrl (*c));
  g_assert_true (g_utf8_validate (line, -1, NULL));
}

static void
test_formats (void)
{
  static const char text[] = "{\"Steps\": [\n {\"Name\": \"A\", \"Type\": \"Trainning\"}]}";
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, -1, problems);
  g_autofree char *line = NULL;
  g_autoptr (json_t) list = NULL;
  g_autoptr (json_t) expected = NULL;

  g_assert_nonnull (definition);
  g_assert_cmpuint (problems->len, ==, 1);
  line = atelier_problem_to_text (g_ptr_array_index (problems, 0), "dir/p.json");
  g_assert_cmpstr (line, ==,
                   "dir/p.json:2:24: error: step “A”: There is no step type “Trainning”; did you mean “Training”?");
  list = atelier_problems_to_json (problems);
  expected = json_pack ("[{s:s, s:i, s:i, s:s, s:s, s:s, s:s}]", "severity", "error", "line", 2, "column", 24,
                        "pointer", "/Steps/0/Type", "step", "A", "message", "There is no step type “Trainning”",
                        "hint", "did you mean “Training”?");
  g_assert_true (json_equal (list, expected));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/validate/%s/%03u", atelier_severity_to_text (cases[i].severity), i);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      g_autofree char *path = g_strdup_printf ("/validate/silent/%02u", i);

      g_test_add_data_func (path, silent[i], test_silent);
    }
  g_test_add_func ("/validate/all-at-once", test_all_at_once);
  g_test_add_func ("/validate/limits", test_limits);
  g_test_add_func ("/validate/long-texts", test_long_texts);
  g_test_add_func ("/validate/many-mistakes", test_many_mistakes);
  g_test_add_func ("/validate/quoting", test_quoting);
  g_test_add_func ("/validate/formats", test_formats);
  return g_test_run ();
}
