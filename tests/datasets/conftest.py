import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pilot_files import RUBRIC, lines, sample_row


@pytest.fixture
def write_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a pilot folder; a file is given as text or bytes, samples also as a list of objects."""

    def write(*, rubric: Any = RUBRIC, samples: Any = None, **files: str | bytes | None) -> Path:
        if rubric is not None:
            (tmp_path / "rubric.json").write_text(rubric if isinstance(rubric, str) else json.dumps(rubric))
        samples = [sample_row("s1"), sample_row("s2")] if samples is None else samples
        files = {"labels": "sample_id,annotator_id,response,attribute,value\n", **files}
        contents = {"samples.jsonl": lines(samples), **{f"{name}.csv": text for name, text in files.items()}}
        for name, content in contents.items():
            if content is not None:
                (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write
