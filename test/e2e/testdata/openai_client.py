"""Speaks through openai-python for a test: one JSON command a line comes in, JSON events a line each go out.

{"id": 1, "base_url": ..., "key": ..., "http2": false, "retries": 0, "trace": ..., "params": {...}}   a chat completion
{"id": 1, ..., "path": "/nothing"}                                                                    a plain GET
{"id": 1, ..., "live": true}        one that can be left: each chunk is told, {"cancel": 1} leaves
The last event of a command is {"id": 1, "end": true, ...} with what a program would have seen.
"""

import asyncio
import json
import sys

import httpx2
import openai

out = sys.stdout
clients = {}


def tell(event):
    out.write(json.dumps(event) + "\n")
    out.flush()


def client(c):
    """A client for each protocol, so that connections are used again as in a program."""
    k = (c["base_url"], c["http2"])
    if k not in clients:
        transport = httpx2.Client(http1=not c["http2"], http2=c["http2"], timeout=30)
        clients[k] = openai.OpenAI(base_url=c["base_url"], api_key="none", http_client=transport)
    return clients[k].with_options(api_key=c["key"], max_retries=c.get("retries", 0))


class Seen:
    """What a program sees of an answer."""

    def __init__(self, c):
        self.event = {"id": c["id"], "end": True, "text": "", "tool": "", "finishes": [], "chunks": 0, "usage": False}

    def take(self, answer):
        e = self.event
        e["chunks"] += 1
        e["usage"] = e["usage"] or answer.usage is not None
        for choice in answer.choices:
            part = getattr(choice, "message", None) or choice.delta
            e["text"] += part.content or ""
            for call in part.tool_calls or []:
                e["tool"] += call.function.arguments or ""
            if choice.finish_reason:
                e["finishes"].append(choice.finish_reason)

    def failed(self, err):
        text = lambda name: None if getattr(err, name, None) is None else str(getattr(err, name))
        self.event["error"] = {
            "classes": [k.__name__ for k in type(err).__mro__], "message": str(err), "status": getattr(err, "status_code", 0) or 0,
            "code": text("code"), "type": text("type"), "request_id": text("request_id"),
        }


def options(c):
    return {"extra_headers": {"X-Request-Id": c["trace"]}}


def call(c):
    seen = Seen(c)
    try:
        if "path" in c:
            client(c).get(c["path"], cast_to=object, options={"headers": options(c)["extra_headers"]})
        else:
            answer = client(c).chat.completions.create(**c["params"], **options(c))
            for part in answer if c["params"].get("stream") else [answer]:
                seen.take(part)
    except Exception as err:
        seen.failed(err)
    tell(seen.event)


async def live(c):
    """A call with a connection of its own, which leaving closes: over HTTP/2 httpx does not reset a stream that it leaves."""
    seen = Seen(c)
    transport = httpx2.AsyncClient(http1=not c["http2"], http2=c["http2"], timeout=30)
    own = openai.AsyncOpenAI(base_url=c["base_url"], api_key=c["key"], max_retries=c.get("retries", 0), http_client=transport)
    try:
        answer = await own.chat.completions.create(**c["params"], **options(c))
        if not c["params"].get("stream"):
            seen.take(answer)
        else:
            async for part in answer:
                seen.take(part)
                tell({"id": c["id"], "chunk": seen.event["text"]})
    except asyncio.CancelledError:
        seen.event["left"] = True
    except Exception as err:
        seen.failed(err)
    await own.close()
    tell(seen.event)


async def main():
    tasks = {}
    while line := await asyncio.to_thread(sys.stdin.readline):
        c = json.loads(line)
        if "cancel" in c:
            tasks[c["cancel"]].cancel()
        else:
            tasks[c["id"]] = asyncio.create_task(live(c) if c.get("live") else asyncio.to_thread(call, c))
    for t in tasks.values():
        t.cancel()


tell({"id": 0, "version": openai.__version__})
asyncio.run(main())
