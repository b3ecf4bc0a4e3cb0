# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""python3 -m atelier compile: the kinds of files, the choices, the errors; and the alias for unchanged files."""

import json
import unittest

from support import SDK, SdkTestCase

STEPS = """
from atelier.workflow.pipeline import Pipeline
from atelier.workflow.fail_step import FailStep
"""

TEMPLATE = """
import os
import boto3
import sagemaker
import sagemaker.session
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.processing import ProcessingOutput
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.parameters import ParameterInteger
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import ProcessingStep, TrainingStep
from pipelines.abalone.names import TRAIN

BASE_DIR = os.path.dirname(os.path.realpath(__file__))
print("printed by the module")

def get_session(region, default_bucket):
    boto_session = boto3.Session(region_name=region)
    client = boto_session.client("sagemaker")
    return PipelineSession(boto_session=boto_session, sagemaker_client=client, default_bucket=default_bucket)

def get_pipeline(region, sagemaker_project_name=None, role=None, default_bucket=None,
                 model_package_group_name="AbaloneGroup", pipeline_name="AbalonePipeline", base_job_prefix="Abalone",
                 depth=5):
    session = get_session(region, default_bucket)
    if role is None:
        role = sagemaker.session.get_execution_role(session)
    print("printed by the function")
    count = ParameterInteger(name="Count", default_value=1)
    processor = SKLearnProcessor(framework_version="0.23-1", instance_type="ml.m5.xlarge", instance_count=count,
                                 base_job_name=f"{base_job_prefix}/pre", sagemaker_session=session, role=role)
    process = ProcessingStep(name="Process", step_args=processor.run(
        outputs=[ProcessingOutput(output_name="train", source="/opt/ml/processing/train")],
        code=os.path.join(BASE_DIR, "preprocess.py"), arguments=["--project", str(sagemaker_project_name)]))
    image = sagemaker.image_uris.retrieve(framework="xgboost", region=region, version="1.0-1", py_version="py3",
                                          instance_type="ml.m5.xlarge")
    estimator = Estimator(image_uri=image, instance_type="ml.m5.xlarge", instance_count=1, sagemaker_session=session,
                          output_path=f"s3://{session.default_bucket()}/{base_job_prefix}", role=role)
    estimator.set_hyperparameters(max_depth=depth)
    train = TrainingStep(name=TRAIN, step_args=estimator.fit(inputs={"train": TrainingInput(
        process.properties.ProcessingOutputConfig.Outputs["train"].S3Output.S3Uri, content_type="text/csv")}))
    return Pipeline(name=pipeline_name, parameters=[count], steps=[process, train], sagemaker_session=session)
"""


