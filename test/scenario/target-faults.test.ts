// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.

import { expect, test } from 'vitest'
import { dialect } from '../../src/dialects/registry.ts'
import { PROTOCOLS } from '../../src/drivers/registry.ts'
import { type Fault, faults, REST } from './scenario-file.ts'

/** E.g. `rest, grpc and mcp`. */
function spokenOver(api: string): string {
  const names = PROTOCOLS.filter(({ speaks }) => speaks(dialect(api))).map(({ name }) => name)
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

const FAULTS: Fault[] = [
  {
    name: 'no targets',
    text: 'name: x',
    says: ['s.yaml:1:1: `targets` is missing', '    name: x', '    ^^^^^^^', '  Add it.'],
  },
  {
    name: 'empty targets',
    text: 'targets: {}',
    says: [
      's.yaml:1:1: `targets` is empty',
      '    targets: {}',
      '    ^^^^^^^',
      '  Describe at least one endpoint.',
    ],
  },
  {
    name: 'an unknown interface',
    text: 'targets: { a: { interface: soap, api: raw, url: "http://x" } }\n',
    says: [
      's.yaml:1:28: there is no interface `soap`',
      '    targets: { a: { interface: soap, api: raw, url: "http://x" } }',
      '                               ^^^^',
      `  The choices are ${PROTOCOLS.map(({ name }) => `\`${name}\``).join(', ')}.`,
    ],
  },
  {
    name: 'a missing url',
    text: 'targets:\n  a:\n    interface: rest\n    api: raw\n',
    says: ['s.yaml:2:3: `url` is missing', '      a:', '      ^', '  Write it like https://example.com.'],
  },
  {
    name: 'an unknown server',
    text: 'server: refrence\ntargets: { rest: { interface: rest, api: kserve-v2, url: "http://x", model: mlp } }\n',
    says: [
      's.yaml:1:9: there is no server `refrence`',
      '    server: refrence',
      '            ^^^^^^^^',
      '  Write `reference`, or leave it out to test your own.',
    ],
  },
  {
    name: 'an API over a foreign interface',
    text: 'targets: { a: { interface: sse, api: kserve-v2, url: "http://x", model: mlp } }\n',
    says: [
      's.yaml:1:38: the API kserve-v2 is not spoken over sse',
      '    targets: { a: { interface: sse, api: kserve-v2, url: "http://x", model: mlp } }',
      '                                         ^^^^^^^^^',
      `  It is spoken over ${spokenOver('kserve-v2')}.`,
    ],
  },
  {
    name: 'an API without its model',
    text: 'targets: { a: { interface: rest, api: kserve-v2, url: "http://x" } }\n',
    says: [
      's.yaml:1:12: kserve-v2 needs a model',
      '    targets: { a: { interface: rest, api: kserve-v2, url: "http://x" } }',
      '               ^',
      '  Add e.g. model: mlp to the target.',
    ],
  },
  {
    name: 'a URL that is none',
    text: 'targets: { a: { interface: rest, api: raw, url: "127.0.0.1:80" } }\n',
    says: [
      's.yaml:1:49: this is not a URL',
      '    targets: { a: { interface: rest, api: raw, url: "127.0.0.1:80" } }',
      '                                                    ^^^^^^^^^^^^^^',
      '  Write it like https://example.com, or https://example.com/v1/chat/completions.',
    ],
  },
  {
    name: 'a URL with a control character, which comes from a variable',
    text: 'targets: { a: { interface: rest, api: raw, url: "${env:URL}" } }\n',
    given: { env: { URL: 'http://127.0.0.1:80\n' } },
    says: [
      's.yaml:1:49: this URL has blanks around it, or control characters in it',
      '    targets: { a: { interface: rest, api: raw, url: "${env:URL}" } }',
      '                                                    ^^^^^^^^^^^^',
      '  Write it like https://example.com, or https://example.com/v1/chat/completions.',
    ],
  },
  {
    name: 'a URL of another scheme',
    text: 'targets: { a: { interface: rest, api: raw, url: "ws://x" } }\n',
    says: [
      's.yaml:1:49: a URL begins with http:// or https://',
      '    targets: { a: { interface: rest, api: raw, url: "ws://x" } }',
      '                                                    ^^^^^^^^',
      '  Write it like https://example.com, or https://example.com/v1/chat/completions.',
    ],
  },
  {
    name: 'a URL with a password',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://u:p@x" } }\n',
    says: [
      's.yaml:1:49: credentials do not belong into a URL',
      '    targets: { a: { interface: rest, api: raw, url: "http://u:p@x" } }',
      '                                                    ^^^^^^^^^^^^^^',
      '  Use `auth: { basic: { username, password: "${env:NAME}" } }`.',
    ],
  },
  {
    name: 'a credential in the open',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", auth: { bearer: sk-1 } } }\n',
    says: [
      's.yaml:1:77: a credential stands in the open here, and would in every result',
      '     rest, api: raw, url: "http://x", auth: { bearer: sk-1 } } }',
      '                                                      ^^^^',
      '  Take it from the environment: "${env:NAME}".',
    ],
  },
  {
    name: 'a credential in an open header',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", headers: { X-Api-Key: sk-1 } } }\n',
    says: [
      's.yaml:1:83: a credential stands in the open here, and would in every result',
      '     api: raw, url: "http://x", headers: { X-Api-Key: sk-1 } } }',
      '                                                      ^^^^',
      '  Take it from the environment: "${env:NAME}".',
    ],
  },
  {
    name: 'two kinds of credentials',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", auth: { bearer: "${env:A}", basic: { username: u, password: "${env:A}" } } } }\n',
    given: { env: { A: 'x' } },
    says: [
      's.yaml:1:61: `auth` is one of bearer, api_key, basic, cookie and oauth2',
      '     a: { interface: rest, api: raw, url: "http://x", auth: { bearer: "${env:A}", basic: { username: u, ',
      '                                                      ^^^^',
      '  Keep one of them.',
    ],
  },
  {
    name: 'a credential with a line break',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", auth: { bearer: "${env:A}" } } }\n',
    given: { env: { A: 'x\n' } },
    says: [
      's.yaml:1:77: the environment variable A holds a line break',
      '     rest, api: raw, url: "http://x", auth: { bearer: "${env:A}" } } }',
      '                                                      ^^^^^^^^^^',
      '  A header cannot carry one: set the variable without it.',
    ],
  },
  {
    name: 'a certificate without its key',
    text: 'targets: { a: { interface: rest, api: raw, url: "https://x", tls: { cert: a.pem } } }\n',
    given: { files: { 'a.pem': '' } },
    says: [
      's.yaml:1:75: `tls.cert` and `tls.key` belong together',
      '    e: rest, api: raw, url: "https://x", tls: { cert: a.pem } } }',
      '                                                      ^^^^^',
      '  Add the other one.',
    ],
  },
  {
    name: 'a file that is not there',
    text: `${REST}cases: [{ target: rest, payload: { file: body.json } }]\n`,
    says: [
      's.yaml:2:42: there is no such file',
      '    cases: [{ target: rest, payload: { file: body.json } }]',
      '                                             ^^^^^^^^^',
      '  Paths are relative to the scenario.',
    ],
  },
  {
    name: 'a target called all',
    text: 'targets: { all: { interface: rest, api: raw, url: "http://x" } }\n',
    says: [
      's.yaml:1:12: a target cannot be called `all`',
      '    targets: { all: { interface: rest, api: raw, url: "http://x" } }',
      '               ^^^',
      '  In `thresholds`, `all` stands for every case.',
    ],
  },
  {
    name: 'a target with a dot in its name',
    text: 'targets: { a.b: { interface: rest, api: raw, url: "http://x" } }\n',
    says: [
      's.yaml:1:12: this is no name for a target',
      '    targets: { a.b: { interface: rest, api: raw, url: "http://x" } }',
      '               ^^^',
      '  It has letters, digits, - and _, at most 64.',
    ],
  },
  {
    name: 'TLS sessions to resume in clear text',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", connection: resumed } }\n',
    says: [
      's.yaml:1:73: `resumed` has no meaning for a: its URL is in clear text, which has no TLS session',
      '    ace: rest, api: raw, url: "http://x", connection: resumed } }',
      '                                                      ^^^^^^^',
      '  Take `cold`, or a URL over TLS.',
    ],
  },
  {
    name: 'TLS sessions to resume in clear text, as one of several kinds',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x" } }\nvary: { target.connection: [cold, resumed] }\n',
    says: [
      's.yaml:2:9: `resumed` has no meaning for a: its URL is in clear text, which has no TLS session',
      '    vary: { target.connection: [cold, resumed] }',
      '            ^^^^^^^^^^^^^^^^^',
      '  Take `cold`, or a URL over TLS.',
    ],
  },
  {
    name: 'versions of TLS that exclude each other',
    text: 'targets: { a: { interface: rest, api: raw, url: "https://x", tls: { min_version: 1.3, max_version: 1.2 } } }\n',
    says: [
      's.yaml:1:82: no version of TLS is from 1.3 to 1.2',
      '    , api: raw, url: "https://x", tls: { min_version: 1.3, max_version: 1.2 } } }',
      '                                                      ^^^',
      '  Turn them around.',
    ],
  },
  {
    name: 'a token in a subprotocol of a protocol that has none',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", auth: { bearer: "${env:A}", in: subprotocol } } }\n',
    given: { env: { A: 'x' } },
    says: [
      's.yaml:1:93: rest carries no token in a subprotocol',
      '     url: "http://x", auth: { bearer: "${env:A}", in: subprotocol } } }',
      '                                                      ^^^^^^^^^^^',
      '  It can be in: header, query.',
    ],
  },
  {
    name: 'a client’s secret in the open, and a token endpoint that is none',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", auth: { oauth2: { token_url: y, client_id: z, client_secret: s } } } }\n',
    says: [
      's.yaml:1:90: this is no URL of a token endpoint',
      '    aw, url: "http://x", auth: { oauth2: { token_url: y, client_id: z, client_secret: s } } } }',
      '                                                      ^',
      '  Write it like https://login.example.com/oauth2/token.',
      '',
      's.yaml:1:122: a credential stands in the open here, and would in every result',
      '    th2: { token_url: y, client_id: z, client_secret: s } } } }',
      '                                                      ^',
      '  Take it from the environment: "${env:NAME}".',
    ],
  },
  {
    name: 'a place for a token where there is none',
    text: 'targets: { a: { interface: rest, api: raw, url: "http://x", auth: { cookie: "${env:A}", as: b } } }\n',
    given: { env: { A: 'x' } },
    says: [
      's.yaml:1:89: `as` is for bearer and oauth2',
      '    raw, url: "http://x", auth: { cookie: "${env:A}", as: b } } }',
      '                                                      ^^',
      '  Remove it.',
    ],
  },
  {
    name: 'what is no process id',
    text: 'targets:\n  a: { interface: rest, api: raw, url: "http://x", pid: "${env:P}" }\n',
    given: { env: { P: 'nginx' } },
    says: [
      's.yaml:2:57: this is not a process id',
      '     interface: rest, api: raw, url: "http://x", pid: "${env:P}" }',
      '                                                      ^^^^^^^^^^',
      '  It is a whole number from 1 to 4194304.',
    ],
  },
  {
    name: 'a process id of a command',
    text: 'targets: { b: { interface: mcp, api: raw, command: [x], tool: y, pid: 7 } }\n',
    says: [
      's.yaml:1:66: a `command` is started for each session, and has no process before',
      '     interface: mcp, api: raw, command: [x], tool: y, pid: 7 } }',
      '                                                      ^^^',
      '  Remove it.',
    ],
  },
  {
    name: 'a query without a path',
    text: 'targets: { a: { interface: rest, api: kserve-v2, model: mlp, url: "${env:U}" } }\n',
    given: { env: { U: 'http://x?k=1' } },
    says: [
      's.yaml:1:67: this URL has a query and no path',
      '    interface: rest, api: kserve-v2, model: mlp, url: "${env:U}" } }',
      '                                                      ^^^^^^^^^^',
      '  Write the path out, e.g. /v2/models/mlp/infer.',
    ],
  },
]

test.each(FAULTS)('$name', async ({ text, given, says }) => {
  expect((await faults(text, given)).split('\n')).toEqual(says)
})
