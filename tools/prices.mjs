// Makes policy/provider/prices.tsv from the npm package @pydantic/genai-prices.
//
//   node tools/prices.mjs [VERSION]      the version in the file now, where none is given
//
// One line for each name of a model: provider, match, context, then input, cached, cache write and output in micro-USD
// per million tokens, and, where prices rise with the input, the tokens above which they do and the four again. A match is
// =name, ^prefix, $suffix, *part or ~regexp; several in one field must all match. Of prices with a date the one in force
// when the file is made is kept; of prices by the hour the highest.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const target = new URL('../policy/provider/prices.tsv', import.meta.url)
const providers = ['anthropic', 'aws', 'azure', 'cohere', 'deepseek', 'fireworks', 'google', 'groq', 'mistral', 'openai',
  'openrouter', 'perplexity', 'together', 'x-ai']
const keys = ['input_mtok', 'cache_read_mtok', 'cache_write_mtok', 'output_mtok']
const signs = { equals: '=', starts_with: '^', ends_with: '$', contains: '*', regex: '~' }

const name = '@pydantic/genai-prices'
const version = process.argv[2] ?? /genai-prices (\S+)/.exec(readFileSync(target, 'utf8'))[1]
const dir = mkdtempSync(join(tmpdir(), 'prices-'))
try {
  const file = execFileSync('npm', ['pack', '--silent', `${name}@${version}`], { cwd: dir, encoding: 'utf8' }).trim().split('\n').pop()
  execFileSync('tar', ['xzf', file], { cwd: dir })
  const { findProvider } = createRequire(import.meta.url)(join(dir, 'package/dist/index.cjs'))
  const today = new Date().toISOString().slice(0, 10)
  const lines = providers.flatMap(id => findProvider({ providerId: id }).models.flatMap(m => model(id, m, today)))
  writeFileSync(target, `# ${name} ${version}, made ${today} by tools/prices.mjs; MIT licence, see the package\n` + [...new Set(lines)].join('\n') + '\n')
} finally {
  rmSync(dir, { recursive: true })
}

function model(provider, m, today) {
  const p = inForce(m.prices, today)
  if (p === undefined || p.input_mtok === undefined) return []
  const all = alternatives(m.match)
  const above = Math.max(0, ...keys.flatMap(k => (p[k]?.tiers ?? []).map(t => t.start)))
  const fields = [m.context_window ?? 0, ...keys.map(k => micro(p[k]?.base ?? p[k]))]
  if (above > 0) {
    // Of several steps the first decides when, and the last how much: too much is held rather than too little.
    const first = Math.min(...keys.flatMap(k => (p[k]?.tiers ?? []).map(t => t.start)))
    fields.push(first, ...keys.map(k => micro(p[k]?.tiers?.at(-1)?.price ?? p[k]?.base ?? p[k])))
  }
  return all.map(match => [provider, match, ...fields].join('\t'))
}

function inForce(prices, today) {
  if (!Array.isArray(prices)) return prices
  const dated = prices.filter(p => !p.constraint || p.constraint.type === 'start_date' && p.constraint.start_date <= today)
  const hours = prices.filter(p => p.constraint && p.constraint.type !== 'start_date')
  const last = dated.at(-1)?.prices
  return [...hours.map(p => p.prices), last].filter(Boolean).reduce((a, b) => (number(b.output_mtok) > number(a.output_mtok) ? b : a))
}

function number(p) { return p?.base ?? p ?? 0 }

// alternatives turns a match into fields, each of which is enough.
function alternatives(m) {
  if (m.or) return m.or.flatMap(alternatives)
  if (m.and) return m.and.map(alternatives).reduce((a, b) => a.flatMap(x => b.map(y => `${x} ${y}`)))
  const [kind, value] = Object.entries(m)[0]
  if (!signs[kind] || /\s/.test(value)) throw new Error(`a match of an unknown form: ${JSON.stringify(m)}`)
  return [signs[kind] + value]
}

function micro(usd) { return usd === undefined ? 0 : Math.ceil(usd * 1e6 - 1e-3) }
