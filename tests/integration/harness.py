# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts the real parts of a test: the simulator as a process, `ansible-playbook` as a process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict, cast

import yaml

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "tests" / "simulator" / "scenarios"
CALLBACKS = ROOT / "tests" / "integration" / "callback_plugins"
COLLECTIONS = ROOT / ".cache" / "tree"
WRITING_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: A request that asks for something without changing it although its method could.
READING_POSTS = (
    "listclusterusercredential",
    "listclusteradmincredential",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
)
#: Variables of the person who runs the tests that would reach Azure or a cluster, or change Ansible.
FOREIGN_VARIABLES = (
    "ANSIBLE_",
    "AZURE_",
    "AZUREML_FLEET_CA",
    "K8S_AUTH_",
    "KUBECONFIG",
    "MSI_",
    "IDENTITY_",
    "ARM_",
)

Scenario = str | Path | Mapping[str, Any]


class ClusterEntry(TypedDict):
    """A cluster in the simulator's ready file."""

    id: str
    name: str
    kind: str
    kubeconfig: str


class ReadyFile(TypedDict):
    """What the simulator writes once it accepts connections."""

    arm: str
    authority: str
    tenant_id: str
    client_id: str
    client_secret: str
    subscription_id: str
    ca_file: str
    control: str
    metadata: str
    clusters: list[ClusterEntry]


class HarnessError(Exception):
    """A part of the test could not be started; the message holds what it printed."""


def scenario_file(scenario: Scenario, folder: Path) -> Path:
    """Return the path of `scenario`: a path, the name of a file in scenarios/, or a scenario as data."""
    if isinstance(scenario, Mapping):
        path = folder / "scenario.yml"
        path.write_text(yaml.safe_dump(dict(scenario)), encoding="utf-8")
        return path
    path = Path(scenario)
    if path.exists():
        return path
    named = SCENARIOS / f"{scenario}.yml"
    if not named.exists():
        raise HarnessError(f"there is no scenario {scenario!r}, neither as a file nor in {SCENARIOS}")
    return named


#: Names the `ansible-playbook` of another environment, with another ansible-core and the collection's requirements.
PLAYBOOK_VARIABLE = "AZUREML_FLEET_TEST_ANSIBLE_PLAYBOOK"


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without what could lead to real services, the tests' tools first in PATH."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN_VARIABLES)}
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    for name in ("NO_PROXY", "no_proxy"):
        kept[name] = ",".join(filter(None, [kept.get(name, ""), "127.0.0.1,localhost"]))
    return {**kept, **more}


