# SPDX-FileCopyrightText: The Atelier contributors
# SPDX-License-Identifier: Apache-2.0
"""Every verb and option that the program tells of itself is in the manual page and in the completion, and nothing that it
does not know is in either of them, or in the commands of the README."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(os.environ["ATELIER_SOURCE_ROOT"])
ATELIER = os.environ["ATELIER"]
COMPLETION = ROOT / "data" / "completion" / "atelier"
MANUAL = ROOT / "data" / "man" / "atelier.1"
README = ROOT / "README.md"


def atelier(*arguments, **options):
    return subprocess.run([ATELIER, *arguments], capture_output=True, text=True, timeout=60, **options)


def read_verbs():
    """Verb → the text behind it in the overview."""
    overview = atelier("help").stdout
    return dict(re.findall(r"^  ([a-z]+) (.*)$", overview, re.M))


def read_options(verb):
    """(long options with “=” where they take a value, short ones) of a verb's help."""
    text = atelier(verb, "--help").stdout
    found = re.findall(r"^  (?:(-[a-zA-Z]), )?(--[a-z-]+)(=?)", text, re.M)
    return {name + equals for _, name, equals in found}, {short for short, _, _ in found if short}


VERBS = read_verbs()
OPTIONS = {verb: read_options(verb) for verb in VERBS if verb != "help"}


def plain_manual():
    """The page without its markup."""
    text = MANUAL.read_text(encoding="utf-8")
    text = re.sub(r'^\.\\".*$', "", text, flags=re.M)
    text = re.sub(r"^\.[A-Z]+ ?", "", text, flags=re.M)
    return re.sub(r"\\f[A-Z]", "", text).replace("\\-", "-").replace("\\&", "").replace('"', "")


def check_command(test, line):
    """A command line of an example: its verb and its options exist."""
    words = re.split(r"\s+", re.sub(r"\s{2,}.*|[#|].*$", "", re.sub(r"#\d", "", line)).strip())
    verb = words[1] if len(words) > 1 else ""
    if verb.startswith("--version") or verb.startswith("--help"):
        return
    test.assertIn(verb, VERBS, line)
    for word in words[2:]:
        option = word.split("=")[0]
        if re.fullmatch(r"--[a-z-]+", option):
            test.assertIn(option, {name.rstrip("=") for name in OPTIONS[verb][0]}, line)
        elif re.fullmatch(r"-[a-z]", option):
            test.assertIn(option, OPTIONS[verb][1], line)


class Manual(unittest.TestCase):
    def test_verbs(self):
        self.assertGreater(len(VERBS), 10)
        verbs = plain_manual().split("\nVERBS\n")[1].split("\nOPTIONS OF EVERY VERB\n")[0]
        for verb in VERBS:
            self.assertRegex(verbs, rf"(?m)^{verb}( |$)", verb)

    def test_options(self):
        text = plain_manual()
        for verb, (names, shorts) in OPTIONS.items():
            for name in names:
                self.assertRegex(text, rf"(?m)(^|[ ,|]){re.escape(name.rstrip('='))}\b", f"{verb} {name}")
            for short in shorts:
                self.assertRegex(text, rf"(?m)^{short} ?,", f"{verb} {short}")

    def test_nothing_else(self):
        known = {name.rstrip("=") for names, _ in OPTIONS.values() for name in names} | {"--version"}
        for name in re.findall(r"(?<![\w-])--[a-z][a-z-]*", plain_manual()):
            self.assertIn(name, known)

    def test_exit_codes(self):
        codes = re.findall(r"\b(\d) [a-z]", atelier("help").stdout.split("Exit codes:")[1])
        text = plain_manual().split("\nEXIT STATUS\n")[1].split("\nENVIRONMENT\n")[0]
        self.assertEqual(codes, [str(code) for code in range(7)])
        for code in codes:
            self.assertRegex(text, rf"(?m)^{code}$")

    def test_environment(self):
        names = set()
        for path in (ROOT / "src").rglob("*.c"):
            if path.parent.name in ("cli", "engine", "projects", "runner"):
                names |= set(re.findall(r'g_getenv \("(\w+)"\)', path.read_text(encoding="utf-8")))
        text = plain_manual().split("\nENVIRONMENT\n")[1].split("\nFILES\n")[0]
        self.assertIn("ATELIER_WORKSPACE", names)
        for name in names:
            self.assertRegex(text, rf"(?m)^{name}$")

    def test_examples(self):
        lines = re.findall(r"^(?:.*\|\| )?(atelier .*)$", plain_manual().split("\nEXAMPLES\n")[1], re.M)
        self.assertGreater(len(lines), 5)
        for line in lines:
            check_command(self, line)

    def test_markup(self):
        """Two checkers, each where it is installed."""
        found = False
        for command in (["groff", "-ww", "-man", "-Tutf8", "-z"], ["mandoc", "-T", "lint", "-W", "warning"]):
            if shutil.which(command[0]) is None:
                continue
            found = True
            result = subprocess.run([*command, str(MANUAL)], capture_output=True, text=True, timeout=60)
            self.assertEqual(result.stderr + (result.stdout if command[0] == "mandoc" else ""), "", command[0])
        if not found:
            self.skipTest("neither groff nor mandoc is installed")


