# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One contract, two Kubernetes APIs: each keeps it, and what they say is the same or is listed with its reason."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NotRequired, TypedDict

import pytest
import yaml

from tests.contract.conftest import KNOWN_DIFFERENCES, Side
from tests.contract.conversations import Talk, all_conversations
from tests.contract.recording.recorder import Said, differences

CONVERSATIONS = all_conversations()
each_conversation = pytest.mark.parametrize(("name", "talk"), CONVERSATIONS.items(), ids=CONVERSATIONS)


class KnownDifference(TypedDict):
    """An entry of known_differences.yml: patterns, and why it is so; with `versions`, in these of Kubernetes only."""

    conversation: str
    step: str
    where: str
    reason: str
    versions: NotRequired[list[str]]


def known_differences(version: str) -> list[KnownDifference]:
    """The entries of the list for a version of Kubernetes such as 1.35.4."""
    found: list[KnownDifference] = yaml.safe_load(KNOWN_DIFFERENCES.read_text("utf-8"))["differences"]
    minor = ".".join(version.split(".")[:2])
    return [entry for entry in found if minor in entry.get("versions", [minor])]


@pytest.mark.parametrize("side", [pytest.param("real", marks=pytest.mark.control_plane), "simulated"], indirect=True)
@each_conversation
def test_contract(side: Side, name: str, talk: Talk) -> None:
    assert side.converse(name, talk)


@pytest.mark.control_plane
@each_conversation
def test_both_say_the_same(real_side: Side, simulated_side: Side, name: str, talk: Talk) -> None:
    found = compare(real_side.converse(name, talk), simulated_side.converse(name, talk))
    unknown = [line for step, where, line in found if not is_known(real_side.version, name, step, where)]
    assert not unknown, "\n".join(["real server and simulator differ:", *unknown])


@pytest.mark.control_plane
def test_known_differences_are_still_there(real_side: Side, simulated_side: Side) -> None:
    """An entry that explains nothing is out of date."""
    seen = [
        (name, step, where)
        for name, talk in CONVERSATIONS.items()
        for step, where, _unused in compare(real_side.converse(name, talk), simulated_side.converse(name, talk))
    ]
    stale = [
        entry for entry in known_differences(real_side.version) if not any(matches(entry, *place) for place in seen)
    ]
    assert not stale


def compare(real: list[Said], simulated: list[Said]) -> list[tuple[str, str, str]]:
    """All differences of two records: (step, where, one line for people)."""
    found = []
    for left, right in zip(real, simulated, strict=False):
        for where, a, b in differences(vars(left), vars(right)):
            found.append((left.step, where, f"  [{left.step}] {where}: real {a!r}, simulated {b!r}"))
    if len(real) != len(simulated):
        found.append(("", "length", f"  {len(real)} steps on the real server, {len(simulated)} on the simulator"))
    return found


def is_known(version: str, name: str, step: str, where: str) -> bool:
    """Whether the list explains this difference."""
    return any(matches(entry, name, step, where) for entry in known_differences(version))


def matches(entry: KnownDifference, name: str, step: str, where: str) -> bool:
    """Whether an entry's patterns fit a difference."""
    return (
        fnmatchcase(name, entry["conversation"])
        and fnmatchcase(step, entry["step"])
        and fnmatchcase(where.replace("[", "(").replace("]", ")"), entry["where"])
    )
