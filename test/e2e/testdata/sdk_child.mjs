// Drives the Node SDKs: a job a line on standard input, what came of it a line on standard output.
//
// A job says which SDK, what bytes to send and whether a stream is asked for. The SDK is given a fetch that sends just those
// bytes; everything after that (retries, classes, streams) is the SDK's. The first argument is where the SDKs are installed.

import { request } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

const require = createRequire(process.argv[2] + '/package.json');
const { OpenAI } = require('openai');
const { Anthropic } = require('@anthropic-ai/sdk');
const { ChatOpenAI } = require('@langchain/openai');
const { generateText, streamText } = require('ai');
const { createOpenAICompatible } = require('@ai-sdk/openai-compatible');

function sender(job, out) {
  return async (url, init) => {
    out.tries++;
    const headers = new Headers(init.headers);
    headers.delete('content-length');
    if (job.nokey) for (const name of ['authorization', 'x-api-key']) headers.delete(name);
    for (const [name, value] of Object.entries(job.headers)) headers.set(name, value);
    const send = job.headers.Host ? withHost : fetch;
    return send(url, { ...init, headers, body: job.body });
  };
}

// withHost is a fetch that can name another host than it connects to, which fetch itself refuses to.
function withHost(url, { method, headers, body }) {
  return new Promise((resolve, reject) => {
    const r = request(url, { method, headers: Object.fromEntries(headers) }, (answer) => {
      resolve(new Response(Readable.toWeb(answer), { status: answer.statusCode, headers: answer.headers }));
    });
    r.on('error', reject);
    r.end(body);
  });
}

const messages = [{ role: 'user', content: 'x' }];

const ask = {
  async openai(job, out, fetch) {
    const client = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1', fetch });
    if (!job.stream) {
      out.finish = (await client.chat.completions.create({ model: 'm', messages })).choices[0].finish_reason;
      return;
    }
    for await (const chunk of await client.chat.completions.create({ model: 'm', messages, stream: true })) {
      for (const choice of chunk.choices ?? []) out.finish = choice.finish_reason ?? out.finish;
    }
  },
  async responses(job, out, fetch) {
    const client = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1', fetch });
    for await (const event of await client.responses.create({ model: 'm', input: 'x', stream: true })) {
      if (!['response.completed', 'response.incomplete', 'response.failed'].includes(event.type)) continue;
      Object.assign(out, { finish: event.response.status, code: event.response.error?.code ?? '', message: event.response.error?.message ?? '' });
    }
  },
  async anthropic(job, out, fetch) {
    const client = new Anthropic({ apiKey: job.key, baseURL: job.base, fetch });
    const asked = { model: 'm', max_tokens: 100, messages };
    if (!job.stream) {
      out.finish = (await client.messages.create(asked)).stop_reason;
      return;
    }
    for await (const event of await client.messages.create({ ...asked, stream: true })) {
      if (event.type === 'message_delta') out.finish = event.delta.stop_reason;
    }
  },
  async langchain(job, out, fetch) {
    const model = new ChatOpenAI({ model: 'm', maxRetries: 2, apiKey: job.key, configuration: { baseURL: job.base + '/v1', fetch } });
    if (!job.stream) {
      out.finish = (await model.invoke('x')).response_metadata.finish_reason;
      return;
    }
    for await (const chunk of await model.stream('x')) out.finish = chunk.response_metadata?.finish_reason ?? out.finish;
  },
  async vercel(job, out, fetch) {
    const model = createOpenAICompatible({ name: 'weir', apiKey: job.key, baseURL: job.base + '/v1', fetch })('m');
    if (!job.stream) {
      out.finish = (await generateText({ model, prompt: 'x' })).finishReason;
      return;
    }
    const { fullStream } = streamText({ model, prompt: 'x', onError() {} });
    for await (const part of fullStream) {
      if (part.type === 'error') throw part.error;
      if (part.type === 'finish') out.finish = part.finishReason;
    }
  },
};

async function run(job) {
  const out = { id: job.id, tries: 0 };
  try {
    await ask[job.sdk](job, out, sender(job, out));
  } catch (raised) {
    const e = raised.lastError ?? raised;
    Object.assign(out, {
      raised: e.constructor.name, status: e.status ?? e.statusCode ?? null, code: e.code == null ? '' : String(e.code),
      type: e.type ?? '', request: e.requestID ?? '', message: String(e.message),
    });
  }
  process.stdout.write(JSON.stringify(out) + '\n');
}

process.env.AI_SDK_LOG_WARNINGS = 'false';
globalThis.AI_SDK_LOG_WARNINGS = false;
for await (const line of createInterface({ input: process.stdin })) run(JSON.parse(line));
