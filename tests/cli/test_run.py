# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""What a run does, through the command line: order, conditions, caching, failure, retry, resume, selection, stop."""

import json
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from studio import StudioTest, processes_with, processing, shell, wait_for  # noqa: E402

REPORT = """
import json, sys
json.dump({"metrics": {"mse": {"value": float(sys.argv[1])}}}, open("/opt/ml/processing/report/evaluation.json", "w"))
print("[0]\\ttrain-rmse:2.5\\tvalidation-rmse:3.5")
print("[1]\\ttrain-rmse:1.5\\tvalidation-rmse:2.5")
"""


def reporter(mse, **keys):
    return processing("Evaluate", ["python3", "-c", REPORT, mse],
                      outputs=[("report", "s3://test/report", "/opt/ml/processing/report")],
                      PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "report", "FilePath": "evaluation.json"}], **keys)


def condition(limit, yes, no):
    value = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"}, "Path": "metrics.mse.value"}}
    return {"Name": "Check", "Type": "Condition", "Arguments": {
        "Conditions": [{"Type": "LessThanOrEqualTo", "LeftValue": value, "RightValue": limit}], "IfSteps": yes, "ElseSteps": no}}


FAIL = {"Name": "TooBad", "Type": "Fail", "Arguments": {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["mse above", {"Get": "Parameters.Limit"}]}}}}
LIMIT = [{"Name": "Limit", "Type": "Float", "DefaultValue": 6}]


