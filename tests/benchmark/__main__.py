# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run costs: CPU-seconds of the controller for each host and task, and calls for each cluster.

usage: python -m tests.benchmark [--hosts N] [--clusters N] [--forks N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.benchmark.measurements import measure_calls, measure_fleet, measure_host_task
from tests.integration.harness import temporary_ansible


def main() -> int:
    """Measure and print; the exit status is 0 when every run succeeded."""
    parser = argparse.ArgumentParser(description="Measure what runs against the simulator cost.")
    parser.add_argument("--hosts", type=int, default=20, help="hosts of the play that runs both ways (default 20)")
    parser.add_argument("--clusters", type=int, default=20, help="clusters of the upgraded fleet (default 20)")
    parser.add_argument("--forks", type=int, default=10)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here, too")
    options = parser.parse_args()
    with temporary_ansible() as ansible:
        numbers = {
            "host_task": measure_host_task(ansible, options.hosts, options.forks),
            "calls": measure_calls(ansible),
            "fleet": measure_fleet(ansible, options.clusters, options.forks),
        }
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    for name, value in ((f"{part}.{key}", value) for part, values in numbers.items() for key, value in values.items()):
        print(f"{name:60} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
