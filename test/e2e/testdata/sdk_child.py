"""Drives the Python SDKs: a job a line on standard input, what came of it a line on standard output.

A job says which SDK, what bytes to send and whether a stream is asked for. The SDK's own transport is told to send just
those bytes; everything after that (retries, classes, streams) is the SDK's.
"""

import asyncio
import json
import sys

import anthropic
import httpx
import httpx2
import openai

# Each SDK wants the transport of the HTTP library it is built on.
LIBRARIES = {"openai": httpx, "responses": httpx, "anthropic": httpx2}


class Transport:
    def __init__(self, library, inner, job):
        self.library, self.inner, self.job, self.tries = library, inner, job, 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def handle_async_request(self, request):
        self.tries += 1
        headers = [(k, v) for k, v in request.headers.multi_items() if k.lower() not in ("content-length", "transfer-encoding")]
        if self.job["nokey"]:
            headers = [(k, v) for k, v in headers if k.lower() not in ("authorization", "x-api-key")]
        own = {k.lower() for k in self.job["headers"]}
        headers = [(k, v) for k, v in headers if k.lower() not in own] + list(self.job["headers"].items())
        raw = self.library.Request(request.method, request.url, headers=headers, content=self.job["body"].encode(), extensions=request.extensions)
        return await self.inner.handle_async_request(raw)

    async def aclose(self):
        pass


async def ask_openai(client, job, out):
    asked = dict(model="m", messages=[{"role": "user", "content": "x"}])
    if not job["stream"]:
        answer = await client.chat.completions.create(**asked)
        out["finish"] = answer.choices[0].finish_reason
        return
    async for chunk in await client.chat.completions.create(stream=True, **asked):
        for choice in chunk.choices or []:
            out["finish"] = choice.finish_reason or out.get("finish")


async def ask_responses(client, job, out):
    async for event in await client.responses.create(model="m", input="x", stream=True):
        if event.type in ("response.completed", "response.incomplete", "response.failed"):
            error = event.response.error
            out.update(finish=event.response.status, code=error.code if error else "", message=error.message if error else "")


async def ask_anthropic(client, job, out):
    asked = dict(model="m", max_tokens=100, messages=[{"role": "user", "content": "x"}])
    if not job["stream"]:
        out["finish"] = (await client.messages.create(**asked)).stop_reason
        return
    async for event in await client.messages.create(stream=True, **asked):
        if event.type == "message_delta":
            out["finish"] = event.delta.stop_reason



async def run(job, inner):
    library = LIBRARIES[job["sdk"]]
    transport = Transport(library, inner[job["sdk"]], job)
    http = library.AsyncClient(transport=transport, timeout=60)
    out = {"id": job["id"]}
    try:
        if job["sdk"] in ("openai", "responses"):
            client = openai.AsyncOpenAI(api_key=job["key"], base_url=job["base"] + "/v1", http_client=http)
            await (ask_openai if job["sdk"] == "openai" else ask_responses)(client, job, out)
        else:
            client = anthropic.AsyncAnthropic(api_key=job["key"], base_url=job["base"], http_client=http)
            await ask_anthropic(client, job, out)
    except Exception as e:  # whatever the SDK raises is what the case is about
        code = getattr(e, "code", None)
        out.update(
            raised=type(e).__name__, status=getattr(e, "status_code", None), code="" if code is None else str(code),
            type=getattr(e, "type", None) or "", request=getattr(e, "request_id", None) or "", message=str(e),
        )
    out["tries"] = transport.tries
    return out


async def main():
    inner = {sdk: library.AsyncHTTPTransport(limits=library.Limits(max_connections=64)) for sdk, library in LIBRARIES.items()}
    loop = asyncio.get_running_loop()
    pending = set()

    def done(task):
        pending.discard(task)
        sys.stdout.write(json.dumps(task.result()) + "\n")
        sys.stdout.flush()

    while line := await loop.run_in_executor(None, sys.stdin.readline):
        task = asyncio.create_task(run(json.loads(line), inner))
        pending.add(task)
        task.add_done_callback(done)
    while pending:
        await asyncio.wait(set(pending))


asyncio.run(main())
