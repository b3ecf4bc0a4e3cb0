# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Scripts written for SageMaker run as they are: /opt/ml, SM_* variables, script mode, boto3, the built-in XGBoost. And the sandbox
keeps what it promises."""

import io
import json
import os
import random
import socket
import subprocess
import sys
import tarfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from studio import StudioTest, processing  # noqa: E402

PYTHON = "/usr/bin/python3"
HAS_SANDBOX = subprocess.run(["bwrap", "--ro-bind", "/", "/", "--unshare-all", "true"], stderr=subprocess.DEVNULL).returncode == 0
HAS_BOTO3 = subprocess.run([PYTHON, "-c", "import boto3"], stderr=subprocess.DEVNULL).returncode == 0


def training(name, channels, *, hyperparameters=None, image="local/python:3", content="text/csv", **specification):
    return {"Name": name, "Type": "Training", "Arguments": {
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File", **specification},
        "RoleArn": "x", "OutputDataConfig": {"S3OutputPath": "s3://test/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "local", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": hyperparameters or {},
        "InputDataConfig": [{"ChannelName": c, "ContentType": content, "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}}} for c, uri in channels]}}


XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@unittest.skipUnless(HAS_SANDBOX, "this system allows no user namespaces")
class SandboxedContractTest(StudioTest):
    def setUp(self):
        super().setUp()
        self.environment["ATELIER_PYTHON"] = PYTHON

    def script(self, text):
        return self.store("s3://test/code/script.py", text)

    def run_script(self, text, *arguments, inputs=(), outputs=(), code=0, **keys):
        step = processing("Script", ["python3", "/opt/ml/processing/input/code/script.py"],
                          inputs=[("code", self.script(text), "/opt/ml/processing/input/code"), *inputs], outputs=outputs, **keys)
        self.atelier("run", self.define([step]), *arguments, code=code)
        return self.atelier("logs", "pipeline", "Script")

    def test_processing_paths_and_config(self):
        self.store("s3://test/data/a.csv", "1,2\n")
        log = self.run_script(
            "import json, os\n"
            "assert open('/opt/ml/processing/input/data/a.csv').read() == '1,2\\n'\n"
            "config = json.load(open('/opt/ml/config/processingjobconfig.json'))\n"
            "assert config['ProcessingJobName'] and config['AppSpecification']['ImageUri']\n"
            "assert json.load(open('/opt/ml/config/resourceconfig.json'))['hosts'] == ['algo-1']\n"
            "os.makedirs('/opt/ml/processing/out/deep')\n"
            "open('/opt/ml/processing/out/deep/b.txt', 'w').write('made')\n"
            "os.makedirs('/opt/ml/output', exist_ok=True)\n"
            "open('/opt/ml/output/message', 'w').write('all is well')\n"
            "print('home', os.path.exists('/home') or os.path.exists('/root'), 'colour', os.environ['COLOUR'])\n",
            inputs=[("data", "s3://test/data", "/opt/ml/processing/input/data")], outputs=[("out", "s3://test/out", "/opt/ml/processing/out")],
            environment={"COLOUR": "blue"})
        self.assertIn("home False colour blue", log)
        self.assertEqual(self.stored("s3://test/out/deep/b.txt"), b"made")
        step = self.view("show", "pipeline", "Script")
        self.assertEqual(step["properties"]["ExitMessage"], "all is well")
        self.assertEqual({(item["direction"], item["role"]) for item in step["lineage"]}, {("used", "code"), ("used", "data"), ("produced", "out")})
        environment = step["attempt_list"][0]["environment"]
        self.assertIn("version", environment["Runtime"])
        self.assertEqual(environment["Sandbox"], "bubblewrap")

    def test_inputs_cannot_be_written(self):
        self.store("s3://test/data/a.csv", "1,2\n")
        log = self.run_script(
            "import os\n"
            "for act in (lambda: open('/opt/ml/processing/input/data/a.csv', 'a'), lambda: os.remove('/opt/ml/processing/input/data/a.csv'),\n"
            "            lambda: open('/opt/ml/processing/input/data/new', 'w'), lambda: open('/usr/new', 'w'),\n"
            "            lambda: os.chmod('/opt/ml/processing/input/data/a.csv', 0o777)):\n"
            "    try:\n        act()\n        print('WRITTEN')\n    except OSError as problem:\n        print(type(problem).__name__)\n",
            inputs=[("data", "s3://test/data", "/opt/ml/processing/input/data")])
        self.assertNotIn("WRITTEN", log)
        self.assertEqual(self.stored("s3://test/data/a.csv"), b"1,2\n")

    def test_network_only_when_allowed(self):
        server = socket.create_server(("127.0.0.1", 0))
        accepted = []

        def serve():
            try:
                while True:
                    connection, _ = server.accept()
                    accepted.append(1)
                    connection.close()
            except OSError:
                pass
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            text = (f"import socket\ntry:\n    socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)\n    print('REACHED')\n"
                    "except OSError as problem:\n    print('refused')\n")
            self.assertNotIn("REACHED", self.run_script(text))
            self.assertEqual(accepted, [])
            self.assertIn("REACHED", self.run_script(text, "--allow-network", "Script"))
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()

    @unittest.skipUnless(HAS_BOTO3, "boto3 is not installed")
    def test_boto3_through_the_door(self):
        self.store("s3://test/raw/table.csv", "3,4\n")
        text = ("import boto3, sys\n"
                "s3 = boto3.resource('s3')\n"
                "s3.Bucket('test').download_file('raw/table.csv', '/tmp/table.csv')\n"
                "assert open('/tmp/table.csv').read() == '3,4\\n'\n"
                "client = boto3.client('s3')\n"
                "client.put_object(Bucket='test', Key='made/by/boto3.txt', Body=b'hello')\n"
                "print([item['Key'] for item in client.list_objects_v2(Bucket='test', Prefix='made/')['Contents']])\n"
                "try:\n    client.get_object(Bucket='test', Key='nothing')\nexcept client.exceptions.NoSuchKey:\n    print('no such key')\n")
        log = self.run_script(text)
        self.assertIn("['made/by/boto3.txt']", log)
        self.assertIn("no such key", log)
        self.assertEqual(self.stored("s3://test/made/by/boto3.txt"), b"hello")
        lineage = self.view("show", "pipeline", "Script")["lineage"]
        self.assertIn(("used", "s3", "s3://test/raw/table.csv"), {(i["direction"], i["role"], i["uri"]) for i in lineage})
        self.assertIn(("produced", "s3", "s3://test/made/by/boto3.txt"), {(i["direction"], i["role"], i["uri"]) for i in lineage})
        self.assertIn("hello", self.run_script(text + "print(client.get_object(Bucket='test', Key='made/by/boto3.txt')['Body'].read())", "--no-sandbox"))

    @unittest.skipUnless(HAS_BOTO3, "boto3 is not installed")
    def test_cache_sees_what_boto3_read(self):
        self.store("s3://test/raw/table.csv", "one")
        text = ("import boto3\nbody = boto3.client('s3').get_object(Bucket='test', Key='raw/table.csv')['Body'].read()\n"
                "open('/opt/ml/processing/out/copy', 'wb').write(body)\n")
        keys = {"outputs": [("out", "s3://test/out", "/opt/ml/processing/out")], "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
        self.run_script(text, **keys)
        self.atelier("run", self.folder / "pipeline.json")
        self.assertEqual(self.statuses("pipeline"), {"Script": "Cached"})
        self.store("s3://test/raw/table.csv", "two")
        self.atelier("run", self.folder / "pipeline.json")
        self.assertEqual(self.statuses("pipeline"), {"Script": "Succeeded"})
        self.assertIn("read by itself", self.steps("pipeline")["Script"]["why"])
        self.assertEqual(self.stored("s3://test/out/copy"), b"two")

    def test_links_do_not_lead_out(self):
        secret = self.write("secret.txt", "secret")
        secret.chmod(0o600)
        for script in (f"rmdir /opt/ml/processing/out && ln -s {self.folder} /opt/ml/processing/out",
                       f"rm -r /opt/ml/processing && ln -s {self.folder} /opt/ml/processing",
                       f"ln -s {secret} /opt/ml/processing/out/leak; ln -s {self.folder} /opt/ml/processing/out/leaks"):
            step = processing("Link", ["sh", "-c", script], outputs=[("out", "s3://test/out", "/opt/ml/processing/out")])
            self.atelier("run", self.define([step]), code=None)
            stored = self.workspace / "store" / "test"
            self.assertEqual([path for path in stored.rglob("*") if path.is_file()] if stored.exists() else [], [])
            self.assertEqual(secret.stat().st_mode & 0o777, 0o600)

    def test_script_mode(self):
        source = io.BytesIO()
        with tarfile.open(fileobj=source, mode="w:gz") as archive:
            code = (b"import argparse, json, os, helper\n"
                    b"p = argparse.ArgumentParser(); p.add_argument('--epochs', type=int); p.add_argument('--rate', type=float); p.add_argument('--shuffle')\n"
                    b"p.add_argument('--train', default=os.environ['SM_CHANNEL_TRAIN']); a = p.parse_args()\n"
                    b"assert (a.epochs, a.rate, a.shuffle) == (3, 0.5, 'True'), a\n"
                    b"assert json.loads(os.environ['SM_HPS']) == {'epochs': 3, 'rate': 0.5, 'shuffle': True}\n"
                    b"assert json.load(open('/opt/ml/input/config/hyperparameters.json'))['epochs'] == '3'\n"
                    b"assert os.listdir(a.train) == ['t.csv']\n"
                    b"for i in range(a.epochs): print(f'epoch {i}: loss={1 / (i + 1):.3f};')\n"
                    b"open(os.path.join(os.environ['SM_MODEL_DIR'], 'model.txt'), 'w').write(helper.word)\n"
                    b"open(os.path.join(os.environ['SM_OUTPUT_DATA_DIR'], 'extra.txt'), 'w').write('more')\n")
            for name, data in (("train.py", code), ("helper.py", b"word = 'trained'\n")):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        self.store("s3://test/source/sourcedir.tar.gz", source.getvalue())
        self.store("s3://test/train/t.csv", "1,2\n")
        step = training("Train", [("train", "s3://test/train")], MetricDefinitions=[{"Name": "loss", "Regex": r"loss=(\S+?);"}], hyperparameters={
            "sagemaker_program": "\"train.py\"", "sagemaker_submit_directory": "\"s3://test/source/sourcedir.tar.gz\"",
            "epochs": "3", "rate": "0.5", "shuffle": "true"})
        after = processing("After", ["sh", "-c", "cat /opt/ml/processing/model/model.tar.gz | tar xzO model.txt"], inputs=[
            ("model", {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}, "/opt/ml/processing/model")])
        self.atelier("run", self.define([step, after]))
        self.assertEqual(self.atelier("logs", "pipeline", "After"), "trained")
        view = self.view("show", "pipeline", "Train")
        self.assertEqual([m["value"] for m in view["metrics"]], [0.333])
        final = view["properties"]["FinalMetricDataList"]
        self.assertEqual((final[0]["MetricName"], final[0]["Value"]), ("loss", 0.333))
        self.assertEqual({item["role"] for item in view["lineage"]}, {"train", "code", "model", "output"})

    def test_built_in_xgboost(self):
        chance = random.Random(7)
        rows = [(chance.random(), chance.random()) for _ in range(300)]
        text = "".join(f"{3 * a - b:.5f},{a:.5f},{b:.5f}\n" for a, b in rows)
        self.store("s3://test/train/a.csv", text)
        self.store("s3://test/validation/b.csv", text)
        step = training("Train", [("train", "s3://test/train"), ("validation", "s3://test/validation")], image=XGBOOST,
                        hyperparameters={"num_round": "20", "objective": "reg:squarederror", "eta": "0.3"})
        self.atelier("run", self.define([step]))
        metrics = {m["name"]: m for m in self.view("metrics", "pipeline", "Train")}
        self.assertEqual(metrics["train:rmse"]["iterations"], list(range(20)))
        self.assertLess(metrics["validation:rmse"]["value"], 0.2)
        wrong = training("Train", [("train", "s3://test/train")], image=XGBOOST, hyperparameters={"num_round": "5", "etaa": "1"})
        self.atelier("run", self.define([wrong], name="wrong.json"), code=4)
        self.assertIn("etaa", self.steps("wrong")["Train"]["failure_reason"])

    def test_tracker_in_a_step(self):
        log = self.run_script("from atelier import log_metric, log_param, log_histogram\n"
                              "for i in range(5): log_metric('accuracy', i / 10, step=i)\n"
                              "log_param('depth', 4)\nlog_histogram('sizes', [1, 2, 2, 3])\nprint('logged')\n")
        self.assertIn("logged", log)
        view = self.view("show", "pipeline", "Script")
        self.assertEqual([(m["name"], m["value"], m["iteration"]) for m in view["metrics"]], [("accuracy", 0.4, 4)])
        self.assertIn(("depth", "4"), {(item["name"], item["value"]) for item in view["logged"]})

    def test_other_images_are_refused_until_mapped(self):
        file = self.define([processing("A", ["python3", "-c", "print('mapped')"], image="example.com/own/image:1")])
        self.atelier("run", file, code=1)
        self.assertIn("atelier runtime set", self.err)
        self.atelier("runtime", "set", "*own/image*", "python", PYTHON)
        self.atelier("run", file)
        self.assertIn("mapped", self.atelier("logs", "pipeline", "A"))


class PlainContractTest(StudioTest):
    def test_paths_are_mapped_without_sandbox(self):
        self.store("s3://test/data/a.txt", "plain")
        step = processing("A", ["sh", "-c", "cat /opt/ml/processing/in/a.txt > /opt/ml/processing/out/b.txt; chmod u+w /opt/ml/processing/in/a.txt; "
                                            "echo changed > /opt/ml/processing/in/a.txt"],
                          inputs=[("in", "s3://test/data", "/opt/ml/processing/in")], outputs=[("out", "s3://test/out", "/opt/ml/processing/out")])
        self.atelier("run", self.define([step]), "--no-sandbox")
        self.assertEqual(self.stored("s3://test/out/b.txt"), b"plain")
        self.assertEqual(self.stored("s3://test/data/a.txt"), b"plain")
        self.assertIn("without a sandbox", self.view("show", "pipeline")["note"])


if __name__ == "__main__":
    unittest.main()
