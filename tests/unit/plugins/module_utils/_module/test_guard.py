# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libraries print and log while a core runs, and what leaves a task in the end."""

from __future__ import annotations

import logging
import sys

import pytest

from ansible_collections.azureml.fleet.plugins.module_utils._foundation.secrets import BLANK, Secrets
from ansible_collections.azureml.fleet.plugins.module_utils._module.call import Call, Outcome, result_of
from ansible_collections.azureml.fleet.plugins.module_utils._module.guard import (
    cleaned_result,
    environment_secrets,
    guarded,
)

SECRETS = Secrets(["swordfish"])


@pytest.mark.parametrize("name", ["azure.identity", "urllib3.connectionpool", "kubernetes.client.rest", "msal"])
def test_log_records_of_libraries_hold_no_secret(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger=name.partition(".")[0])  # the Kubernetes client silences urllib3
    logger = logging.getLogger(name)
    with guarded(SECRETS):
        logger.info("sent %s\nto %s", "swordfish", "host\x1b[2J")
        logger.debug("%d", "swordfish")  # a mistake of the library: `logging` prints the arguments with it
        try:
            raise ValueError("Invalid header value b'Bearer swordfish\\n'")
        except ValueError:
            logger.exception("failed", stack_info=True)
    logger.info("afterwards")
    assert "swordfish" not in caplog.text
    assert rf"sent {BLANK}\nto host\x1b[2J" in caplog.messages
    assert f"ValueError: Invalid header value b'Bearer {BLANK}" in caplog.text
    assert logging.getLogRecordFactory() is logging.LogRecord


def test_what_libraries_print_is_held_back(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded(SECRETS) as printed:
        print("swordfish")
        print("swordfish", file=sys.stderr)
    assert printed.getvalue().count("swordfish") == 2
    assert capsys.readouterr() == ("", "")


def test_unexpected_failure_has_a_traceback_without_secrets() -> None:
    def core(_call: Call) -> Outcome:
        raise ValueError("Invalid header value b'Bearer swordfish\\n'")

    result = cleaned_result(result_of(core, Call(params={}), SECRETS), SECRETS)
    assert result["failed"] is True
    assert "swordfish" not in str(result)
    assert result["exception"].count("\n") > 2


def test_sentences_stand_on_one_line_and_data_keeps_its_newlines() -> None:
    result = {
        "msg": "Helm says:\nswordfish\x1b[2J",
        "warnings": ["a\nb"],
        "lines": ["c\rd"],
        "deprecations": [{"msg": "e\nf", "version": "2.0.0"}],
        "pods": [{"message": "g\nh\x07"}],
        "changed": False,
    }
    assert cleaned_result(result, SECRETS) == {
        "msg": rf"Helm says:\n{BLANK}\x1b[2J",
        "warnings": [r"a\nb"],
        "lines": [r"c\rd"],
        "deprecations": [{"msg": r"e\nf", "version": "2.0.0"}],
        "pods": [{"message": "g\nh\\x07"}],
        "changed": False,
    }


def test_unknown_token_in_a_sentence_is_blanked() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhcm0ifQ.c2lnbmF0dXJl"
    assert cleaned_result({"msg": f"got {token}"}, Secrets()) == {"msg": f"got {BLANK}"}


def test_passwords_of_the_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:swordfish@proxy")
    monkeypatch.setenv("NO_PROXY", "http://user:other@proxy")
    assert set(environment_secrets()) >= {"swordfish", "user:swordfish"}
    assert "other" not in set(environment_secrets())


@pytest.mark.parametrize(
    "name",
    [
        "AZURE_CLIENT_SECRET",
        "AZURE_SECRET",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "AZURE_PASSWORD",
        "IDENTITY_HEADER",
        "MSI_SECRET",
        "K8S_AUTH_PASSWORD",
        "K8S_AUTH_API_KEY",
    ],
)
def test_secrets_of_the_environment_are_known_whatever_the_options_say(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "swordfish")
    assert Secrets(environment_secrets()).message("see swordfish") == f"see {BLANK}"
