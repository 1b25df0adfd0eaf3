"""An engine that answers plausibly by looking at what it is asked. It knows nothing of stages; stages know nothing of it."""

import hashlib
import json
import re
from dataclasses import dataclass

import numpy as np

from modelgen.engines.protocol import Call, Generate, Reply, ScoreClasses, ScoreLabels, Usage

WORDS = re.findall(
    r"\w+",
    "river stone market winter teacher copper window bread signal forest engine letter harbour morning garden silver bridge "
    "thunder pocket museum candle orange planet farmer violin ladder island carpet mirror sugar valley doctor rocket paper "
    "kitchen mountain summer castle feather bottle shadow ticket button camera desert pepper needle basket tunnel hammer",
)
RIGHT_ANSWERS = {"14:35": "155", "240": "36", "3x": "9", "3/7": "4/9"}
TOOLS = [
    {
        "name": "find_room",
        "description": "Finds a free room.",
        "parameters": {
            "type": "object",
            "properties": {"day": {"type": "string", "description": "the day"}},
            "required": ["day"],
        },
    }
]


@dataclass
class PlausibleEngine:
    """skill: how good its responses are on average, 0 to 10. score_count: how many scores it gives as a reward model."""

    name: str = "model"
    skill: float = 5.0
    score_count: int = 1

    async def reply(self, call: Call) -> Reply:
        usage = Usage(prompt_tokens=10, completion_tokens=5)
        if isinstance(call, ScoreClasses):
            quality = float((_qualities(call.prompt) or [0])[-1])
            return Reply(numbers=tuple(quality / 3 - place * 0.1 for place in range(self.score_count)), usage=usage)
        if isinstance(call, ScoreLabels):
            return Reply(labels=self._verdict(call), usage=usage)
        assert isinstance(call, Generate)
        rng = np.random.default_rng(_number(self.name, call.prompt, call.sampling.seed))
        return Reply(texts=(self._text(call.prompt, rng),), was_cut=(False,), usage=usage)

    async def count_tokens(self, prompt: object) -> int:
        return len(str(prompt)) // 4

    async def aclose(self) -> None:
        pass

    def _verdict(self, call: ScoreLabels) -> dict[str, float]:
        found = _qualities(call.prompt)
        first_wins = len(found) < 2 or found[0] >= found[1]
        likely = call.labels[0 if first_wins else 1]
        return {label: -0.1 if label == likely else -3.0 for label in call.labels}

    def _text(self, prompt: object, rng: np.random.Generator) -> str:
        assert isinstance(prompt, tuple)
        asked = prompt[-1]["content"]
        if found := re.search(r"(?:Write|Name) (\d+) ", asked):
            return "\n".join(f"{place + 1}. {_phrase(rng)}" for place in range(int(found[1])))
        if "Rewrite it" in asked:
            return f"{asked.split('==========')[1].strip('= ').strip()} I need it for {_phrase(rng)}, {_phrase(rng)}."
        if "one JSON object" in asked and "functions" in asked:
            return json.dumps({"functions": TOOLS, "question": f"Is there a {_phrase(rng)} free on Monday?"})
        if "The table is in Markdown" in asked:
            rows = "\n".join(f"| {word} | {rng.integers(90)} |" for word in rng.choice(WORDS, 4))
            return f"Here are my figures.\n\n| name | count |\n|---|---|\n{rows}\n\nWhich {_phrase(rng)} has most?"
        if "Write what the user says next" in asked or "Begin now." in prompt[0]["content"]:
            return f"And what about {_phrase(rng)}?"
        return self._answer(asked, rng)

    def _answer(self, asked: str, rng: np.random.Generator) -> str:
        quality = int(np.clip(rng.normal(self.skill, 2), 0, 10))
        right = next((answer for mark, answer in RIGHT_ANSWERS.items() if mark in asked), None)
        if right is not None:
            return f"Of quality {quality}. The answer is {right if rng.integers(2) else '7001'}."
        text = f"Of quality {quality}. " + " ".join(f"{_phrase(rng).capitalize()}." for _ in range(rng.integers(1, 40)))
        shapes = (
            str,
            str.lower,
            str.upper,
            lambda said: f"<<A title>>\n\n* {said}\n\n* More.\n\nP.S. That is all.",
            json.dumps,
        )
        return shapes[rng.integers(len(shapes))](text)


def _phrase(rng: np.random.Generator) -> str:
    return " ".join(str(word) for word in rng.choice(WORDS, size=int(rng.integers(4, 7)), replace=False))


def _qualities(prompt: object) -> list[int]:
    return [int(each) for each in re.findall(r"quality (\d+)", str(prompt), flags=re.IGNORECASE)]


def _number(*values: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(values).encode()).digest()[:8])