class CompileTest(SdkTestCase):
    def template(self):
        self.write("repo/pipelines/__init__.py")
        self.write("repo/pipelines/abalone/__init__.py")
        self.write("repo/pipelines/abalone/names.py", 'TRAIN = "Train"')
        self.write("repo/pipelines/abalone/preprocess.py", "pass")
        return self.write("repo/pipelines/abalone/pipeline.py", TEMPLATE)

    def test_function_of_an_unchanged_file(self):
        path = self.template()
        done = self.compile(path, env={"AWS_REGION": "us-west-2", "ATELIER_PROJECT": "churn"})
        self.assertEqual(done.returncode, 0, done.stderr)
        compiled = json.loads(done.stdout)
        self.assertEqual(list(compiled), ["PipelineName", "PipelineDefinition"])
        self.assertEqual(compiled["PipelineName"], "AbalonePipeline")
        process, train = compiled["PipelineDefinition"]["Steps"]
        self.assertEqual(train["Name"], "Train")
        self.assertEqual(train["Arguments"]["HyperParameters"], {"max_depth": "5"})
        self.assertIn("us-west-2", train["Arguments"]["AlgorithmSpecification"]["TrainingImage"])
        self.assertEqual(train["Arguments"]["OutputDataConfig"], {"S3OutputPath": "s3://atelier/Abalone"})
        self.assertEqual(process["Arguments"]["RoleArn"], "arn:aws:iam::000000000000:role/atelier")
        self.assertEqual(process["Arguments"]["AppSpecification"]["ContainerArguments"], ["--project", "churn"])
        self.assertIn("printed by the module", done.stderr)
        self.assertIn("printed by the function", done.stderr)
        self.assertEqual(list((self.folder / "repo").rglob("__pycache__")), [])

    def test_arguments(self):
        path = self.template()
        given = {"depth": 10, "region": "eu-west-1", "default_bucket": "mine", "role": "Me"}
        compiled = self.compiled(path, "--kwargs", json.dumps(given), "--name", "Other")
        self.assertEqual(compiled["PipelineName"], "Other")
        train = compiled["PipelineDefinition"]["Steps"][1]["Arguments"]
        self.assertEqual(train["HyperParameters"], {"max_depth": "10"})
        self.assertIn("eu-west-1", train["AlgorithmSpecification"]["TrainingImage"])
        self.assertEqual(train["OutputDataConfig"], {"S3OutputPath": "s3://mine/Abalone"})
        self.assertEqual(train["RoleArn"], "arn:aws:iam::000000000000:role/Me")

    def test_output_file_and_repetition(self):
        path = self.template()
        out = self.folder / "out" / "definition.json"
        done = self.compile(path, "--output", out)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertEqual(json.loads(out.read_text()), self.compiled(path))

    def test_other_function_and_fallbacks(self):
        path = self.write("flow.py", STEPS + """
def make(pipeline_name, base_job_prefix, sagemaker_session, bucket, **more):
    return Pipeline(pipeline_name, steps=[FailStep("F", f"{base_job_prefix} {bucket} {sorted(more)}")])
""")
        compiled = self.compiled(path, "--function", "make", "--kwargs", '{"extra": 1}')
        self.assertEqual(compiled["PipelineName"], "flow")
        self.assertEqual(
            compiled["PipelineDefinition"]["Steps"][0]["Arguments"]["ErrorMessage"], "flow atelier ['extra']"
        )

    def test_module_variable(self):
        path = self.write("p.py", STEPS + 'pipeline = Pipeline("P", steps=[FailStep("F")])\nsame = pipeline\n')
        self.assertEqual(self.compiled(path)["PipelineName"], "P")
        self.assertEqual(self.compiled(path, "--name", "Q")["PipelineName"], "Q")
        several = self.write("s.py", STEPS + 'a = Pipeline("A", steps=[FailStep("F")])\nb = Pipeline("B", steps=[FailStep("F")])\n')
        self.assertEqual(self.compiled(several, "--name", "B")["PipelineName"], "B")
        done = self.compile(several)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.strip(), f"{several}: There are several pipelines (“A”, “B”); choose one with --name")

    def test_script_that_sends(self):
        script = STEPS + """
from atelier.workflow.parallelism_config import ParallelismConfiguration
def go():
    pipeline = Pipeline("Sent", steps=[FailStep("F")])
    print(pipeline.upsert(role_arn="r", description="Said", parallelism_config=ParallelismConfiguration(2)))
    execution = pipeline.start(parameters={"a": 1})
    execution.wait()
    raise SystemExit("never reached")
"""
        for name, call in (("plain.py", "go()"), ("guarded.py", 'if __name__ == "__main__":\n    go()')):
            with self.subTest(name):
                compiled = self.compiled(self.write(name, script + call + "\n"))
                self.assertEqual(compiled["PipelineName"], "Sent")
                self.assertEqual(compiled["PipelineDescription"], "Said")
                self.assertEqual(compiled["ParallelismConfiguration"], {"MaxParallelExecutionSteps": 2})

    def test_script_with_start_only(self):
        path = self.write("p.py", STEPS + """
import sys
def go():
    Pipeline("Started", steps=[FailStep("F")]).start(parallelism_config={"MaxParallelExecutionSteps": 4})
    sys.exit(0)
go()
""")
        compiled = self.compiled(path)
        self.assertEqual(compiled["ParallelismConfiguration"], {"MaxParallelExecutionSteps": 4})
        done = self.compile(path, "--name", "Other")
        self.assertIn("There is no pipeline “Other”, only “Started”", done.stderr)

    def test_relative_code(self):
        self.write("repo/work/prep.py", "pass")
        path = self.write("repo/work/pipeline.py", STEPS + """
from atelier.processing import ScriptProcessor
from atelier.workflow.steps import ProcessingStep
pipeline = Pipeline("P", steps=[ProcessingStep("S", step_args=ScriptProcessor().run(code="prep.py"))])
""")
        here = self.compiled(path)
        self.assertEqual(self.compiled("work/pipeline.py", cwd=self.folder / "repo"), here)

    def fails(self, name, text, *options):
        """Compiles a file that must fail; gives its one sentence without the folder."""
        path = self.write(name, text)
        done = self.compile(path, *options)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        lines = done.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        return lines[0].replace(f"{self.folder}/", "")

    def test_errors(self):
        step = 'from atelier.workflow.steps import ProcessingStep\nfrom atelier.processing import ScriptProcessor\n'
        for name, text, expected in (
            ("syntax.py", "\nx = = 1\n", "syntax.py:2: SyntaxError: invalid syntax"),
            ("name.py", "\nx = y\n", "name.py:2: NameError: name 'y' is not defined"),
            ("empty.py", "x = 1\n", "empty.py: There is no pipeline: no function get_pipeline(), no Pipeline in a "
             "variable, no call of upsert()"),
            ("wrong.py", "def get_pipeline():\n    return 5\n", "wrong.py:1: get_pipeline() gave no Pipeline but 5"),
            ("needs.py", "def get_pipeline(size):\n    pass\n",
             "needs.py:1: get_pipeline() needs the argument “size”; give it with --kwargs"),
            ("exit.py", "import sys\n\nsys.exit('no way')\n", "exit.py:3: The script ended itself with 'no way'"),
            ("code.py", STEPS + step + "s = ProcessingStep('S',\n  step_args=ScriptProcessor().run(code='gone.py'))\n"
             "pipeline = Pipeline('P', steps=[s])\n", "code.py:6: The script “gone.py” does not exist"),
            ("typo.py", STEPS + step + "s = ProcessingStep('S', step_args=ScriptProcessor().run(code='typo.py'))\n"
             "uri = s.properties.ProcessingOutputConfg\n",
             "typo.py:7: Step “S” has no property “ProcessingOutputConfg”; did you mean “ProcessingOutputConfig”?"),
            ("module.py", "\nimport sagemaker.tensorflow\n",
             "module.py:2: ModuleNotFoundError: “sagemaker.tensorflow” is not part of what Atelier has of the SageMaker SDK"),
            ("client.py", "import atelier\natelier.Session().boto_session.client('sagemaker').list_models()\n",
             "client.py:2: “list_models” of the service “sagemaker” was called, but a local pipeline has no service"),
        ):
            with self.subTest(name):
                self.assertEqual(self.fails(name, text), expected)
        self.assertEqual(
            self.fails("extra.py", "def get_pipeline():\n    pass\n", "--kwargs", '{"x": 1}'),
            "extra.py:1: get_pipeline() takes no argument “x”",
        )
        self.assertEqual(self.fails("other.py", "x = 1\n", "--function", "make"), "other.py: There is no function “make”")
        done = self.compile("nowhere.py")
        self.assertEqual((done.returncode, done.stderr.strip()), (1, f"{self.folder}/nowhere.py: There is no such file"))
        self.assertEqual(self.compile("x.py", "--kwargs", "[1]").returncode, 2)

    def test_error_in_a_helper_module(self):
        self.write("repo/helper.py", "def make():\n    return {}['missing']\n")
        self.assertEqual(
            self.fails("repo/p.py", "import helper\n\ndef get_pipeline():\n    return helper.make()\n"),
            "repo/helper.py:2: KeyError: 'missing'",
        )

    def test_traceback_on_request(self):
        path = self.write("p.py", "\nx = y\n")
        self.assertIn("Traceback", self.compile(path, "--traceback").stderr)


