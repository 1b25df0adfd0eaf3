"""A second implementation: what transformers computes for the questions on stdin. Run in vLLM's environment.

reference.py FOLDER < [{"next": ["A", " A"], "prompt": ...}, {"state": true, "prompt": ...}, {"scores": true, "prompt": ...}]

Writes one JSON list: log-probabilities of these texts' first tokens as what comes next; the last hidden state; the scores.
A prompt is a text or a list of messages; a list of messages is answered in `next`, and ends with a response otherwise.
"""

import json
import sys
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

MODELS = {"next": AutoModelForCausalLM, "state": AutoModel, "scores": AutoModelForSequenceClassification}


def answer(folder: str, questions: list[dict[str, Any]]) -> list[Any]:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    loaded: dict[str, Any] = {}
    said = []
    for question in questions:
        (kind,) = MODELS.keys() & question.keys()
        if kind not in loaded:
            loaded[kind] = MODELS[kind].from_pretrained(folder, dtype=torch.float32).eval()
        tokens = tokens_of(tokenizer, question["prompt"], answers=kind == "next")
        with torch.no_grad():
            said.append(reading(tokenizer, loaded[kind](tokens), kind, question))
    return said


def tokens_of(tokenizer: Any, prompt: Any, *, answers: bool) -> torch.Tensor:
    if isinstance(prompt, str):
        return tokenizer(prompt, return_tensors="pt").input_ids
    text = tokenizer.apply_chat_template(prompt, add_generation_prompt=answers, tokenize=False)
    return tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids


def reading(tokenizer: Any, output: Any, kind: str, question: dict[str, Any]) -> Any:
    if kind == "scores":
        return output.logits[0].tolist()
    if kind == "state":
        return output.last_hidden_state[0, -1].tolist()
    logs = torch.log_softmax(output.logits[0, -1], dim=-1)
    return {text: float(logs[tokenizer(text, add_special_tokens=False).input_ids[0]]) for text in question["next"]}


if __name__ == "__main__":
    print(json.dumps(answer(sys.argv[1], json.load(sys.stdin))))
