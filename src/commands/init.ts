// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text becomes a scenario, which has such templates.

import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Command, Option } from 'commander'
import { DIALECTS, dialect } from '../dialects/registry.ts'
import { protocol } from '../drivers/registry.ts'
import type { Api, InterfaceName, Payload } from '../plan/plan.ts'
import { UsageError } from '../scenario/problem.ts'
import { APIS, INTERFACES } from '../scenario/target-schema.ts'
import { printable } from '../values/printable.ts'

interface InitFlags {
  url?: string
  interface: InterfaceName
  api?: Api
  model?: string
  force: boolean
}

/** Adds `init`: writes a first scenario, with a comment for every choice in it. */
export function registerInit(program: Command): void {
  program
    .command('init')
    .description('write a first scenario')
    .argument('[file]', 'where to write it', 'scenario.yaml')
    .option('--url <url>', 'your endpoint (default: the bundled reference server)')
    .addOption(
      new Option('--interface <name>', 'its protocol').choices(Object.keys(INTERFACES)).default('rest'),
    )
    .addOption(new Option('--api <name>', 'the message convention it speaks').choices(Object.keys(APIS)))
    .option('--model <name>', 'the model to ask for')
    .option('--force', 'replace a file that is there already', false)
    .action((file: string, flags: InitFlags) => init(file, flags))
}

async function init(file: string, flags: InitFlags): Promise<void> {
  // A template is left to `validate`: what it stands for may not be set yet.
  if (flags.url !== undefined && !flags.url.includes('${') && !URL.canParse(flags.url)) {
    throw new UsageError(`--url ${flags.url}: this is not a URL; write it like https://example.com`)
  }
  const text = firstScenario(file, flags)
  await mkdir(dirname(resolve(file)), { recursive: true })
  try {
    // "wx" fails where the file is there, in the same step in which it would be made.
    await writeFile(file, text, { flag: flags.force ? 'w' : 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST')
      throw new UsageError(`${file} is there already: choose another name, or say --force`)
    if (code === 'EISDIR') throw new UsageError(`${file} is a folder: name a file in it`)
    throw error
  }
  process.stderr.write(`wrote ${printable(file)}; next: infer-bench run ${printable(file)}\n`)
}

function firstScenario(file: string, { url, interface: interfaceName, api, model }: InitFlags): string {
  const { speaks, reference } = protocol(interfaceName)
  const spoken = api ?? DIALECTS.find(speaks)!.name
  const { form } = dialect(spoken)
  const name = url === undefined ? 'reference' : 'mine'
  // The Open Inference Protocol has the model in its path: there is no call without one.
  const needed = spoken === 'kserve-v2' ? 'my-model' : undefined
  const modelName = model ?? (url !== undefined ? needed : form === 'size' ? 'mlp' : 'gpt-tiny')
  const payload = PAYLOADS[form]
  const quoted = JSON.stringify(url ?? `\${reference.${reference}}`)
  return `# yaml-language-server: $schema=${schemaPath(file)}
# What does one call cost here, and does the cost hold when several come at once?
name: first
${url === undefined ? '# Starts the bundled server for this run. Leave it out to test your own.\nserver: reference\n' : ''}
targets:
  ${name}:
    interface: ${interfaceName.padEnd(12)} # the protocol: ${Object.keys(INTERFACES).join(', ')}
    api: ${spoken.padEnd(18)} # the message convention: ${Object.keys(APIS).join(', ')}
    # Without a path, the URL gets the one that the API prescribes.
    url: ${quoted}
${modelName === undefined ? '    # model: my-model' : `    model: ${JSON.stringify(modelName)}`}
    # A credential comes from the environment, and never reaches a result:
    # auth: { bearer: "\${env:API_KEY}" }

defaults:
${payload}
  # closed: a call starts when the one before it has ended. constant, poisson and ramp keep a rate of their own.
  load: { model: closed, concurrency: 1, duration: 2s, warmup: 500ms }
  # The measured window is repeated; the cases take turns, so that drift hits all alike.
  rounds: 3
  timeout: { total: 10s }

cases:
  - { target: ${name} }

# One case for each value.
vary:
  load.concurrency: [1, 8]

# What must hold for the run to pass.
thresholds:
  all: { error_rate: "< 1%" }
`
}

const LITERAL =
  '  # The body: text, json, file or random bytes of a size. Without one, the calls are GET requests.\n  # payload: { json: { key: value } }'

const PAYLOADS: Readonly<Record<Payload['form'], string>> = {
  size: '  # A tensor of this size, as JSON or binary.\n  payload: { size: 1KiB, encoding: json }',
  tokens:
    '  # A prompt of about so many tokens, and how many to ask for.\n  payload: { prompt_tokens: 32, output_tokens: 32 }',
  none: LITERAL,
  text: LITERAL,
  json: LITERAL,
  file: LITERAL,
}

/** Where an editor finds the schema from the scenario: relative, so that the file can be shared. */
function schemaPath(file: string): string {
  const built = fileURLToPath(new URL(SCHEMA, import.meta.url))
  const folder = dirname(resolve(file))
  const path = relative(folder, built)
  // A tool that is installed elsewhere is no neighbour of the scenario; a project's own copy would be.
  const isNear = existsSync(built) && (built.startsWith(process.cwd() + sep) || !path.startsWith('..'))
  return isNear ? path.split(sep).join('/') : './node_modules/infer-bench/dist/scenario.schema.json'
}

/** From `src/commands` and from `dist/src/commands`. */
const SCHEMA = import.meta.url.endsWith('.ts')
  ? '../../dist/scenario.schema.json'
  : '../../scenario.schema.json'
