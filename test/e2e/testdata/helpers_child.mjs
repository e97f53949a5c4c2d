// Reads streams with the Node SDKs' own helpers: a job a line on standard input, what they made of it on standard output.
//
// What a helper makes is told as one JSON text, so that two streams can be compared. The first argument is where the SDKs are.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(process.argv[2] + '/package.json');
const { OpenAI } = require('openai');
const { Anthropic } = require('@anthropic-ai/sdk');

const parameters = { type: 'object', properties: { to: { type: 'string' }, note: { type: 'string' } }, required: ['to', 'note'] };

const helpers = {
  async chat(job) {
    const client = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1', defaultHeaders: job.headers, maxRetries: 0 });
    const stream = client.chat.completions.stream({
      model: 'scripted', messages: [{ role: 'user', content: job.body }],
      tools: [{ type: 'function', function: { name: 'mail', parameters } }],
    });
    let said = '', argued = '';
    stream.on('content', (delta) => (said += delta));
    stream.on('tool_calls.function.arguments.delta', (e) => (argued += e.arguments_delta));
    const final = await stream.finalChatCompletion();
    const { message, finish_reason } = final.choices[0];
    return {
      said, argued, content: message.content, parsed: JSON.parse(message.content), finish: finish_reason,
      arguments: JSON.parse(message.tool_calls[0].function.arguments), calls: (await stream.totalUsage()).total_tokens,
    };
  },
  async runTools(job) {
    const client = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1', defaultHeaders: job.headers, maxRetries: 0 });
    const called = [];
    const runner = client.chat.completions.runTools({
      model: 'scripted', stream: true, messages: [{ role: 'user', content: job.body }],
      tools: [{ type: 'function', function: { name: 'mail', parameters, parse: JSON.parse, function: (a) => (called.push(a), 'sent to ' + a.to) } }],
    });
    return { content: await runner.finalContent(), called };
  },
  async responses(job) {
    const client = new OpenAI({ apiKey: job.key, baseURL: job.base + '/v1', defaultHeaders: job.headers, maxRetries: 0 });
    const stream = client.responses.stream({ model: 'scripted', input: job.body });
    let said = '', argued = '', snapshot = '';
    stream.on('response.output_text.delta', (e) => ((said += e.delta), (snapshot = e.snapshot)));
    stream.on('response.function_call_arguments.delta', (e) => (argued += e.delta));
    const final = await stream.finalResponse();
    return {
      said, argued, snapshot, text: final.output_text, parsed: JSON.parse(final.output_text), status: final.status,
      arguments: final.output.filter((i) => i.type === 'function_call').map((i) => i.arguments), usage: final.usage.total_tokens,
    };
  },
  async messages(job) {
    const client = new Anthropic({ apiKey: job.key, baseURL: job.base, defaultHeaders: job.headers, maxRetries: 0 });
    const stream = client.messages.stream({
      model: 'scripted', max_tokens: 100, messages: [{ role: 'user', content: job.body }], tools: [{ name: 'mail', input_schema: parameters }],
    });
    let said = '', snapshot = null;
    stream.on('text', (delta) => (said += delta));
    stream.on('inputJson', (_, whole) => (snapshot = whole));
    const final = await stream.finalMessage();
    return { said, snapshot, stop: final.stop_reason, content: final.content.map(({ type, text, name, input }) => ({ type, text, name, input })), usage: final.usage.output_tokens };
  },
  async tools(job) {
    const client = new Anthropic({ apiKey: job.key, baseURL: job.base, defaultHeaders: job.headers, maxRetries: 0 });
    const called = [];
    const runner = client.beta.messages.toolRunner({
      model: 'scripted', max_tokens: 100, stream: true, messages: [{ role: 'user', content: job.body }],
      tools: [{ name: 'mail', description: 'Sends a mail.', input_schema: parameters, run: (a) => (called.push(a), 'sent to ' + a.to), parse: (a) => a }],
    });
    let said = '';
    for await (const stream of runner) {
      for await (const event of stream) if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') said += event.delta.text;
    }
    return { said, called };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  const out = { id: job.id, tries: 1 };
  try {
    out.made = JSON.stringify(await helpers[job.sdk](job));
  } catch (e) {
    Object.assign(out, { raised: e.constructor.name, message: String(e.message) });
  }
  process.stdout.write(JSON.stringify(out) + '\n');
}
