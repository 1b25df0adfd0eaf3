"""`python -m bench.instant PORT`: a server of the OpenAI interface that answers every conversation at once with the same verdict.

It stands for an engine that costs nothing, so that what asking over HTTP costs the one who asks can be measured.
"""

import asyncio
import json
import sys

LIKELY = [{"token": "A", "logprob": -0.4}, {"token": "B", "logprob": -1.1}]
CHOICE = {
    "index": 0,
    "message": {"role": "assistant", "content": "A"},
    "finish_reason": "stop",
    "logprobs": {"content": [{"token": "A", "logprob": -0.4, "top_logprobs": LIKELY}]},
}
BODY = json.dumps({"choices": [CHOICE], "usage": {"prompt_tokens": 900, "completion_tokens": 1}}).encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, for as long as it is kept."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(_length(head))
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), 0)


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
