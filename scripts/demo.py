# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration: a simulated fleet of six clusters is upgraded, and upgraded again to show that nothing changes.

usage: python -m scripts.demo [--control-plane COUNT] [--time-scale X]

The collection is built and installed as a user would do it; only the endpoint and the credentials are simulated.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
import yaml

from tests.integration.harness import CALLBACKS, ROOT, SCENARIOS, HarnessError, Simulator, clean_environment

BIN = Path(sys.executable).parent
FOLDER = ROOT / ".cache" / "demo"
INSTALLED = ROOT / ".cache" / "installed"
VARIABLES = ROOT / "tests" / "demo" / "variables.yml"


class DemoError(Exception):
    """Something that the demonstration promises did not come true."""


def say(text: str) -> None:
    """Print a headline of the demonstration."""
    print(f"\n>>> {text}", flush=True)


def install_collection() -> None:
    """Build the collection's archive and install the collection from it, as from Galaxy."""
    build = ROOT / ".cache" / "build"
    shutil.rmtree(build, ignore_errors=True)
    galaxy = str(BIN / "ansible-galaxy")
    environment = clean_environment(ANSIBLE_HOME=str(ROOT / ".cache" / "ansible-home"))
    for arguments in (
        ["collection", "build", "--force", "--output-path", str(build)],
        ["collection", "install", "--force", "--offline", "-p", str(INSTALLED), "ARCHIVE"],
    ):
        archive = next(build.glob("*.tar.gz"), Path("ARCHIVE"))
        command = [galaxy, *(str(archive) if each == "ARCHIVE" else each for each in arguments)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DemoError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    print(f"installed {archive.name} ({archive.stat().st_size // 1024} kB)", flush=True)


def write_inventory(fleet: Simulator, folder: Path = FOLDER) -> Path:
    """Write the inventory into `folder`: one host for each cluster, as a user would write it."""
    given = yaml.safe_load(VARIABLES.read_text(encoding="utf-8"))
    workspaces = f"/subscriptions/{fleet.ready['subscription_id']}/resourceGroups/rg-ml/providers"
    hosts = {
        name: {"aml_cluster_id": cluster["id"], **given["hosts"].get(name, {})}
        for name, cluster in fleet.clusters.items()
    }
    for variables in hosts.values():
        name = variables["aml_workspace"]
        variables["aml_workspace"] = f"{workspaces}/Microsoft.MachineLearningServices/workspaces/{name}"
        for option in variables.keys() & {"aml_ssl_certificate_file", "aml_ssl_key_file"}:
            variables[option] = variables[option].replace("FOLDER", str(folder))
    # Azure Arc hands out no kubeconfig: the user has one.
    hosts["arc-factory"]["aml_kubeconfig"] = fleet.clusters["arc-factory"]["kubeconfig"]
    write_certificate(folder)
    inventory = folder / "inventory.yml"
    inventory.write_text(
        yaml.safe_dump({"all": {"vars": given["all"], "hosts": hosts}}, sort_keys=False), encoding="utf-8"
    )
    return inventory


def write_certificate(folder: Path) -> None:
    """Write certificate and key for the inference router of one cluster into `folder`, as a user's own CA would."""
    certificate = trustme.CA().issue_cert("scoring.example.org")
    certificate.cert_chain_pems[0].write_to_path(folder / "scoring.pem")
    key = folder / "scoring.key"
    key.touch(mode=0o600)
    certificate.private_key_pem.write_to_path(key)


@dataclass
class Run:
    """What one `ansible-playbook` run did."""

    status: int
    seconds: float
    changed: dict[str, int]
    failed: dict[str, int]


def upgrade(fleet: Simulator, inventory: Path, name: str) -> Run:
    """Run the upgrade as a user would; Ansible's own words go to the terminal."""
    results = FOLDER / f"{name}.jsonl"
    results.unlink(missing_ok=True)
    command = [str(BIN / "ansible-playbook"), "-i", str(inventory), "azureml.fleet.upgrade"]
    print(f"$ ansible-playbook -i {inventory.relative_to(ROOT)} azureml.fleet.upgrade", flush=True)
    environment = clean_environment(
        ANSIBLE_CALLBACKS_ENABLED="record_results",
        ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS),
        ANSIBLE_COLLECTIONS_PATH=str(INSTALLED),
        ANSIBLE_HOME=str(ROOT / ".cache" / "ansible-home"),
        ANSIBLE_CONFIG=str(FOLDER / "ansible.cfg"),
        FLEET_TEST_RESULTS=str(results),
        **fleet.environment,
    )
    if sys.stdout.isatty():
        environment["ANSIBLE_FORCE_COLOR"] = "true"
    (FOLDER / "ansible.cfg").write_text("[defaults]\nforks = 10\n", encoding="utf-8")
    started = time.monotonic()
    status = subprocess.run(command, cwd=FOLDER, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
    seconds = time.monotonic() - started
    records = (
        [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()] if results.exists() else []
    )
    hosts: Mapping[str, Mapping[str, int]] = records[-1].get("hosts", {}) if records else {}
    return Run(
        status,
        seconds,
        {host: counts["changed"] for host, counts in hosts.items()},
        {host: counts["failures"] + counts["unreachable"] for host, counts in hosts.items()},
    )


@contextlib.contextmanager
def control_planes(count: int) -> Iterator[list[dict[str, Any]]]:
    """Yield `count` real control planes, or none for 0; they are taken down afterwards whatever happens."""
    if not count:
        yield []
        return
    state = FOLDER / "control-plane"
    ready = FOLDER / "control-plane.json"
    nodes = FOLDER / "nodes.yml"
    nodes.write_text("[]\n", encoding="utf-8")  # the scenario's node pools become the nodes
    base = [sys.executable, "-m", "tests.control_plane"]
    options = ["--state-dir", str(state), "--count", str(count), "--nodes", str(nodes), "--ready-file", str(ready)]
    say(f"Starting {count} real Kubernetes control planes ...")
    try:
        if subprocess.run([*base, "up", *options], cwd=ROOT, check=False).returncode:
            raise DemoError("The control planes did not start; see above.")
        clusters: list[dict[str, Any]] = json.loads(ready.read_text(encoding="utf-8"))["clusters"]
        yield clusters
    finally:
        subprocess.run([*base, "down", "--state-dir", str(state)], cwd=ROOT, check=False)


def scenario_with(real: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the demonstration's scenario with its first clusters on the given real API servers."""
    scenario: dict[str, Any] = yaml.safe_load((SCENARIOS / "demo.yml").read_text(encoding="utf-8"))
    for cluster, plane in zip(scenario["clusters"], real, strict=False):
        cluster["kubernetes"] = {"kubeconfig": plane["kubeconfig"]}
        cluster["kubernetes_version"] = plane["version"].removeprefix("v")
        print(f"{cluster['name']} lives on the real API server {plane['server']} ({plane['version']})")
    return scenario


def judge(first: Run, second: Run, writes: list[dict[str, Any]]) -> None:
    """Say what the two runs showed. Raises DemoError when it is not what was promised."""
    print(f"first run:  {first.seconds:.0f} s, changed tasks: {sum(first.changed.values())}")
    print(
        f"second run: {second.seconds:.0f} s, " + ", ".join(f"{host} changed={n}" for host, n in second.changed.items())
    )
    print(f"second run: writing requests received by the simulator: {len(writes)}")
    for request in writes:
        print(f"    {request['method']} {request['path']}")
    faults = [f"{host} failed" for run in (first, second) for host, count in run.failed.items() if count]
    if first.status or second.status:
        faults.append(f"exit status {first.status} and {second.status}")
    if not sum(first.changed.values()):
        faults.append("the first run changed nothing")
    if sum(second.changed.values()) or writes:
        faults.append("the second run changed something")
    if faults:
        raise DemoError(f"The demonstration failed: {'; '.join(faults)}.")


def demonstrate(options: argparse.Namespace) -> None:
    """Run the demonstration from the installation to the verdict."""
    started = time.monotonic()
    say("Building the collection and installing it from its archive")
    install_collection()
    with control_planes(options.control_plane) as real:
        installed = time.monotonic()
        say("Starting the simulated Azure with six clusters")
        with Simulator(scenario_with(real), time_scale=options.time_scale) as fleet:
            inventory = write_inventory(fleet)
            print(f"simulator: {fleet.ready['arm']}, inventory: {inventory.relative_to(ROOT)}", flush=True)
            say("First run: the upgrade")
            first = upgrade(fleet, inventory, "first")
            position = fleet.position()
            say("Second run: nothing is left to do")
            second = upgrade(fleet, inventory, "second")
            say("What was shown")
            judge(first, second, fleet.writes(since=position))
    print(
        f"{time.monotonic() - installed:.0f} s after the installation, which took {installed - started:.0f} s; "
        f"reports: {(FOLDER / 'aml-report').relative_to(ROOT)}/"
    )


def main() -> int:
    """Return 0 when everything that the demonstration promises came true."""
    parser = argparse.ArgumentParser(description="Upgrade a simulated fleet twice.")
    parser.add_argument(
        "--control-plane", type=int, default=0, metavar="COUNT", help="clusters on a real Kubernetes API"
    )
    parser.add_argument("--time-scale", type=float, metavar="X", help="simulated seconds per second")
    options = parser.parse_args()
    os.umask(0o077)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        demonstrate(options)
    except (DemoError, HarnessError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
