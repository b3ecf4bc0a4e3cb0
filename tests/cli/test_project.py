# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Projects from templates, as a person makes, runs, changes and deletes them; without a network and without Atelier's sample data."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from studio import SHARED, StudioTest  # noqa: E402

PYTHON = "/usr/bin/python3"
HAS_PACKAGES = subprocess.run([PYTHON, "-c", "import sklearn, xgboost, pandas"], stderr=subprocess.DEVNULL).returncode == 0
ABALONE = SHARED / "data" / "abalone.csv"


@unittest.skipUnless(HAS_PACKAGES, "scikit-learn, xgboost and pandas are not installed")
class ProjectTest(StudioTest):
    def setUp(self):
        super().setUp()
        self.environment.update(ATELIER_PYTHON=PYTHON, http_proxy="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9")

    def new(self, name, template, *arguments, **keys):
        return self.atelier("project", "new", name, "-t", template, "--folder", self.folder / name, "--offline", *arguments, **keys)

    def test_simulated_abalone_says_so_everywhere(self):
        self.new("Shells", "build-train-deploy")
        self.assertTrue(self.view("list", "projects")[0]["simulated"])
        self.atelier("run", "Shells")
        self.assertIn("simulated", self.out)
        statuses = self.statuses("Shells-train")
        self.assertEqual(sorted(statuses.values()), ["Skipped"] + 5 * ["Succeeded"], statuses)
        self.assertTrue(self.view("list", "models")[0]["simulated"])
        metrics = {metric["name"]: len(metric["values"]) for metric in self.view("metrics", "Shells-train", "TrainAbaloneModel")}
        self.assertEqual(set(metrics), {"train:rmse", "validation:rmse"})
        self.assertGreater(metrics["validation:rmse"], 10)

    def test_change_code_and_run_again(self):
        self.new("Shells", "build-train")
        self.atelier("run", "Shells")
        first = self.view("show", "Shells-train")
        self.assertFalse(first["dirty"])
        self.assertRegex(first["commit"], "^[0-9a-f]{40}$")
        self.atelier("run", "Shells")
        self.assertEqual({n: s for n, s in self.statuses("Shells-train").items() if s == "Cached"},
                         {"PreprocessAbaloneData": "Cached", "TrainAbaloneModel": "Cached", "EvaluateAbaloneModel": "Cached"})
        evaluate = self.folder / "Shells" / "modelbuild" / "pipelines" / "abalone" / "evaluate.py"
        evaluate.write_text(evaluate.read_text() + "\n# changed\n")
        self.atelier("run", "Shells")
        steps = self.steps("Shells-train")
        self.assertEqual((steps["TrainAbaloneModel"]["status"], steps["EvaluateAbaloneModel"]["status"]), ("Cached", "Succeeded"))
        self.assertIn("evaluate.py", steps["EvaluateAbaloneModel"]["why"])
        view = self.view("show", "Shells-train")
        self.assertTrue(view["dirty"])
        patch = (self.workspace / "snapshots" / view["id"] / "dirty.patch").read_text()
        self.assertIn("+# changed", patch)

    @unittest.skipUnless(ABALONE.exists(), "the abalone data set is not there")
    def test_real_data_takes_the_place_of_simulated(self):
        self.new("Shells", "build-train")
        wrong = self.write("wrong.csv", "M,1,2,3\n")
        self.atelier("project", "data", "Shells", wrong, code=1)
        self.assertIn("line 1", self.err)
        self.atelier("project", "data", "Shells", ABALONE)
        self.assertFalse(self.view("list", "projects")[0]["simulated"])
        self.atelier("run", "Shells")
        self.assertIn("≤ 6.0 → True", self.out)
        self.assertNotIn("simulated", self.out)
        self.assertIn("project.data", {event["action"] for event in self.view("audit")})

    def test_breast_cancer(self):
        self.new("Tumours", "breast-cancer")
        self.atelier("run", "Tumours")
        self.assertIn("Registered: Tumours version 1", self.out)
        self.assertFalse(self.view("list", "models")[0]["simulated"])

    def test_own_template(self):
        self.new("Shells", "build-train")
        clone = self.folder / "Shells" / "modelbuild"
        (clone / "NOTE.md").write_text("Shells is ours\n")
        git = ["git", "-C", str(clone), "-c", "user.name=A", "-c", "user.email=a@localhost"]
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", "a note"], check=True)
        subprocess.run([*git, "push", "-q", "origin", "HEAD:main"], check=True)
        self.atelier("template", "save", "Shells", "ours", "--title", "Ours")
        self.assertIn("Ours", self.atelier("template", "list"))
        self.new("Mussels", "ours")
        self.assertEqual((self.folder / "Mussels" / "modelbuild" / "NOTE.md").read_text(), "Mussels is ours\n")
        self.atelier("run", "Mussels", "--dry-run")
        self.atelier("template", "delete", "ours")
        self.assertNotIn("Ours", self.atelier("template", "list"))
        self.atelier("template", "delete", "build-train", code=None)
        self.assertIn("atelier: ", self.err)

    def test_names_and_deletion(self):
        self.new("no good", "build-train", code=1)
        self.assertFalse((self.folder / "no good").exists())
        self.new("Shells", "biuld-train", code=3)
        self.assertIn("build-train", self.err)
        self.new("Shells", "build-train")
        self.new("Shells", "build-train", code=1)
        self.atelier("project", "delete", "Shells")
        self.assertEqual(self.view("list", "projects"), [])
        self.assertTrue((self.folder / "Shells" / "modelbuild").is_dir())
        self.assertEqual(self.view("verify")["problems"], [])

    def test_sample(self):
        self.environment["HOME"] = str(self.folder / "home")
        pathlib.Path(self.environment["HOME"]).mkdir()
        self.atelier("sample", "--no-run")
        self.assertEqual([project["name"] for project in self.view("list", "projects")], ["Abalone", "BreastCancer"])
        self.atelier("sample", "--no-run")
        self.assertEqual(len(self.view("list", "projects")), 2)


if __name__ == "__main__":
    unittest.main()
