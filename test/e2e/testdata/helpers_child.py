"""Reads streams with the Python SDKs' own helpers: a job a line on standard input, what they made of it on standard output.

What a helper makes is told as one JSON text with its keys in order, so that two streams can be compared.
"""

import asyncio
import json
import sys

import anthropic
import openai
from pydantic import BaseModel


class Letter(BaseModel):
    to: str
    note: str


def mail(to: str, note: str) -> str:
    """Sends a mail."""
    called.append({"to": to, "note": note})
    return "sent to " + to


called = []
TOOL = {"type": "object", "properties": {"to": {"type": "string"}, "note": {"type": "string"}}, "required": ["to", "note"]}


async def chat(client, text):
    asked = dict(model="scripted", messages=[{"role": "user", "content": text}])
    tools = [openai.pydantic_function_tool(Letter, name="mail")]
    async with client.chat.completions.stream(tools=tools, response_format=Letter, **asked) as stream:
        said, argued, done = "", "", []
        async for event in stream:
            if event.type == "content.delta":
                said += event.delta
            elif event.type == "tool_calls.function.arguments.delta":
                argued += event.arguments_delta
            elif event.type.endswith(".done"):
                done.append(event.type)
        final = await stream.get_final_completion()
    message = final.choices[0].message
    call = message.tool_calls[0].function
    return dict(
        said=said, argued=argued, done=done, content=message.content, parsed=message.parsed.model_dump(), finish=final.choices[0].finish_reason,
        arguments=call.arguments, letter=call.parsed_arguments.model_dump(), usage=final.usage.total_tokens if final.usage else None,
    )


async def responses(client, text):
    async with client.responses.stream(model="scripted", input=text, text_format=Letter) as stream:
        said, argued = "", ""
        async for event in stream:
            if event.type == "response.output_text.delta":
                said += event.delta
            elif event.type == "response.function_call_arguments.delta":
                argued += event.delta
        final = await stream.get_final_response()
    return dict(said=said, argued=argued, text=final.output_text, parsed=final.output_parsed.model_dump(), status=final.status,
                arguments=[i.arguments for i in final.output if i.type == "function_call"], usage=final.usage.total_tokens)


async def messages(client, text):
    asked = dict(model="scripted", max_tokens=100, messages=[{"role": "user", "content": text}], tools=[{"name": "mail", "input_schema": TOOL}])
    async with client.messages.stream(**asked) as stream:
        said, snapshot = "", None
        async for event in stream:
            if event.type == "text":
                said += event.text
            elif event.type == "input_json":
                snapshot = event.snapshot
        final = await stream.get_final_message()
    return dict(said=said, snapshot=snapshot, stop=final.stop_reason, content=[b.model_dump(include={"type", "text", "input", "name"}) for b in final.content],
                usage=final.usage.output_tokens)


async def tools(client, text):
    called.clear()
    tool = anthropic.beta_async_tool(input_schema=TOOL, name="mail", description="Sends a mail.")(amail)
    runner = client.beta.messages.tool_runner(model="scripted", max_tokens=100, messages=[{"role": "user", "content": text}], tools=[tool], stream=True)
    said = []
    async for stream in runner:
        async for event in stream:
            if event.type == "text":
                said.append(event.text)
    return dict(called=list(called), said="".join(said))


async def amail(to: str, note: str) -> str:
    return mail(to, note)


HELPERS = {"chat": chat, "responses": responses, "messages": messages, "tools": tools}


async def run(job):
    out = {"id": job["id"], "tries": 1}
    headers = job["headers"]
    try:
        if job["sdk"] in ("chat", "responses"):
            client = openai.AsyncOpenAI(api_key=job["key"], base_url=job["base"] + "/v1", default_headers=headers, max_retries=0)
        else:
            client = anthropic.AsyncAnthropic(api_key=job["key"], base_url=job["base"], default_headers=headers, max_retries=0)
        async with client:
            out["made"] = json.dumps(await HELPERS[job["sdk"]](client, job["body"]), sort_keys=True, ensure_ascii=False)
    except Exception as e:  # what a helper raises is told
        out.update(raised=type(e).__name__, message=str(e))
    return out


async def main():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(json.dumps(await run(json.loads(line))) + "\n")
        sys.stdout.flush()


asyncio.run(main())
