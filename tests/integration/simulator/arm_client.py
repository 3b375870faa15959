# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain client of the simulated ARM, for what the SDKs hide: status, headers, exact bodies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import requests

from tests.integration.harness import ReadyFile

TIMEOUT = 30
#: What a request asks for when a test does not say it: the first part of the path that fits.
VERSIONS = (
    ("microsoft.resources/", "2022-09-01"),
    ("microsoft.features/", "2021-07-01"),
    ("/register", "2022-09-01"),
    ("microsoft.kubernetesconfiguration/", "2023-05-01"),
    ("microsoft.authorization/", "2022-04-01"),
    ("microsoft.relay/", "2017-04-01"),
    ("microsoft.containerservice/", "2025-08-01"),
    ("microsoft.kubernetes/", "2024-01-01"),
    ("microsoft.machinelearningservices/", "2024-10-01"),
)


class ArmClient:
    """Signs in once and sends requests to ARM."""

    def __init__(self, ready: ReadyFile) -> None:
        self.base = ready["arm"]
        self.subscription = f"/subscriptions/{ready['subscription_id']}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ready["ca_file"]
        self.session.headers["Authorization"] = f"Bearer {self._token(ready)}"

    def _token(self, ready: ReadyFile) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": ready["client_id"],
            "client_secret": ready["client_secret"],
            "scope": f"{ready['arm']}/.default",
        }
        url = f"{ready['authority']}/{ready['tenant_id']}/oauth2/v2.0/token"
        return str(self.session.post(url, data=form, timeout=TIMEOUT).json()["access_token"])

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> requests.Response:
        """Send a request; `path` is a full URL, or follows the subscription when it does not begin with a slash."""
        if path.startswith("https://"):
            return self.session.request(method, path, json=body, headers=headers, timeout=TIMEOUT)
        url = f"{self.base}{path}" if path.startswith("/") else f"{self.base}{self.subscription}/{path}"
        asked = default_version(path) if version is None else version
        parameters = {"api-version": asked, **query}
        return self.session.request(method, url, params=parameters, json=body, headers=headers, timeout=TIMEOUT)

    def wait(self, answer: requests.Response, seconds: float = 30) -> requests.Response:
        """Poll the status URL of `answer` until its operation has ended; returns the last status answer."""
        url = answer.headers["Azure-AsyncOperation"]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.session.get(url, timeout=TIMEOUT)
            if found.json()["status"] in ("Succeeded", "Failed", "Canceled"):
                return found
            time.sleep(0.05)
        raise TimeoutError(f"the operation did not end within {seconds} s: {found.text}")


def default_version(path: str) -> str:
    """An api-version that the resource type of `path` has."""
    for part, version in VERSIONS:
        if part in path.lower():
            return version
    return "2022-09-01"
