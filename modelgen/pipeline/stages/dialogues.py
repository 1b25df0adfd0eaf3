"""Conversations of several turns, in which a model plays the assistant and a model, mostly the same, plays the user.

For the user's side the roles are swapped: what the user said becomes what the model said, and the other way round; who the
user is stands in a first message. A two-turn prompt ends with the user's second message, a dialogue with an answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from modelgen.asking import Asking, CannotParse
from modelgen.engines.protocol import Sampling
from modelgen.options import Between, FileOption
from modelgen.pipeline.basis import ROLE, AskingOptions, StageBasis
from modelgen.pipeline.data import chosen_lines
from modelgen.pipeline.reading import read_turn
from modelgen.pipeline.rows import assistant, child, joined, prompt_child, same_form, short_digest, user
from modelgen.pipeline.stage import Row

LONGEST_USER_TURN = 4000
LONGEST_ANSWER = 20_000
Messages = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class ConversationOptions(AskingOptions):
    model: Annotated[str, ROLE, "the role that plays the assistant"] = "writer"
    user_model: Annotated[str | None, ROLE, "the role that plays the user; without it the assistant's"] = None
    personas: Annotated[FileOption | None, "people who may be the user, one a line, in place of the shipped list"] = (
        None
    )


class Conversation(StageBasis[ConversationOptions]):
    """What both kinds below share: each prompt gets a persona, and turns are asked for one by one."""

    options_type = ConversationOptions

    def prepare(self, inputs: Sequence[Sequence[Row]], rng: np.random.Generator) -> list[Row]:
        personas = chosen_lines(self.options.personas, "personas.txt")
        return [
            child(row, persona=personas[rng.integers(len(personas))]) for row in joined(inputs, "messages") if asks(row)
        ]

    def answer(self, messages: Messages, rng: np.random.Generator) -> Asking[Messages]:
        """The conversation with the assistant's next turn."""
        (reply,) = yield [self.generate(messages, rng)]
        return [*messages, assistant(read_turn(reply, role="assistant", longest=LONGEST_ANSWER))]

    def follow_up(self, messages: Messages, persona: str, rng: np.random.Generator) -> Asking[Messages]:
        """The conversation with the user's next turn. Raises CannotParse when the user says the same again."""
        role = self.options.user_model or self.options.model
        (reply,) = yield [self.generate(seen_by_user(messages, persona), rng, role)]
        said = read_turn(reply, role="user", longest=LONGEST_USER_TURN)
        if same_form(said) in {same_form(message["content"]) for message in messages}:
            raise CannotParse("The model that plays the user repeated what was said before.")
        return [*messages, user(said)]


class TwoTurn(Conversation):
    """Prompts of the form user, assistant, user."""

    kind = "two-turn"
    sampling = Sampling(temperature=0.7, most_tokens=2048)

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        answered = yield from self.answer(row["messages"], rng)
        messages = yield from self.follow_up(answered, row["persona"], rng)
        return [prompt_child(row, messages, "two-turn")]


@dataclass(frozen=True, kw_only=True)
class DialoguesOptions(ConversationOptions):
    turns: Annotated[int, Between(1, 10), "how often the user speaks, the prompt included"] = 3


class Dialogues(Conversation):
    """Whole conversations, greedy: rows with the last answer as their only response."""

    kind = "dialogues"
    makes_responses = True
    options_type = DialoguesOptions
    options: DialoguesOptions
    sampling = Sampling(temperature=0.0, most_tokens=2048)

    def asking(self, row: Row, rng: np.random.Generator) -> Asking[list[Row]]:
        messages = yield from self.answer(row["messages"], rng)
        while turns_of(messages) < self.options.turns:
            messages = yield from self.follow_up(messages, row["persona"], rng)
            messages = yield from self.answer(messages, rng)
        return [self._dialogue(row, messages)]

    def _dialogue(self, row: Row, messages: Messages) -> Row:
        last = messages[-1]["content"]
        response = {"id": short_digest(last), "text": last, "model": self.model_name(self.options.model)}
        return prompt_child(row, messages[:-1], "dialogue", responses=[response])


def asks(row: Row) -> bool:
    """Whether it is a user who speaks last."""
    return bool(row["messages"][-1]["role"] == "user")


def turns_of(messages: Messages) -> int:
    return sum(message["role"] == "user" for message in messages)


def seen_by_user(messages: Messages, persona: str) -> Messages:
    """The conversation as a model gets it that is to write the user's next message; ends with what the assistant said."""
    swapped = {"user": assistant, "assistant": user}
    said = [swapped[message["role"]](message["content"]) for message in messages if message["role"] in swapped]
    return [user(_AS_USER.format(persona=persona)), *said]


_AS_USER = """\
Let us play a conversation. You are not the assistant in it but the person who asks: {persona}
I am the assistant. Speak only as that person, in the first person, one message at a time, as people type: short, to the
point, without politeness that nobody needs. Go on from what I said: ask for more about a part of it, doubt it, bring in
something of your own situation, or ask the next thing that you need. Never answer your own question, never thank me and
end, never say that you are a model, and put no name before your message.
Begin now."""