class Simulator:
    """One running simulator process, and its control API."""

    def __init__(self, scenario: Scenario, *, time_scale: float | None = None, ready_timeout: float = 60.0) -> None:
        """Start it and wait until it accepts connections; `time_scale` is simulated seconds per second."""
        self._folder = tempfile.TemporaryDirectory(prefix="fleet-simulator-")
        folder = Path(self._folder.name)
        self.ready_path = folder / "ready.json"
        self._log_path = folder / "log.txt"
        command = [sys.executable, "-m", "tests.simulator"]
        command += ["--scenario", str(scenario_file(scenario, folder)), "--ready-file", str(self.ready_path)]
        if time_scale is not None:
            command += ["--time-scale", str(time_scale)]
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=clean_environment(), stdout=log, stderr=subprocess.STDOUT
            )
        self.pid = self._process.pid
        self.ready = self._wait_for_ready_file(ready_timeout)
        self._tls = ssl.create_default_context(cafile=self.ready["ca_file"])

    def _wait_for_ready_file(self, timeout: float) -> ReadyFile:
        deadline = time.monotonic() + timeout
        while not self.ready_path.exists():
            if self._process.poll() is not None:
                raise HarnessError(f"the simulator ended with {self._process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                self.stop()
                raise HarnessError(f"the simulator was not ready after {timeout:.0f} s")
            time.sleep(0.02)
        return cast(ReadyFile, json.loads(self.ready_path.read_text(encoding="utf-8")))

    @property
    def clusters(self) -> dict[str, ClusterEntry]:
        """The fleet's clusters by name."""
        return {cluster["name"]: cluster for cluster in self.ready["clusters"]}

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point our modules at the simulated cloud, as they would at any private one."""
        ready = self.ready
        return {
            "AZURE_CLIENT_ID": ready["client_id"],
            "AZURE_SECRET": ready["client_secret"],
            "AZURE_TENANT": ready["tenant_id"],
            "AZURE_SUBSCRIPTION_ID": ready["subscription_id"],
            "AZURE_CLOUD_ENVIRONMENT": ready["metadata"],
            "AZURE_DISABLE_INSTANCE_DISCOVERY": "true",
            "AZUREML_FLEET_CA_FILE": ready["ca_file"],
        }

    def log(self) -> str:
        """Return what the process printed."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control API; return its JSON answer, or None for an empty one."""
        request = urllib.request.Request(  # noqa: S310  # always the simulator's own https address
            f"{self.ready['control']}/{path.lstrip('/')}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls)
        )
        with opener.open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def request_log(
        self, *, since: int | None = None, service: str | None = None, cluster: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the requests that were answered, oldest first."""
        wanted = {"since": since, "service": service, "cluster": cluster}
        query = urllib.parse.urlencode({name: value for name, value in wanted.items() if value is not None})
        requests: list[dict[str, Any]] = self.control("GET", f"requests?{query}")["requests"]
        return requests

    def writes(self, *, since: int | None = None) -> list[dict[str, Any]]:
        """Return the requests that could have changed something in Azure or in a cluster."""
        return [request for request in self.request_log(since=since) if is_writing(request)]

    def position(self) -> int:
        """Return a number to give to `request_log(since=…)` later."""
        return max((int(request["index"]) for request in self.request_log()), default=-1) + 1

    def fault(self, match: Mapping[str, Any], *, occurrence: str | int = "next", **effect: Any) -> Any:
        """Let the requests that `match` fail, wait, be cut or be throttled: see the control API."""
        return self.control("POST", "faults", {"match": dict(match), "occurrence": occurrence, **effect})

    def state(self) -> dict[str, Any]:
        """Return the whole simulated fleet as data."""
        return cast(dict[str, Any], self.control("GET", "state"))

    def reset(self) -> None:
        """Go back to the scenario's first state, with an empty log and no faults."""
        self.control("POST", "reset")

    def cpu_seconds(self) -> float:
        """Return the CPU-seconds that the process has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End the process; safe to call twice."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def is_writing(request: Mapping[str, Any]) -> bool:
    """Tell whether a logged request writes; tokens, credentials and access reviews are questions by POST."""
    if request["method"].upper() not in WRITING_METHODS or request["service"] == "identity":
        return False
    return not request["path"].lower().rstrip("/").endswith(READING_POSTS)


@dataclass
class TaskResult:
    """One result as Ansible's callbacks saw it."""

    status: str
    task: str
    action: str
    host: str
    result: dict[str, Any]
    item: bool = False


@dataclass
class AnsibleRun:
    """What an `ansible-playbook` process did."""

    command: list[str]
    rc: int
    stdout: str
    stderr: str
    tasks: list[TaskResult]
    stats: dict[str, dict[str, int]]
    artifacts: dict[str, Any] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def of(self, task: str, host: str | None = None) -> TaskResult:
        """Return the result of the only task of that name (on `host`); items of loops do not count."""
        found = [
            each
            for each in self.tasks
            if each.task.endswith(task) and not each.item and each.status != "retry" and host in (None, each.host)
        ]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} results of {task!r} on {host or 'any host'}\n{self.describe()}")
        return found[0]

    def changed(self) -> dict[str, int]:
        """Return the number of changed tasks of each host."""
        return {host: counts["changed"] for host, counts in self.stats.items()}

    def describe(self) -> str:
        """Return everything that helps to understand a failed test."""
        return f"$ {' '.join(self.command)}\nrc={self.rc}\n{self.stdout}\n{self.stderr}"

    def check(self, *, rc: int = 0) -> AnsibleRun:
        """Raise AssertionError with all output when the process ended otherwise than with `rc`."""
        assert self.rc == rc, self.describe()
        return self


class Ansible:
    """Runs `ansible-playbook` as users do, and returns results as data."""

    def __init__(self, folder: Path, collections: Sequence[Path] = (COLLECTIONS,)) -> None:
        """Keep every file that Ansible writes under `folder`; find collections in `collections` only."""
        self._folder = folder
        self._collections = collections
        self._runs = 0

    def _environment(self, run: Path, more: Mapping[str, str]) -> dict[str, str]:
        usual = {
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "record_results",
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(str(path) for path in self._collections),
            "ANSIBLE_CONFIG": str(run / "ansible.cfg"),
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "ANSIBLE_HOME": str(self._folder / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_RETRY_FILES_ENABLED": "false",
            "FLEET_TEST_RESULTS": str(run / "results.jsonl"),
        }
        return clean_environment(**{**usual, **more})

    def __call__(
        self,
        playbook: str | Path | Sequence[Mapping[str, Any]],
        *,
        inventory: Path | Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        check: bool = False,
        diff: bool = False,
        timeout: float = 300.0,
    ) -> AnsibleRun:
        """Run a playbook: a path, a full name such as azureml.fleet.upgrade, or plays as data."""
        self._runs += 1
        run = self._folder / f"run-{self._runs}"
        run.mkdir(parents=True)
        (run / "results.jsonl").touch()
        (run / "ansible.cfg").touch()  # an empty one, so that no other is found
        command = [os.environ.get(PLAYBOOK_VARIABLE, "ansible-playbook"), self._playbook(playbook, run)]
        command += ["-i", self._inventory(inventory, run)]
        if variables:
            (run / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
            command += ["-e", f"@{run / 'variables.json'}"]
        command += ["--check"] * check + ["--diff"] * diff + list(arguments)
        return self._run(command, run, environment or {}, timeout)

    @staticmethod
    def _playbook(playbook: str | Path | Sequence[Mapping[str, Any]], run: Path) -> str:
        if isinstance(playbook, (str, Path)):
            return str(playbook)
        path = run / "playbook.yml"
        path.write_text(json.dumps(list(playbook)), encoding="utf-8")
        return str(path)

    @staticmethod
    def _inventory(inventory: Path | Mapping[str, Any] | None, run: Path) -> str:
        if inventory is None:
            return "localhost,"
        if isinstance(inventory, Path):
            return str(inventory)
        path = run / "inventory.yml"
        path.write_text(yaml.safe_dump(dict(inventory), sort_keys=False), encoding="utf-8")
        return str(path)

    def _run(self, command: list[str], run: Path, environment: Mapping[str, str], timeout: float) -> AnsibleRun:
        started = time.monotonic()
        before = os.times()
        with (run / "stdout").open("w+") as stdout, (run / "stderr").open("w+") as stderr:
            process = subprocess.Popen(
                command,
                cwd=run,
                env=self._environment(run, environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            try:
                process.wait(timeout=timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise HarnessError(
                    f"{' '.join(command)} did not end in {timeout:.0f} s\n{(run / 'stdout').read_text()}"
                ) from None
        after = os.times()
        records = [json.loads(line) for line in (run / "results.jsonl").read_text(encoding="utf-8").splitlines()]
        final: dict[str, Any] = next((record for record in records if record["status"] == "stats"), {})
        return AnsibleRun(
            command=command,
            rc=process.returncode,
            stdout=(run / "stdout").read_text(encoding="utf-8", errors="replace"),
            stderr=(run / "stderr").read_text(encoding="utf-8", errors="replace"),
            tasks=[TaskResult(**record) for record in records if record["status"] != "stats"],
            stats=final.get("hosts", {}),
            artifacts=final.get("custom", {}).get("_run", {}),
            cpu_seconds=after.children_user + after.children_system - before.children_user - before.children_system,
            seconds=time.monotonic() - started,
        )


@contextlib.contextmanager
def temporary_ansible() -> Iterator[Ansible]:
    """Yield an `Ansible` with a folder of its own, for use outside pytest."""
    with tempfile.TemporaryDirectory(prefix="fleet-ansible-") as folder:
        yield Ansible(Path(folder))
