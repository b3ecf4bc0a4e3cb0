# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Packs serving code into the artifacts of a model.

It runs as the program of a training job: the artifacts are in channel “training”, the code lies beside this file, and what
it writes to the model folder becomes the new artifacts. The script, or with a source folder everything beside it, goes to
code/, the dependencies to code/lib/.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tarfile
from pathlib import Path


def repack(archive: Path, code: Path, script: str, with_folder: bool, dependencies: "list[str]", target: Path) -> None:
    """Unpacks the archive into target and puts the code into it."""
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as packed:
        # Newer Pythons warn of an archive without a filter, though the entries are checked here.
        setattr(packed, "extraction_filter", getattr(tarfile, "data_filter", None))
        for member in packed.getmembers():
            place = (target / member.name).resolve()
            if not (member.isfile() or member.isdir()) or target.resolve() not in [place, *place.parents]:
                raise SystemExit(f"The model archive has the entry “{member.name}”, which is not unpacked")
            packed.extract(member, target)
    inner = target / "code"
    if inner.exists():
        shutil.rmtree(inner)
    inner.mkdir()
    library = set(dependencies)
    for thing in sorted(code.iterdir()):
        if thing.name in (Path(__file__).name, "__pycache__"):
            continue
        if thing.name in library:
            place = inner / "lib" / thing.name
        elif with_folder or thing.name == script:
            place = inner / thing.name
        else:
            continue
        place.parent.mkdir(exist_ok=True)
        if thing.is_dir():
            shutil.copytree(thing, place)
        else:
            shutil.copy2(thing, place)


def main() -> None:
    """Reads the hyperparameters that the training toolkit passes as arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inference_script", required=True)
    parser.add_argument("--model_archive", default="model.tar.gz")
    parser.add_argument("--source_dir", default="")
    parser.add_argument("--dependencies", default="")
    arguments, _ = parser.parse_known_args()
    channel = Path(os.environ.get("SM_CHANNEL_TRAINING", "/opt/ml/input/data/training"))
    archive = channel / arguments.model_archive.rsplit("/", 1)[-1]
    if not archive.is_file():
        found = sorted(channel.glob("*.tar.gz"))
        if len(found) != 1:
            raise SystemExit(f"The channel “training” has no model archive “{archive.name}”")
        archive = found[0]
    repack(
        archive,
        Path(__file__).resolve().parent,
        arguments.inference_script,
        arguments.source_dir not in ("", "None"),
        [] if arguments.dependencies in ("", "None") else arguments.dependencies.split(),
        Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")),
    )


if __name__ == "__main__":
    main()