class AliasTest(SdkTestCase):
    def test_shim_folder(self):
        script = self.write("p.py", """
import sagemaker, sagemaker.workflow.pipeline, atelier.workflow.pipeline, sys
assert sagemaker.workflow.pipeline is atelier.workflow.pipeline and sagemaker is atelier
assert atelier.workflow.pipeline.__spec__.name == "atelier.workflow.pipeline"
from sagemaker import image_uris, get_execution_role
from sagemaker.workflow.steps import ProcessingStep
assert sagemaker.inputs.TrainingInput is atelier.inputs.TrainingInput
try:
    from sagemaker.huggingface import HuggingFace
except ImportError as error:
    assert "“sagemaker.huggingface” is not part" in str(error), error
else:
    raise AssertionError
print(sagemaker.Session().default_bucket())
""")
        done = self.run_python(script, env={"PYTHONPATH": f"{SDK}:{SDK / 'compat'}"})
        self.assertEqual((done.returncode, done.stdout), (0, "atelier\n"), done.stderr)

    def test_boto3_where_there_is_none(self):
        script = self.write("p.py", """
import sys
from atelier import _alias
sys.path[:] = [folder for folder in sys.path if not folder.endswith("-packages")]
_alias.install()
import boto3
session = boto3.Session(region_name="eu-west-1")
assert session.region_name == "eu-west-1"
for client in (session.client("sagemaker"), boto3.client("s3"), boto3.resource("s3")):
    try:
        client.list_things()
    except RuntimeError as error:
        assert "has no service" in str(error)
    else:
        raise AssertionError
""")
        done = self.run_python(script)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_importing_is_lazy(self):
        done = self.run_python("-c", "import atelier, sys; print([m for m in sys.modules if m.startswith('atelier')])")
        self.assertEqual(done.stdout.strip(), "['atelier']", done.stderr)
        done = self.run_python("-c", "from atelier import log_metric; import sys; print('atelier.workflow' in sys.modules)")
        self.assertEqual(done.stdout.strip(), "False", done.stderr)
        done = self.run_python("-c", "import atelier; atelier.nothing")
        self.assertIn("AttributeError: module “atelier” has no “nothing”", done.stderr)


if __name__ == "__main__":
    unittest.main()
