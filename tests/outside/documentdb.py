#!/usr/bin/env python3
"""The functional tests of the DocumentDB project against a set of ours, as a ratchet.

Fetches the tests at one commit, runs groups of them against a set, and compares with `documentdb.passed`: a line for each
test function with how many of its cases passed, which may only grow. Prints passed and run per group; tests that need what no
set of this kind has are skipped by the suite itself. Ends with 1 when a function passes less than it did.

  tests/outside/documentdb.py --uri-port 27017                all groups against a set that runs already
  tests/outside/documentdb.py --uri-port 27017 query update   some groups
  tests/outside/documentdb.py --uri-port 27017 --grow         also adds to the list what passes now
"""

import argparse
import collections
import os
import re
import subprocess
import sys
import time
import venv
import xml.etree.ElementTree
from pathlib import Path

COMMIT = "935605ab"
REPOSITORY = "https://github.com/documentdb/functional-tests"
HERE = Path(__file__).resolve().parent
WORK = HERE.parent.parent / "target" / "outside"
LIST = HERE / "documentdb.passed"
TEST_SECONDS_MAX = 30
FOLDER_SECONDS_MAX = 900
TESTS = "documentdb_tests/compatibility/tests/core"

# What no row promises, and a minute each: geography, text search.
FOLDERS_LEFT_OUT = ("geospatial", "text")

GROUPS = {
    "query": "operator/query",
    "update": "operator/update",
    "crud": "query_and_write",
    "indexes": "indexes",
    "cursors": "cursors",
    "sessions": "sessions",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="the groups to run; all by default")
    parser.add_argument("--uri-port", type=int, required=True, help="a member's port (`checker cluster up` tells it)")
    parser.add_argument("--grow", action="store_true", help="add what passes now to the list")
    parser.add_argument("--causes", type=int, default=0, metavar="N", help="print the N commonest first lines of failures")
    arguments = parser.parse_args()
    source = sources()
    python = environment(source)
    now, causes = {}, collections.Counter()
    for group in arguments.groups or list(GROUPS):
        now.update(run(python, source, arguments.uri_port, group, causes))
    for cause, count in causes.most_common(arguments.causes):
        print(f"{count:>6}  {cause}")
    return judge(now, arguments.groups or list(GROUPS), arguments.grow)


def sources():
    """The tests at their commit. `DOCUMENTDB_GIT` names a git directory that has it; without it it is cloned."""
    folder = WORK / f"documentdb-{COMMIT}"
    if not folder.exists():
        bare = os.environ.get("DOCUMENTDB_GIT")
        if not bare:
            bare = str(WORK / "documentdb.git")
            subprocess.run(["git", "clone", "--quiet", "--bare", REPOSITORY, bare], check=True)
        archive = subprocess.run(
            ["git", f"--git-dir={bare}", "archive", COMMIT, "documentdb_tests"], check=True, stdout=subprocess.PIPE
        )
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], check=True, input=archive.stdout)
    return folder


def environment(source):
    python = WORK / "python-documentdb" / "bin" / "python"
    if not python.with_name("pytest").exists():
        venv.create(WORK / "python-documentdb", with_pip=True)
        wanted = ["pytest", "pytest-xdist", "pytest-json-report", "pytest-timeout", "pymongo", "pyyaml", "jinja2"]
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
        subprocess.run(install, check=True)
    return python


def run(python, source, port, group, causes):
    """One group, a folder at a time, so that one that hangs takes nothing with it but itself."""
    begun = time.monotonic()
    root = source / TESTS / GROUPS[group]
    parts = {path.name: [path] for path in sorted(root.iterdir()) if is_asked(path)}
    own = sorted(root.glob("test_*.py"))
    if own:
        parts["own"] = own
    passed, ran, skipped = collections.Counter(), collections.Counter(), 0
    for name, paths in parts.items():
        for case in run_part(python, source, port, f"{group}-{name}", paths):
            kinds = {child.tag: child for child in case}
            if "skipped" in kinds:
                skipped += 1
                continue
            name = f"{group} {case.get('classname').split('.core.')[-1]}::{case.get('name').split('[')[0]}"
            failure = kinds.get("failure", kinds.get("error"))
            ran[name] += 1
            passed[name] += failure is None
            if failure is not None:
                causes[cause(failure.get("message") or failure.text or "")] += 1
    total = sum(ran.values())
    share = 100 * sum(passed.values()) // total if total else 0
    seconds = time.monotonic() - begun
    print(f"{group:<12}{sum(passed.values()):>6} of {total:<6}{share:>4} %   {skipped} skipped, {seconds:.0f} s", flush=True)
    return {name: (passed[name], ran[name]) for name in ran}


def is_asked(path):
    return path.is_dir() and path.name not in FOLDERS_LEFT_OUT and any(path.rglob("test_*.py"))


def run_part(python, source, port, name, paths):
    report = WORK / f"documentdb-{name}.xml"
    report.unlink(missing_ok=True)
    address = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "--tb=short", f"--junitxml={report}"]
    command += ["-n", "2", f"--timeout={TEST_SECONDS_MAX}", "--connection-string", address, "--engine-name", "mongodb"]
    command += ["-c", "documentdb_tests/pytest.ini", "--rootdir", "documentdb_tests", *map(str, paths)]
    with open(WORK / f"documentdb-{name}.log", "w") as log:
        environ = {**os.environ, "PYTHONPATH": str(source)}
        try:
            subprocess.run(command, cwd=source, env=environ, stdout=log, stderr=subprocess.STDOUT, timeout=FOLDER_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            print(f"{name}: not done within {FOLDER_SECONDS_MAX} s; its tests count as not there", flush=True)
    if not report.exists():
        return []
    return list(xml.etree.ElementTree.parse(report).getroot().iter("testcase"))


def cause(message):
    """Numbers and names that differ from case to case are left out, so that equal causes count together."""
    told = re.search(r"'errmsg': (\"[^\"]*\"|'[^']*')|Actual[^\n]*code[^\n]*|error[^\n]*", message)
    line = told.group(0) if told else message.split("\n")[0]
    return re.sub(r"test_[a-zA-Z0-9_]*|[0-9a-f]{8,}|\d+", "#", line)[:160]


def judge(now, groups, grow):
    listed = {}
    if LIST.exists():
        for line in LIST.read_text().splitlines():
            name, count = line.rsplit(" ", 1)
            listed[name] = int(count)
    passed = sum(count for count, _ in now.values())
    total = sum(ran for _, ran in now.values())
    print(f"all         {passed:>6} of {total}")
    lost = [name for name, count in listed.items() if name.split(" ")[0] in groups and now.get(name, (0, 0))[0] < count]
    if grow:
        for name, (count, _) in now.items():
            if count > listed.get(name, 0):
                listed[name] = count
        LIST.write_text("".join(f"{name} {count}\n" for name, count in sorted(listed.items())))
    for name in sorted(lost):
        print(f"LOST: {name}: {now.get(name, (0, 0))[0]} of {listed[name]}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
