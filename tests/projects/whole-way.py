# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""whole-way.py DATA DEFINITION EVALUATION: what the abalone pipeline does with DATA, step by step, without Atelier.

Run in a working copy. Trains with the hyperparameters of DEFINITION (what `python3 -m atelier compile` wrote), each
parameter with its default, and writes to EVALUATION what the condition would read.
"""

import json
import pathlib
import shutil
import sys
import tarfile
import tempfile

import pandas
import xgboost

sys.path.insert(0, ".")
from pipelines.abalone import evaluate, preprocess  # noqa: E402

data, definition, evaluation = sys.argv[1:]
definition = json.loads(pathlib.Path(definition).read_text())["PipelineDefinition"]
defaults = {f"Parameters.{parameter['Name']}": parameter["DefaultValue"] for parameter in definition["Parameters"]}


def resolved(value):
    if not isinstance(value, dict):
        return value
    if "Get" in value:
        return str(defaults[value["Get"]])
    join = value["Std:Join"]
    return join.get("On", "").join(resolved(part) for part in join["Values"])


(train,) = [step for step in definition["Steps"] if step["Type"] == "Training"]
settings = {name: resolved(value) for name, value in train["Arguments"]["HyperParameters"].items()}
with tempfile.TemporaryDirectory() as name:
    base = pathlib.Path(name)
    (base / "input" / "data").mkdir(parents=True)
    shutil.copy(data, base / "input" / "data" / "abalone.csv")
    preprocess.main(["--base-dir", name])
    table = pandas.read_csv(base / "train" / "train.csv", header=None).to_numpy()
    rounds = int(settings.pop("num_round"))
    booster = xgboost.train(settings, xgboost.DMatrix(table[:, 1:], table[:, 0]), rounds)
    (base / "model").mkdir()
    booster.save_model(base / "model" / "xgboost-model")
    with tarfile.open(base / "model" / "model.tar.gz", "w:gz") as tar:
        tar.add(base / "model" / "xgboost-model", "xgboost-model")
    evaluate.main(["--base-dir", name])
    shutil.copy(base / "evaluation" / "evaluation.json", evaluation)