class RunTest(StudioTest):
    def test_condition_taken_and_not(self):
        file = self.define([reporter("4.93"), condition({"Get": "Parameters.Limit"}, [shell("Good", "echo good", depends=["Evaluate"])], [FAIL])], LIMIT)
        self.atelier("run", file)
        self.assertIn("4.93 ≤ 6.0 → True", self.out)
        self.assertEqual(self.statuses("pipeline"), {"Evaluate": "Succeeded", "Check": "Succeeded", "Good": "Succeeded", "TooBad": "Skipped"})
        self.atelier("run", file, "-p", "Limit=3", code=4)
        self.assertIn("4.93 ≤ 3.0 → False", self.out)
        view = self.view("show", "pipeline")
        self.assertEqual({step["name"]: step["status"] for step in view["steps"]},
                         {"Evaluate": "Succeeded", "Check": "Succeeded", "Good": "Skipped", "TooBad": "Failed"})
        self.assertIn("mse above 3.0", view["failure_reason"])
        self.assertEqual(view["parameters"], {"Limit": 3.0})

    def test_metrics_and_graph(self):
        file = self.define([reporter("1.0"), condition(6, [], [FAIL])], LIMIT)
        self.atelier("run", file)
        metrics = {metric["name"]: metric["values"] for metric in self.view("metrics", "pipeline", "Evaluate")}
        self.assertEqual(metrics, {"train:rmse": [2.5, 1.5], "validation:rmse": [3.5, 2.5]})
        self.assertIn("Evaluate,validation:rmse,1,2.5", self.atelier("metrics", "pipeline", "--csv"))
        self.assertIn("digraph", self.atelier("graph", "pipeline"))
        self.assertIn("<svg", self.atelier("graph", str(file), "--format", "svg"))

    def test_cache_by_content(self):
        uri = self.store("s3://test/in/a.txt", "one")
        cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
        first = shell("Copy", "cp /opt/ml/processing/in/a.txt /opt/ml/processing/out/b.txt; echo ran",
                      inputs=[("in", uri, "/opt/ml/processing/in")], outputs=[("out", "s3://test/out", "/opt/ml/processing/out")], **cached)
        file = self.define([first])
        self.atelier("run", file)
        first_id = self.view("list")[0]["id"]
        self.atelier("run", file)
        step = self.steps("pipeline")["Copy"]
        self.assertEqual((step["status"], step["cached_from"]), ("Cached", first_id))
        self.store(uri, "two!")
        self.atelier("run", file)
        step = self.steps("pipeline")["Copy"]
        self.assertEqual(step["status"], "Succeeded")
        self.assertIn("a.txt changed", step["why"])
        self.assertEqual(self.stored("s3://test/out/b.txt"), b"two!")
        (self.workspace / "store/test/out/b.txt").unlink()
        self.atelier("run", file)
        self.assertIn("is gone", self.steps("pipeline")["Copy"]["why"])
        self.atelier("run", file, "--no-cache")
        self.assertEqual(self.steps("pipeline")["Copy"]["status"], "Succeeded")

    def test_failure_stops_or_goes_on(self):
        steps = [shell("Bad", "echo the reason >&2; exit 3"), shell("After", "true", depends=["Bad"]),
                 shell("Slow", "sleep 0.3"), shell("Behind", "true", depends=["Slow"])]
        file = self.define(steps)
        self.atelier("run", file, "-j", "2", code=4)
        view = self.view("show", "pipeline")
        self.assertEqual(view["failure_reason"], "Step “Bad” failed: exit code 3: the reason")
        self.assertEqual(self.statuses("pipeline")["Behind"], "Pending")
        self.atelier("run", file, "-j", "2", "--fail-slow", code=4)
        self.assertEqual(self.statuses("pipeline"), {"Bad": "Failed", "After": "Pending", "Slow": "Succeeded", "Behind": "Succeeded"})

    def test_resume_from_failed_step(self):
        gate, effects = self.folder / "gate", self.folder / "effects"
        file = self.define([shell("First", f"echo first >> '{effects}'"), shell("Second", f"test -e '{gate}'", depends=["First"]),
                            shell("Third", f"echo third >> '{effects}'", depends=["Second"])])
        self.atelier("run", file, "--no-sandbox", code=4)
        execution = self.view("list")[0]["id"]
        gate.touch()
        self.atelier("resume", execution)
        self.assertEqual(set(self.statuses(execution).values()), {"Succeeded"})
        self.assertEqual(effects.read_text().split(), ["first", "third"])
        self.assertEqual(len(self.view("list")), 1)
        self.atelier("resume", execution, code=1)
        self.assertIn("has succeeded", self.err)

    def test_other_parameters_run_only_what_they_change(self):
        effects = self.folder / "effects"
        say = {"Std:Join": {"On": "", "Values": ["echo second ", {"Get": "Parameters.Word"}, f" >> '{effects}'"]}}
        second = shell("Second", "", depends=["First"])
        second["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = ["sh", "-c", say]
        file = self.define([shell("First", f"echo first >> '{effects}'"), second, shell("Third", f"echo third >> '{effects}'", depends=["Second"])],
                           [{"Name": "Word", "Type": "String", "DefaultValue": "a"}])
        self.atelier("run", file, "--no-sandbox")
        preview = self.view("run", "--reuse", "pipeline", "-p", "Word=b", "--dry-run")
        self.assertEqual([step["action"] for step in preview["steps"]], ["reuse", "run", "run"])
        self.atelier("run", "--reuse", "pipeline", "-p", "Word=b", "--no-sandbox")
        self.assertEqual(effects.read_text().split("\n")[:-1], ["first", "second a", "third", "second b", "third"])
        self.assertEqual(self.statuses("pipeline"), {"First": "Cached", "Second": "Succeeded", "Third": "Succeeded"})
        self.atelier("run", file, "--reuse", "pipeline", "--step", "Third", "--no-sandbox")
        self.assertEqual(effects.read_text().split("\n")[-2], "third")
        self.atelier("run", file, "--reuse", "pipeline", "--step", "Thrid", code=3)
        self.assertIn("did you mean “Third”?", self.err)

    def test_parameters_are_checked(self):
        file = self.define([shell("A", "true")], [{"Name": "Depth", "Type": "Integer"}, {"Name": "Mode", "DefaultValue": "x", "EnumValues": ["x", "y"]}])
        self.atelier("run", file, code=1)
        self.assertIn("“Depth” has no default", self.err)
        for wrong, said in (("Depth=five", "Depth"), ("Dpeth=5", "did you mean “Depth”?"), ("Mode=z", "Mode")):
            self.atelier("run", file, "-p", "Depth=5", "-p", wrong, code=1)
            self.assertIn(said, self.err)
        self.assertEqual({run["status"] for run in self.view("list")}, {"Failed"})

    def test_refused_before_start_is_still_a_run(self):
        file = self.define([shell("A", "true"), {"Name": "L", "Type": "Lambda", "FunctionArn": "arn:aws:lambda:x:1:function:f", "Arguments": {}}])
        self.atelier("run", file, code=1)
        self.assertIn("“L” is of type Lambda", self.err)
        run = self.view("list")[0]
        self.assertEqual(run["status"], "Failed")
        self.assertIn("Lambda", run["failure_reason"])
        broken = self.write("broken.json", '{"Version": "2020-12-01", "Steps": [{"Name": "A", "Type": "Trainin"}]}')
        self.atelier("run", broken, code=6)
        self.assertIn("Trainin", self.view("list")[0]["failure_reason"])

    def test_stop_from_another_program(self):
        file = self.define([shell("Long", "trap '' TERM; echo up; setsid sleep 1000 & (sleep 1000 &) ; while :; do sleep 1; done")])
        process = self.start("run", file, "--no-sandbox")
        wait_for(lambda: self.runs() and self.atelier("logs", "pipeline", "Long", code=None), "the step to run")
        stopper = self.start("stop", "pipeline")
        wait_for(lambda: self.statuses("pipeline")["Long"] == "Stopping", "the stop to arrive")
        self.atelier("stop", "pipeline", "--grace", "0")  # the second one need not wait two minutes
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5)
        stopper.communicate(timeout=60)
        self.assertEqual(stopper.returncode, 0)
        self.assertEqual(self.view("show", "pipeline")["status"], "Stopped")
        self.assertEqual(processes_with(str(self.folder)), [])

    def test_stop_without_owner(self):
        file = self.define([shell("Long", "echo up; sleep 1000")])
        process = self.start("run", file)
        wait_for(lambda: self.runs() and "up" in self.atelier("logs", "pipeline", "Long", code=None), "the step to run")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.atelier("stop", "pipeline")
        self.assertEqual(self.statuses("pipeline"), {"Long": "Stopped"})
        self.assertEqual(self.view("show", "pipeline")["status"], "Stopped")

    def test_interrupt_stops(self):
        file = self.define([shell("Long", "echo up; sleep 1000"), shell("Next", "true", depends=["Long"])])
        process = self.start("run", file)
        wait_for(lambda: self.runs() and "up" in self.atelier("logs", "pipeline", "Long", code=None), "the step to run")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, out + err)
        self.assertEqual(self.statuses("pipeline"), {"Long": "Stopped", "Next": "Pending"})
        self.assertEqual(self.view("show", "pipeline")["status"], "Stopped")

    def test_retry_policy_after_signal(self):
        marker = self.folder / "tried"
        step = shell("Killed", f"test -e '{marker}' || {{ touch '{marker}'; kill -9 $$; }}; echo done",
                     RetryPolicies=[{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2}])
        self.atelier("run", self.define([step]), "--no-sandbox")
        attempts = self.view("show", "pipeline", "Killed")["attempt_list"]
        self.assertEqual([attempt["status"] for attempt in attempts], ["Failed", "Succeeded"])
        never = shell("Exit", "exit 1", RetryPolicies=[{"ExceptionType": ["Step.SERVICE_FAULT", "SageMaker.JOB_INTERNAL_ERROR"], "MaxAttempts": 3}])
        self.atelier("run", self.define([never], name="never.json"), "--no-sandbox", code=4)
        self.assertEqual(len(self.view("show", "never", "Exit")["attempt_list"]), 1)

    def test_time_limit(self):
        self.atelier("run", self.define([shell("Slow", "sleep 1000", seconds=1)]), code=4)
        self.assertIn("limit", self.steps("pipeline")["Slow"]["failure_reason"])

    def test_register_model(self):
        make = shell("Make", "echo x > /opt/ml/processing/model/xgboost-model",
                     outputs=[("model", "s3://test/model", "/opt/ml/processing/model")])
        register = {"Name": "Register", "Type": "RegisterModel", "Arguments": {
            "ModelPackageGroupName": "Group",
            "InferenceSpecification": {"Containers": [{"Image": "x", "ModelDataUrl": {"Std:Join": {"On": "/", "Values": [
                {"Get": "Steps.Make.ProcessingOutputConfig.Outputs['model'].S3Output.S3Uri"}, "xgboost-model"]}}}],
                "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}}}
        file = self.define([make, register])
        for number in (1, 2):
            self.atelier("run", file)
            self.assertIn(f"Group version {number}, PendingManualApproval", self.out)
        models = self.view("list", "models")
        self.assertEqual([(m["group"], m["number"], m["status"]) for m in models],
                         [("Group", 2, "PendingManualApproval"), ("Group", 1, "PendingManualApproval")])
        self.assertEqual(self.view("verify")["problems"], [])

    def test_verify_reads_every_artifact(self):
        make = shell("Make", "echo one > /opt/ml/processing/out/a; echo two > /opt/ml/processing/out/b",
                     outputs=[("out", "s3://test/out", "/opt/ml/processing/out")])
        file = self.define([make])
        self.atelier("run", file)
        self.assertEqual(self.view("verify")["artifacts"], 2)
        one, two = self.workspace / "store/test/out/a", self.workspace / "store/test/out/b"
        one.chmod(0o644)
        one.write_text("one more\n")
        two.unlink()
        self.atelier("verify", code=6)
        self.assertIn("“s3://test/out/a” is not what it was", self.out)
        self.assertIn("“s3://test/out/b” is gone", self.out)
        self.atelier("run", file)
        self.assertEqual(self.view("verify")["problems"], [])

    def test_usage(self):
        self.atelier("rnu", code=2)
        self.assertIn("did you mean “run”?", self.err)
        self.atelier("run", code=2)
        self.atelier("show", "nothing", code=3)
        self.atelier("list", code=3)
        self.assertIn("no workspace", self.err)
        self.atelier("list", "modles", code=2)
        self.assertIn("did you mean “models”?", self.err)
        self.atelier("run", "x.json", "--from", "A", code=2)
        self.assertIn("--reuse", self.err)
        for verb in ("run", "resume", "stop", "list", "show", "logs", "metrics", "validate", "graph", "template", "project", "sample", "runtime",
                     "audit", "verify"):
            self.assertIn("Usage:", self.atelier(verb, "--help"))


if __name__ == "__main__":
    unittest.main()
