# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.simulator`: run a simulated Azure until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import math
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.simulator.app import Simulator
from tests.simulator.server import Server, write_ready_file
from tests.simulator.state.scenario import Scenario, ScenarioError, load_scenario

LOG = logging.getLogger("tests.simulator")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator; returns the exit code: 0 after a signal, 2 for a scenario or port that cannot be used."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        scenario = load_scenario(options.scenario)
        asyncio.run(_run(options, scenario))
    except ScenarioError as error:
        LOG.error("%s", error)
        return 2
    except OSError as error:
        LOG.error("the simulator cannot start: %s", error)
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="A simulated Azure for tests.")
    parser.add_argument("--scenario", type=Path, required=True, help="YAML file that describes the fleet")
    parser.add_argument(
        "--ready-file", type=Path, required=True, help="JSON file written when connections are accepted"
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    parser.add_argument(
        "--time-scale", type=_positive, default=None, help="simulated seconds per real second (default: the scenario's)"
    )
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if math.isnan(value) or value <= 0:
        raise argparse.ArgumentTypeError("must be greater than 0")
    return value


async def _run(options: argparse.Namespace, scenario: Scenario) -> None:
    ready: Path = options.ready_file.resolve()
    ready.unlink(missing_ok=True)
    server = Server(Simulator(scenario, options.time_scale), ready.with_name(f"{ready.name}.d"), options.port)
    await server.start()
    try:
        write_ready_file(ready, server.ready_document())
        LOG.info("simulating %d clusters at %s", len(scenario.clusters), server.simulator.base_url)
        await _stopped()
    finally:
        await server.stop()
        with contextlib.suppress(OSError):
            ready.unlink()


async def _stopped() -> None:
    """Wait for SIGTERM or SIGINT."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, event.set)
    await event.wait()


if __name__ == "__main__":
    sys.exit(main())
