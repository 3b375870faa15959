# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection, the kubernetes package and kubectl ask of a cluster, as conversations with an API server.

Each is a function that takes a Conversation, asks, and asserts what must hold on any Kubernetes. Everything it asks
is also recorded, and the records of the real API server and of the simulator's are compared as a whole.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from tests.contract.recording.recorder import Conversation

Talk = Callable[[Conversation], None]


def all_conversations() -> dict[str, Talk]:
    """Every public function of this package's modules, as `module.function`."""
    found: dict[str, Talk] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for name, function in vars(module).items():
            if callable(function) and not name.startswith("_") and function.__module__ == module.__name__:
                found[f"{module_info.name}.{name}"] = function
    return found
