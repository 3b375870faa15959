"""What every test shares: the collection under its full name, the simulator, Ansible."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.integration.harness import Ansible, Scenario, Simulator

ROOT = Path(__file__).resolve().parent.parent
StartSimulator = Callable[..., Simulator]

pytest_plugins = ["tests.control_plane.fixtures", "tests.distribution"]


def _link_collection() -> None:
    """Make `ansible_collections.azureml.fleet` importable: a tree with one link to this checkout."""
    link = ROOT / ".cache" / "tree" / "ansible_collections" / "azureml" / "fleet"
    if not link.is_symlink():
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another worker was quicker
            link.symlink_to(ROOT, target_is_directory=True)
    importlib.invalidate_caches()


_link_collection()


@pytest.fixture(scope="session")
def simulator() -> Iterator[StartSimulator]:
    """Return a function that starts a simulator on a scenario; all end with the session at the latest."""
    with ExitStack() as stack:

        def start(scenario: Scenario, *, time_scale: float | None = None) -> Simulator:
            return stack.enter_context(Simulator(scenario, time_scale=time_scale))

        yield start


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    """Return a runner of `ansible-playbook` whose files live in the test's own folder."""
    return Ansible(tmp_path / "ansible")


@pytest.fixture(scope="module")
def module_ansible(tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    """Return a runner of `ansible-playbook` for fixtures that live as long as a test module."""
    return Ansible(tmp_path_factory.mktemp("ansible"))
