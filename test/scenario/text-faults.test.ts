import { expect, test } from 'vitest'
import { type Fault, faults, REST } from './scenario-file.ts'

const FAULTS: Fault[] = [
  {
    name: 'half a character',
    text: 'targets: { a: { interface: rest, api: kserve-v2, url: "http://x", model: "\\ud800" } }\n',
    says: [
      's.yaml:1:74: this text holds half a character (a lone surrogate)',
      '    ce: rest, api: kserve-v2, url: "http://x", model: "\\ud800" } }',
      '                                                      ^^^^^^^^',
      '  Remove the escape that makes it, such as "\\ud800".',
    ],
  },
  {
    name: 'an empty file',
    text: '',
    says: ['s.yaml: the file is empty', '  Write a first scenario with `infer-bench init`.'],
  },
  {
    name: 'a file of comments',
    text: '# nothing\n',
    says: ['s.yaml: the file is empty', '  Write a first scenario with `infer-bench init`.'],
  },
  {
    name: 'a list',
    text: '- 1',
    says: [
      's.yaml: a scenario is a mapping of keys to values',
      '  Write a first scenario with `infer-bench init`.',
    ],
  },
  {
    name: 'bad YAML',
    text: 'targets:\n  rest: [1,\n',
    says: [
      's.yaml:3:1: this is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
      '    ',
      '    ^',
      '  Check the indentation, quotes and brackets here and in the line above.',
    ],
  },
  {
    name: 'a tab',
    text: 'targets:\n\trest: 1\n',
    says: ['s.yaml:2:1: this line is indented with a tab', '     rest: 1', '    ^', '  Indent with spaces.'],
  },
  {
    name: 'two documents',
    text: `${REST}---\n${REST}`,
    says: [
      's.yaml:2:1: the file holds more than one document',
      '    ---',
      '    ^^^',
      '  Put each scenario into a file of its own.',
    ],
  },
  {
    name: 'a key that is a list',
    text: `${REST}? [a]\n: 1\n`,
    says: [
      's.yaml:2:3: this key is not a text',
      '    ? [a]',
      '      ^',
      '  A key is a single word such as `targets`.',
    ],
  },
  {
    name: 'a tag',
    text: `${REST}name: !!binary x\n`,
    says: [
      's.yaml:2:7: YAML tags are not supported here',
      '    name: !!binary x',
      '          ^^^^^^^^',
      '  Remove `!!binary`.',
    ],
  },
  {
    name: 'the same key twice',
    text: `${REST}name: a\nname: b\n`,
    says: ['s.yaml:3:1: the key `name` appears twice', '    name: b', '    ^^^^', '  Keep one of the two.'],
  },
  {
    name: 'the same target twice',
    text: 'targets:\n  a: { interface: rest, api: raw, url: "http://x" }\n  a: { interface: rest, api: raw, url: "http://x" }\n',
    says: [
      's.yaml:3:3: the key `a` appears twice',
      '      a: { interface: rest, api: raw, url: "http://x" }',
      '      ^',
      '  Keep one of the two.',
    ],
  },
  {
    name: 'a thousand aliases',
    text: `${REST}description: &a x\ncases: [${'*a, '.repeat(1000)}]\n`,
    says: [
      's.yaml:3:409: the scenario uses more than 100 aliases',
      '    , *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a',
      '                                                      ^^',
      '  Write the values out, or use `defaults`.',
    ],
  },
  {
    name: 'aliases of aliases',
    text: `${REST}a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
    says: [
      's.yaml:4:8: the scenario uses more than 100 aliases',
      '    c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]',
      '           ^^',
      '  Write the values out, or use `defaults`.',
    ],
  },
  {
    name: 'an alias of itself',
    text: `${REST}cases: &a [*a]\n`,
    says: [
      's.yaml:2:11: values are nested deeper than 32 levels',
      '    cases: &a [*a]',
      '              ^^^^',
      '  An alias may hold itself: remove it.',
    ],
  },
  {
    name: 'an unknown alias',
    text: `${REST}name: *nothing\n`,
    says: [
      's.yaml:2:7: nothing above is marked `&nothing`',
      '    name: *nothing',
      '          ^^^^^^^^',
      '  Mark a value with it first.',
    ],
  },
  {
    name: 'an unknown key',
    text: `${REST}tresholds: {}\n`,
    says: [
      's.yaml:2:1: unknown key `tresholds`',
      '    tresholds: {}',
      '    ^^^^^^^^^',
      '  Did you mean `thresholds`?',
    ],
  },
  {
    name: 'an unknown key far from any',
    text: `${REST}zzz: 1\n`,
    says: [
      's.yaml:2:1: unknown key `zzz`',
      '    zzz: 1',
      '    ^^^',
      '  The keys here are `name`, `description`, `server`, `servers`, `report`, `seed`, `targets`, `defaults`, `cases`, `vary`, `thresholds`, `compare`, `claims`.',
    ],
  },
  {
    name: 'a key of defaults at the top',
    text: `${REST}rounds: 3\n`,
    says: [
      's.yaml:2:1: unknown key `rounds`',
      '    rounds: 3',
      '    ^^^^^^',
      '  It belongs under `defaults`, or into a case.',
    ],
  },
  {
    name: 'a merge key',
    text: 'targets:\n  a: { <<: 1, interface: rest, api: raw, url: "http://x" }\n',
    says: [
      's.yaml:2:8: unknown key `<<`',
      '      a: { <<: 1, interface: rest, api: raw, url: "http://x" }',
      '           ^^',
      '  Merge keys are not supported: use `defaults`.',
    ],
  },
  {
    name: 'control characters',
    text: `${REST}"\\e[31mname\u202e": \u001b[31mx\n`,
    says: [
      's.yaml:2:1: unknown key `�[31mname�`',
      '    "\\e[31mname�": �[31mx',
      '    ^^^^^^^^^^^^^',
      '  The keys here are `name`, `description`, `server`, `servers`, `report`, `seed`, `targets`, `defaults`, `cases`, `vary`, `thresholds`, `compare`, `claims`.',
    ],
  },
  {
    name: 'a very long line',
    text: `${REST}name: { ${'y'.repeat(300)}: 1 }\n`,
    says: [
      's.yaml:2:1: this is not a name',
      '    name: { yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy',
      '    ^^^^',
      '  Write a text.',
    ],
  },
  {
    name: 'a value that --set replaced',
    text: REST,
    given: { set: ['defaults.load.rate=5'] },
    says: [
      '--set defaults.load.rate=5: a rate needs a unit',
      '  Write it like 200/s, 10/m. The units are /s, /m, /h.',
    ],
  },
  {
    name: 'an unknown key that --set added',
    text: REST,
    given: { set: ['defaults.lode.rate=5'] },
    says: [
      '--set defaults.lode.rate=5: unknown key `lode`',
      '  The keys here are `payload`, `load`, `rounds`, `floor`, `timeout`, `retry_after`, `reader`, `slo`.',
    ],
  },
]

test.each(FAULTS)('$name', async ({ text, given, says }) => {
  expect((await faults(text, given)).split('\n')).toEqual(says)
})
