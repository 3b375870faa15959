# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody could check: the beliefs of `beliefs.yml`, and which answer holds in a simulation.

A behaviour of the simulator has a source, or it is a belief. Code that depends on a belief asks for its answer,

    if fleet.beliefs.answer("extension-state-after-patch") == "unchanged":

and a scenario chooses another one than the default by its key `beliefs`. So the collection is tested under all answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FILE = Path(__file__).parent.parent / "beliefs.yml"


class UnknownBeliefError(ValueError):
    """A belief, or an answer to one, that `beliefs.yml` does not have; the message names what it has."""


class Belief(BaseModel):
    """One question about the real services that nobody could answer without a subscription."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: The question, one sentence.
    question: str
    #: What somebody with a subscription types to answer it.
    command: str
    #: Where the default answer comes from: a document, a client's source, what users reported, or a guess.
    origin: str
    #: The names of the possible answers, and what each of them means.
    answers: dict[str, str] = Field(min_length=2)
    #: The answer that holds where a scenario does not choose another one.
    default: str
    #: What the collection does when another answer is the true one.
    collection: str
    #: Whether the answer is the same for the whole fleet, or may differ from cluster to cluster.
    of: Literal["fleet", "cluster"] = "fleet"
    #: Why no behaviour of the simulator depends on the belief; None when code asks for its answer.
    not_simulated: str | None = None

    @model_validator(mode="after")
    def _default_is_an_answer(self) -> Belief:
        if self.default not in self.answers:
            raise ValueError(f"the default {self.default!r} is none of the answers {', '.join(self.answers)}")
        return self


@cache
def every_belief() -> Mapping[str, Belief]:
    """Read all beliefs, by id. Raises pydantic.ValidationError when the file does not have their form."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {identifier: Belief.model_validate(belief) for identifier, belief in content.items()}


def other_answers() -> Iterator[tuple[str, str]]:
    """Yield the id and the answer of everything that is simulated and not the default: what a test should try."""
    for identifier, belief in every_belief().items():
        if belief.not_simulated is None:
            yield from ((identifier, answer) for answer in belief.answers if answer != belief.default)


class Beliefs:
    """The answers that hold in one simulation."""

    def __init__(self, chosen: Mapping[str, str] | None = None) -> None:
        """Take the defaults, and `chosen` (answers by id) in their place. Raises UnknownBeliefError."""
        self._answers = {identifier: belief.default for identifier, belief in every_belief().items()}
        for identifier, answer in (chosen or {}).items():
            check_answer(identifier, answer)
            self._answers[identifier] = answer

    def answer(self, identifier: str) -> str:
        """Return the answer that holds. Raises UnknownBeliefError."""
        if identifier not in self._answers:
            raise UnknownBeliefError(_unknown(identifier))
        return self._answers[identifier]


def check_answer(identifier: str, answer: str, *, of_a_cluster: bool = False) -> None:
    """Raise UnknownBeliefError unless the simulator has such a belief (for a cluster) and the belief such an answer."""
    belief = every_belief().get(identifier)
    if belief is None:
        raise UnknownBeliefError(_unknown(identifier))
    if belief.not_simulated is not None:
        raise UnknownBeliefError(f"no behaviour depends on the belief {identifier!r}: {belief.not_simulated}")
    if of_a_cluster and belief.of != "cluster":
        raise UnknownBeliefError(f"belief {identifier!r} is one of the whole fleet, and of no cluster by itself")
    if answer not in belief.answers:
        known = ", ".join(belief.answers)
        raise UnknownBeliefError(f"belief {identifier!r} has no answer {answer!r}; its answers are {known}")


def _unknown(identifier: str) -> str:
    return f"there is no belief {identifier!r}; {FILE.name} has {', '.join(every_belief())}"
