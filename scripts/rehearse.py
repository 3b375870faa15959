# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearse without Azure: a simulated fleet that stays, and an environment that points everything at it.

usage: python -m scripts.rehearse [--scenario NAME] [--time-scale X]

It runs until Ctrl-C. The environment holds the simulated service principal's secret, which opens nothing real.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import yaml

from scripts.demo import BIN, INSTALLED, DemoError, install_collection, say, write_inventory
from tests.integration.harness import FOREIGN_VARIABLES, ROOT, HarnessError, Simulator

FOLDER = ROOT / ".cache" / "rehearsal"
ENVIRONMENT = FOLDER / "environment.sh"
LOCK = FOLDER.with_suffix(".lock")
KUBECONFIG = FOLDER / "kubeconfig"


def environment(fleet: Simulator) -> dict[str, str]:
    """Return the variables for playbooks, `az` and `kubectl`."""
    return {
        **fleet.environment,
        "ANSIBLE_COLLECTIONS_PATH": str(INSTALLED),
        "ANSIBLE_HOME": str(ROOT / ".cache" / "ansible-home"),
        "AZURE_CONFIG_DIR": str(FOLDER / "azure"),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "KUBECONFIG": str(KUBECONFIG),
        # `az` asks nobody else for its authorities (docs.python-requests.org, "SSL Cert Verification").
        "REQUESTS_CA_BUNDLE": fleet.ready["ca_file"],
    }


def script(fleet: Simulator) -> str:
    """Return the text for a shell to read."""
    ready = fleet.ready
    name = "azureml-fleet-rehearsal"
    foreign = " ".join(FOREIGN_VARIABLES)
    exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environment(fleet).items())
    return f"""# Points this shell at the simulated Azure of `make rehearse`, and takes out what leads to a real one.
# Close the shell when the rehearsal is over.
for prefix in {foreign}; do
    for name in $(env | sed -n "s/^\\($prefix[A-Za-z0-9_]*\\)=.*/\\1/p"); do unset "$name"; done
done
{exports}export PATH={shlex.quote(str(BIN))}:"$PATH"

# `az` keeps clouds and logins in AZURE_CONFIG_DIR, which is not your own here.
rehearsal_az_login() {{
    az cloud register -n {name} --endpoint-resource-manager {ready["arm"]} --only-show-errors 2>/dev/null
    az cloud set -n {name} --only-show-errors &&
        az login --service-principal -u "$AZURE_CLIENT_ID" --password="$AZURE_SECRET" --tenant "$AZURE_TENANT" \\
            --only-show-errors --output none
}}
"""


def write_kubeconfig(fleet: Simulator) -> None:
    """Write one kubeconfig with a context for each cluster, called as the host of the inventory."""
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
    for name, cluster in fleet.clusters.items():
        own = yaml.safe_load(Path(cluster["kubeconfig"]).read_text(encoding="utf-8"))
        merged["clusters"].append({"name": name, "cluster": own["clusters"][0]["cluster"]})
        merged["users"].append({"name": name, "user": own["users"][0]["user"]})
        merged["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    KUBECONFIG.write_text(yaml.safe_dump(merged), encoding="utf-8")


def keep_reports_here(inventory: Path) -> None:
    """Let reports go beside the inventory: those of a real fleet in the folder of the user are none of ours."""
    found = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    found["all"]["vars"]["aml_report_directory"] = str(FOLDER / "aml-report")
    inventory.write_text(yaml.safe_dump(found, sort_keys=False), encoding="utf-8")


def rehearse(options: argparse.Namespace) -> None:
    """Start the fleet, write what points at it, and wait for Ctrl-C."""
    say("Building the collection and installing it from its archive")
    install_collection()
    with Simulator(options.scenario, time_scale=options.time_scale) as fleet:
        inventory = write_inventory(fleet, FOLDER)
        keep_reports_here(inventory)
        write_kubeconfig(fleet)
        ENVIRONMENT.write_text(script(fleet), encoding="utf-8")
        say(f"The simulated fleet of {len(fleet.clusters)} clusters runs until Ctrl-C. In another terminal:")
        print(f". {ENVIRONMENT}\nansible-playbook -i {inventory} azureml.fleet.preflight", flush=True)
        signal.pause()


def main() -> int:
    """Return 0 after Ctrl-C."""
    parser = argparse.ArgumentParser(description="Simulate a fleet until Ctrl-C.")
    parser.add_argument("--scenario", default="demo", help="name of a scenario with the demonstration's clusters")
    parser.add_argument("--time-scale", type=float, metavar="X", help="simulated seconds per second")
    options = parser.parse_args()
    # Said for both: a shell starts what runs in its background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    os.umask(0o077)
    with LOCK.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another rehearsal is running in this checkout; end it first (Ctrl-C).", file=sys.stderr)
            return 1
        return alone(options)


def alone(options: argparse.Namespace) -> int:
    """Rehearse in a folder that nobody else has now, and leave nothing behind that would lead nowhere."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    try:
        rehearse(options)
    except (DemoError, HarnessError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
