"""A program that uses an instance: says its servers' process ids when they run, and leaves when its input ends."""

import json
import sys
from pathlib import Path

from config import embedded


def tell(**news: object) -> None:
    print(json.dumps(news), flush=True)


def main(folder: Path) -> None:
    instance = embedded.Instance(folder)
    with embedded.running(instance, lambda words: tell(words=words)):
        tell(process_ids=embedded.process_ids(instance))
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
