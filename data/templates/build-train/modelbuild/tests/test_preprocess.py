# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys
import tempfile
import types
import unittest
from unittest import mock

import pandas as pd

from pipelines.abalone import preprocess

ROWS = [f"{'MFI'[i % 3]},0.{300 + i},0.{200 + i},0.1,0.5,0.2,0.1,0.15,{5 + i % 12}" for i in range(100)]


class PreprocessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = pathlib.Path(folder.name)
        self.channel = self.base / "input" / "data"
        self.channel.mkdir(parents=True)

    def write(self, rows, name="abalone.csv"):
        (self.channel / name).write_text("\n".join(rows) + "\n")

    def run_main(self, *arguments):
        preprocess.main(["--base-dir", str(self.base), *arguments])
        return {
            name: pd.read_csv(self.base / name / f"{name}.csv", header=None) for name in ("train", "validation", "test")
        }

    def test_splits_every_row_once(self):
        self.write(ROWS)
        parts = self.run_main()
        self.assertEqual({name: len(part) for name, part in parts.items()}, {"train": 70, "validation": 15, "test": 15})
        lengths = sorted(length for part in parts.values() for length in part[1])
        self.assertEqual(lengths, [round(0.3 + i / 1000, 3) for i in range(100)])

    def test_label_first_then_features(self):
        self.write(ROWS)
        for part in self.run_main().values():
            self.assertEqual(part.shape[1], 1 + len(preprocess.FEATURES))
            for row in part.itertuples(index=False):
                i = round(row[1] * 1000) - 300
                self.assertEqual(row[0], 5 + i % 12)
                self.assertEqual(list(row[8:]), [float("FIM"[k] == "MFI"[i % 3]) for k in range(3)])

    def test_same_split_each_time(self):
        self.write(ROWS)
        first = self.run_main()
        for name, part in self.run_main().items():
            pd.testing.assert_frame_equal(part, first[name])

    def test_gaps_get_the_median_and_an_unknown_sex_is_none(self):
        self.write(ROWS)
        table = preprocess.read_table(self.channel)
        transform = preprocess.features().fit(table)
        table.loc[0, "height"] = None
        table.loc[0, "sex"] = None
        row = transform.transform(table.head(1))[0]
        self.assertEqual(row[preprocess.FEATURES.index("height")], 0.1)
        self.assertEqual(list(row[-3:]), [0, 0, 0])

    def test_two_tables_are_refused(self):
        self.write(ROWS)
        self.write(ROWS, "other.csv")
        with self.assertRaisesRegex(SystemExit, "holds 2"):
            self.run_main()

    def test_input_data_is_downloaded(self):
        boto3 = types.ModuleType("boto3")
        boto3.resource = mock.Mock()
        bucket = boto3.resource.return_value.Bucket
        bucket.return_value.download_file = lambda key, path: pathlib.Path(path).write_text("\n".join(ROWS))
        with mock.patch.dict(sys.modules, boto3=boto3):
            parts = self.run_main("--input-data", "s3://bucket/some/where/table.csv")
        boto3.resource.assert_called_once_with("s3")
        bucket.assert_called_once_with("bucket")
        self.assertEqual(len(parts["train"]), 70)


if __name__ == "__main__":
    unittest.main()
