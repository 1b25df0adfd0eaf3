"""Compares two mathematical answers. A program of its own, started by `apart.py`; it imports nothing of Concord.

Lines of JSON in, `{"right": TEXT, "given": TEXT}`; lines of JSON out, `{"same": true or false}` or `{"problem": SENTENCE}`,
with `"is_spent": true` when it has taken so much memory that it should be replaced. The first line out is `{"ready": true}`.
It ends when its input does. What it reads is text of models, and hostile:

- LaTeX only is read, by a grammar. math-verify's other reader (plain expressions) hands the text to Python's `eval`, by way
  of sympy; it is not used, and sympy's own way there is taken out, so that nothing here can turn text into code.
- Memory is limited by the kernel, no file can be written, and the time is kept by whoever started it.
"""

import json
import logging
import os
import re
import resource
import sys
from typing import Any

MEMORY_BYTES = 2**30
PLENTY_OF_MEMORY_BYTES = MEMORY_BYTES // 2
LONGEST_TEXT = 2000
DEEPEST_NESTING = 60

_CALLS = re.compile(r"(?<![\\a-zA-Z])(sin|cos|tan|log|ln|exp)(?=\s*\()")
_SINGLE_VALUE = re.compile(r"\s*(?P<type>Integer|Float|Symbol) \('?(?P<text>[0-9.]+|[A-Za-z]\w*)'? \)\s*", re.ASCII)
_SQUARE_ROOT = re.compile(r"(?<![\\a-zA-Z])sqrt\s*\(([^()]*)\)")

WARMING_PAIRS = (
    ("1/2", "0.5"),
    ("x^2+2x+1", "(x+1)^2"),
    (r"\sin^2 x+\cos^2 x", "1"),
    (r"\{1,2\}", "[1,2)"),
    ("x<3", "3>x"),
    (r"\log_2 x", r"\sqrt{x}"),
    (r"\begin{pmatrix}1&2\end{pmatrix}", r"\begin{pmatrix}1&3\end{pmatrix}"),
    (r"\int_0^1 x dx", r"\sum_{i=1}^3 i"),
    ("50\\%", "1+2i"),
)
_refused: list[str] = []


class Unverifiable(Exception):
    """These two answers cannot be compared; the message says why."""


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints is no answer
    limit_resources()
    logging.disable(logging.CRITICAL)
    warm_up()
    take_out_evaluation()
    tell(out, {"ready": True})
    for line in sys.stdin:
        asked = json.loads(line)
        tell(out, verdict(asked["right"], asked["given"]))


def tell(out: Any, said: dict[str, Any]) -> None:
    out.write(json.dumps(said) + "\n")
    out.flush()


def limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # elsewhere the kernel does not keep to it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def warm_up() -> None:
    """Load what the libraries load late, so that no answer pays for it, and while they may still read their own texts."""
    for right, given in WARMING_PAIRS:
        same(right, given)


def take_out_evaluation() -> None:
    """sympy reads a text by writing it as Python and evaluating that. Single numbers and names, which is what latex2sympy
    hands to it, are made here without evaluating anything; everything else is refused."""
    from sympy import Float, Integer, Symbol
    from sympy.parsing import sympy_parser

    makers = {"Integer": lambda text: Integer(int(text)), "Float": Float, "Symbol": Symbol}

    def single_value(code: str, *_: Any, **__: Any) -> Any:
        found = _SINGLE_VALUE.fullmatch(code)
        if not found:
            _refused.append(code)
            raise Unverifiable("Text of a model is never evaluated.")
        return makers[found["type"]](found["text"])

    sympy_parser.eval_expr = single_value


def verdict(right: str, given: str) -> dict[str, Any]:
    _refused.clear()
    try:
        said: dict[str, Any] = {"same": same(right, given)}
    except Unverifiable as problem:
        said = {"problem": str(problem)}
    except MemoryError:
        said = {"problem": "Comparing the two takes more memory than is allowed."}
    except Exception as error:  # of the many that sympy raises none may end the program
        said = {"problem": f"The two cannot be compared ({type(error).__name__})."}
    is_spent = peak_memory_bytes() > PLENTY_OF_MEMORY_BYTES
    if said.get("same") is False and (_refused or is_spent):
        # The libraries swallow most errors and go on to "not the same".
        said = {"problem": "The two could not be compared to the end."}
    return said | {"is_spent": is_spent}


def same(right: str, given: str) -> bool:
    from math_verify import verify

    # The libraries' own time limits are alarms of the process; ours are kept outside.
    return bool(verify(expressions(right), expressions(given), timeout_seconds=None, raise_on_error=True))


def expressions(text: str) -> list[Any]:
    from math_verify import LatexExtractionConfig, parse

    latex = as_latex(text)
    read = parse(
        f"${latex}$", [LatexExtractionConfig()], fallback_mode="no_fallback", parsing_timeout=None, raise_on_error=True
    )
    if not read:
        raise Unverifiable(f"{text[:80]!r} cannot be read as mathematics.")
    return list(read)


def as_latex(text: str) -> str:
    """Plain ways of writing, turned into LaTeX; refuses what is too long or nested too deeply to be an answer."""
    if len(text) > LONGEST_TEXT:
        raise Unverifiable(f"An answer of {len(text)} characters is too long to be compared.")
    if nesting(text) > DEEPEST_NESTING:
        raise Unverifiable("Brackets are nested too deeply to be compared.")
    plain = text.replace("$", " ").replace("**", "^").strip()
    plain = _SQUARE_ROOT.sub(r"\\sqrt{\1}", plain)
    return _CALLS.sub(r"\\\1", plain)


def nesting(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in "({[") - (character in ")}]")
        deepest = max(deepest, depth)
    return deepest


def peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