DRIVER = r"""
source "$1"; shift
COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_atelier
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
"""


def split_words(line):
    """As readline does: at blanks, and around each “=” and “:”."""
    words = [part for word in line.split(" ") if word for part in re.findall(r"[^=:]+|[=:]+", word)]
    return words + [""] if line.endswith(" ") else words


@unittest.skipUnless(shutil.which("bash"), "bash is not installed")
class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="atelier-docs-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "bin").mkdir()
        (cls.folder / "bin" / "atelier").symlink_to(ATELIER)
        (cls.folder / "home").mkdir()
        definition = {
            "Version": "2020-12-01",
            "Parameters": [{"Name": "MaxDepth", "Type": "Integer", "DefaultValue": 5}],
            "Steps": [
                {"Name": "Refuse", "Type": "Fail", "Arguments": {"ErrorMessage": "on purpose"}},
                {"Name": "RefuseAgain", "Type": "Fail", "Arguments": {"ErrorMessage": "as well"}},
            ],
        }
        (cls.folder / "refuse.json").write_text(json.dumps(definition), encoding="utf-8")
        (cls.folder / "data.csv").write_text("1\n", encoding="utf-8")
        cls.environment = {
            "PATH": f"{cls.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(cls.folder / "home"),
            "LC_ALL": "C.UTF-8",
            "ATELIER_WORKSPACE": str(cls.folder / "workspace"),
        }
        run = atelier("run", "refuse.json", "-q", env=cls.environment, cwd=cls.folder)
        assert run.returncode == 4, run.stderr
        cls.execution = json.loads(atelier("list", "--json", env=cls.environment).stdout)[0]["id"]

    def complete(self, line, workspace="workspace"):
        environment = {**self.environment, "ATELIER_WORKSPACE": str(self.folder / workspace)}
        result = subprocess.run(["bash", "--norc", "-c", DRIVER, "bash", str(COMPLETION), line, *split_words(line)],
                                capture_output=True, text=True, timeout=60, env=environment, cwd=self.folder)
        self.assertEqual(result.stderr, "", line)
        return result.stdout.splitlines()

    def test_verbs(self):
        self.assertEqual(sorted(self.complete("atelier ")), sorted(VERBS))
        self.assertEqual(sorted(self.complete("atelier help ")), sorted(VERBS))
        self.assertEqual(self.complete("atelier --"), ["--help", "--version"])

    def test_options(self):
        for verb, (names, shorts) in OPTIONS.items():
            offered = set(self.complete(f"atelier {verb} -"))
            self.assertEqual(offered, names | shorts, verb)

    def test_values(self):
        """An option whose “=” says that it takes a value never has an argument offered in its place."""
        for verb, (names, _) in OPTIONS.items():
            for name in names:
                if name.endswith("=") and name not in ("--data=", "--folder=", "--output=", "--workspace="):
                    offered = self.complete(f"atelier {verb} {name[:-1]} ", "nowhere")
                    self.assertNotIn("refuse.json", offered, f"{verb} {name}")
        self.assertEqual(self.complete("atelier list --status=F"), ["Failed"])
        self.assertEqual(self.complete("atelier list --status F"), ["Failed"])
        self.assertEqual(self.complete("atelier graph x --format "), ["dot", "svg"])
        self.assertIn("data.csv", self.complete("atelier sample --data d"))
        self.assertEqual(self.complete("atelier sample --data r"), [])

    def test_arguments(self):
        self.assertEqual(sorted(self.complete("atelier list ")), ["executions", "models", "pipelines", "projects", "templates"])
        self.assertEqual(self.complete("atelier list --limit 3 m"), ["models"])
        self.assertEqual(self.complete("atelier validate r"), ["refuse.json"])
        self.assertEqual(self.complete("atelier run -p MaxDepth=7 r"), ["refuse.json"])
        self.assertEqual(self.complete("atelier project new X --template https://example.org/x.git --data d"), ["data.csv"])
        self.assertEqual(self.complete("atelier project data X d"), ["data.csv"])
        self.assertEqual(self.complete("atelier runtime set python:* x"), ["xgboost"])
        self.assertIn("breast-cancer", self.complete("atelier template show b"))
        for verb in ("template", "project", "runtime"):
            actions = VERBS[verb].split(" ")[0].split("|")
            self.assertEqual(self.complete(f"atelier {verb} "), actions)

    def test_names(self):
        three = sorted([self.execution, "refuse", "refuse#1"])
        self.assertEqual(sorted(self.complete("atelier show ")), three)
        self.assertEqual(self.complete("atelier logs refuse#"), ["refuse#1"])
        self.assertEqual(self.complete("atelier show refuse "), ["Refuse", "RefuseAgain"])
        self.assertEqual(self.complete("atelier logs refuse#1 RefuseA"), ["RefuseAgain"])
        self.assertEqual(self.complete("atelier run --reuse refuse --from RefuseA"), ["RefuseAgain"])
        self.assertEqual(self.complete("atelier run refuse.json -p M"), ["MaxDepth="])
        self.assertEqual(self.complete("atelier list --pipeline "), ["refuse"])

    def test_no_workspace(self):
        self.assertEqual(self.complete("atelier show ", "nowhere"), [])
        self.assertEqual(self.complete("atelier show x ", "nowhere"), [])
        self.assertEqual(self.complete("atelier run --reuse ", "nowhere"), [])
        self.assertEqual(sorted(self.complete(f"atelier show -w {self.folder}/workspace ref", "nowhere")), ["refuse", "refuse#1"])
        self.assertEqual(sorted(self.complete(f"atelier show --workspace={self.folder}/workspace ref", "nowhere")), ["refuse", "refuse#1"])
        self.assertFalse((self.folder / "nowhere").exists())

    def test_terminal(self):
        """The Tab key in a real shell."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {**self.environment, "TERM": "dumb", "PS1": "$ "})
        try:
            os.write(terminal, f"source {COMPLETION}\n".encode())
            self.wait_for(terminal, rb"source.*\n.*\$ $")
            os.write(terminal, b"atelier show --workspace=work\t ref\t\t")
            self.wait_for(terminal, rb"--workspace=workspace/?\s+refuse")
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    def wait_for(self, terminal, pattern):
        said, until = b"", time.monotonic() + 30
        while not re.search(pattern, said, re.S):
            self.assertLess(time.monotonic(), until, said)
            if select.select([terminal], [], [], 0.1)[0]:
                said += os.read(terminal, 4096).replace(b"\a", b"")


class Readme(unittest.TestCase):
    def test_commands(self):
        text = README.read_text(encoding="utf-8")
        lines = re.findall(r"^(?: {4}|\$ )(atelier .*)$", text, re.M)
        self.assertGreater(len(lines), 5)
        for line in lines:
            check_command(self, line)

    def test_paths(self):
        """What it points to is there."""
        text = README.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:src|tests|data)/[\w./-]*)`", text) + re.findall(r"\]\(([\w./-]+)\)", text):
            self.assertTrue((ROOT / path).exists(), path)


if __name__ == "__main__":
    unittest.main()
