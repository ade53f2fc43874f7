#!/usr/bin/env python3
"""PyMongo's own tests against a set of ours, as a ratchet.

Fetches PyMongo's source package, starts `checker cluster up`, runs groups of its tests, and compares with
`pymongo.passed`: the tests that passed once must pass again. Prints passed and run per group; tests that PyMongo skips
are not run. Ends with 1 when a listed test did not pass.

  tests/outside/pymongo.py                  all groups
  tests/outside/pymongo.py crud session     some groups
  tests/outside/pymongo.py --grow           also adds to the list what passes now
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tarfile
import time
import venv
import xml.etree.ElementTree
from pathlib import Path

VERSION = "4.20.0"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "outside"
LIST = HERE / "pymongo.passed"
FILE_SECONDS_MAX = 600
TEST_SECONDS_MAX = 45
# What another file's tests left behind is none of the next one's business.
CLEAN = """
import sys, pymongo
client = pymongo.MongoClient("127.0.0.1", int(sys.argv[1]))
client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
for name in client.list_database_names():
    if name not in ("admin", "config", "local"):
        client.drop_database(name)
"""

GROUPS = {
    "crud": ["crud_unified", "crud_v1"],
    "retryable-writes": ["retryable_writes", "retryable_writes_unified"],
    "retryable-reads": ["retryable_reads", "retryable_reads_unified"],
    "session": ["session", "sessions_unified"],
    "causal": ["causal_consistency"],
    "concerns": ["read_concern", "write_concern", "read_write_concern_spec"],
    "monitoring": ["monitoring", "command_monitoring"],
    "collection": ["collection", "collection_management", "bulk", "comment"],
    "database": ["database", "run_command", "custom_types"],
    "cursor": ["cursor"],
    "client": ["client", "read_preferences", "connections_survive_primary_stepdown_spec"],
    "index": ["index_management"],
    "gridfs": ["gridfs", "gridfs_bucket", "gridfs_spec", "grid_file"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="the groups to run; all by default")
    parser.add_argument("--grow", action="store_true", help="add what passes now to the list")
    parser.add_argument("--uri-port", type=int, help="a set that runs already: its first member's port")
    parser.add_argument("--why", action="store_true", help="print why tests failed")
    arguments = parser.parse_args()
    python = environment()
    source = sources(python)
    port = arguments.uri_port or up()
    try:
        chosen = arguments.groups or list(GROUPS)
        results = {group: run(python, source, port, group, arguments.why) for group in chosen}
    finally:
        if not arguments.uri_port:
            down()
    return judge(results, arguments.grow)


def environment():
    """A Python with PyMongo and what its tests need."""
    python = WORK / "python" / "bin" / "python"
    if not python.exists():
        venv.create(WORK / "python", with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, f"pymongo=={VERSION}", "pytest>=8.2", "pytest-asyncio>=0.24", "pytest-timeout"], check=True)
    return python


def sources(python):
    """PyMongo's source package, which has its tests. They run against the installed package beside it."""
    folder = WORK / f"pymongo-{VERSION}"
    if not folder.exists():
        fetch = [python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*fetch, "--no-binary", ":all:", f"pymongo=={VERSION}", "--dest", WORK], check=True)
        with tarfile.open(WORK / f"pymongo-{VERSION}.tar.gz") as package:
            package.extractall(WORK, filter="data")
    return folder


def checker(*words):
    program = os.environ.get("CHECKER")
    command = [program] if program else ["cargo", "run", "--quiet", "--package", "checker", "--"]
    return subprocess.run([*command, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def up():
    # Some of PyMongo's tests know the default port only.
    place = ["--port", "27017" if are_free(range(27017, 27020)) else "0", "--directory", str(WORK / "set")]
    if (WORK / "set" / "cluster.json").exists():
        down()
    prebuilt = ["--node", os.environ["NODE"]] if "NODE" in os.environ else []
    started = checker("--json", "cluster", "up", *place, *prebuilt, "--", "--setParameter", "enableTestCommands=1")
    if started.returncode:
        sys.exit("the set did not come up")
    return int(json.loads(started.stdout)["members"][0]["host"].rsplit(":", 1)[1])


def are_free(ports):
    try:
        for port in ports:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def down():
    checker("cluster", "down", "--directory", str(WORK / "set"))


def run(python, source, port, group, why):
    """One group, a file at a time, so that one that hangs takes nothing with it but itself."""
    begun = time.monotonic()
    results = {}
    for name in GROUPS[group]:
        if (source / f"test/test_{name}.py").exists():
            results.update(run_file(python, source, port, name, why))
    passed = sum(outcome == "passed" for outcome in results.values())
    run_count = sum(outcome != "skipped" for outcome in results.values())
    share = 100 * passed // run_count if run_count else 0
    seconds = time.monotonic() - begun
    print(f"{group:<18}{passed:>5} of {run_count:<5}{share:>4} %   {len(results) - run_count} skipped, {seconds:.0f} s", flush=True)
    return results


def run_file(python, source, port, name, why):
    subprocess.run([python, "-c", CLEAN, str(port)], check=False)
    report = WORK / f"{name}.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "--tb=short" if why else "--tb=line", "-p", "no:cacheprovider", f"--junitxml={report}"]
    options += [f"--timeout={TEST_SECONDS_MAX}", "-o", "addopts=", "-o", "log_cli_level=CRITICAL"]
    with open(WORK / f"{name}.log", "w+") as log:
        try:
            subprocess.run(
                [python, "-m", "pytest", *options, f"test/test_{name}.py"],
                cwd=source,
                env={**os.environ, "DB_IP": "127.0.0.1", "DB_PORT": str(port)},
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=FILE_SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            print(f"{name}: not done within {FILE_SECONDS_MAX} s; its tests count as not there", flush=True)
        if why:
            log.seek(0)
            print(log.read())
    return outcomes(report)


def outcomes(report):
    """Each test's outcome by its name."""
    if not report.exists():
        return {}
    found = {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
        name = f"{case.get('classname')}::{case.get('name')}"
        # A test that failed in its tear-down comes twice.
        found[name] = "failed" if "failed" in (found.get(name), outcome) else outcome
    return found


def judge(results, grow):
    listed = set(LIST.read_text().split("\n")) - {""} if LIST.exists() else set()
    now = {f"{group} {name}": outcome for group, found in results.items() for name, outcome in found.items()}
    lost = sorted(
        name for name in listed if name.split(" ")[0] in results and now.get(name) != "passed"
    )
    passed = {name for name, outcome in now.items() if outcome == "passed"}
    run_count = sum(outcome != "skipped" for outcome in now.values())
    print(f"all               {len(passed):>5} of {run_count}; {len(passed - listed)} of them not in the list yet")
    if grow:
        LIST.write_text("\n".join(sorted(listed | passed)) + "\n")
    for name in lost:
        print(f"LOST: {name} ({now.get(name, 'not there')})")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
