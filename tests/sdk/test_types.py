# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""The package is fully typed."""

import importlib.util
import sys
import unittest

from support import SDK, SdkTestCase


@unittest.skipUnless(importlib.util.find_spec("mypy"), "mypy is not installed")
class TypesTest(SdkTestCase):
    def test_strict(self):
        done = self.run_python(
            "-m", "mypy", "--strict", "--python-version", f"{sys.version_info.major}.{sys.version_info.minor}",
            "--cache-dir", self.folder / "cache", SDK / "atelier",
        )
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
