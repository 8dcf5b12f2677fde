import protobuf from 'protobufjs/light.js'
import { DialectError } from '../../dialects/dialect.ts'
import type { LearnedMethod, LearnedType } from '../../dialects/learned-method.ts'
import type { Target } from '../../plan/plan.ts'
import { suggest } from '../../values/suggestion.ts'
import type { CallKind } from '../driver.ts'
import type { GrpcOptions } from './options.ts'

/** Services with their methods, and all types that these are made of. */
export interface GrpcSchema {
  /** By full name, and then by the method's own. */
  services: ReadonlyMap<string, ReadonlyMap<string, Omit<LearnedMethod, 'types'>>>
  /** By full name. */
  types: ReadonlyMap<string, LearnedType>
  /** Keys of the target that it was learned from. */
  source: string
}

/** What of a target's options a schema is learned from. */
export function sourceOf({ proto, import_paths, reflection }: GrpcOptions): string {
  return JSON.stringify([proto ?? null, import_paths ?? null, reflection ?? false])
}

/** Throws where a type that is used is not defined. */
export function schemaOf(root: protobuf.Root, source: string): GrpcSchema {
  root.resolveAll()
  const services: Map<string, Map<string, Omit<LearnedMethod, 'types'>>> = new Map()
  const types = new Map<string, LearnedType>()
  const collect = (namespace: protobuf.NamespaceBase): void => {
    for (const object of namespace.nestedArray) {
      if (object instanceof protobuf.Service) services.set(nameOf(object), methodsOf(object))
      else if (object instanceof protobuf.Type) types.set(nameOf(object), messageOf(object))
      else if (object instanceof protobuf.Enum) types.set(nameOf(object), { values: object.values })
      if (object instanceof protobuf.Namespace) collect(object)
    }
  }
  collect(root)
  return { services, types, source }
}

function methodsOf(service: protobuf.Service): Map<string, Omit<LearnedMethod, 'types'>> {
  return new Map(
    service.methodsArray.map((method) => [
      method.name,
      {
        kind: kindOf(method),
        request: messageNameOf(method.resolvedRequestType, method),
        reply: messageNameOf(method.resolvedResponseType, method),
      },
    ]),
  )
}

/** A schema that is not whole may name what is no message, or nothing. */
function messageNameOf(type: protobuf.ReflectionObject | null, { fullName }: protobuf.Method): string {
  if (type instanceof protobuf.Type) return nameOf(type)
  throw new Error(`${fullName} takes or gives what is no message`)
}

function kindOf({ requestStream, responseStream }: protobuf.Method): CallKind {
  if (requestStream) return responseStream ? 'bidi' : 'client-stream'
  return responseStream ? 'server-stream' : 'unary'
}

function messageOf(type: protobuf.Type): LearnedType {
  const fields = type.fieldsArray.map((field) => {
    const { name, id, rule, resolvedType, options } = field
    const known = {
      ...(field instanceof protobuf.MapField && { keyType: field.keyType }),
      ...(rule && { rule }),
      type: resolvedType?.fullName ?? field.type,
      id,
    }
    // Which of the two is the default depends on the file's edition, which the type is taken out of.
    const settled = { ...(options?.proto3_optional && { proto3_optional: true }), packed: field.packed }
    return [name, { ...known, options: settled }]
  })
  const oneofs = type.oneofsArray.map(({ name, oneof }) => [name, { oneof }])
  return {
    fields: Object.fromEntries(fields),
    ...(oneofs.length > 0 && { oneofs: Object.fromEntries(oneofs) }),
  }
}

/** protobufjs begins full names with a dot. */
function nameOf(object: protobuf.ReflectionObject): string {
  return object.fullName.slice(1)
}

/**
 * The target with what the schema says of the call at `path` (`/package.Service/Method`) as an option, with no other
 * types than the call needs. Throws `DialectError` for a call that the schema does not have.
 */
export function withMethod(target: Target, path: string, schema: GrpcSchema): Target {
  const options = target.options as unknown as GrpcOptions
  const fault = (message: string, cure: string, key: keyof GrpcOptions) =>
    new DialectError(message, { cure, at: [options[key] === undefined ? 'url' : key] })
  if (sourceOf(options) !== schema.source) {
    throw fault('a schema cannot vary', 'Make a target of its own for each.', 'proto')
  }
  const [, service = '', name = ''] = path.split('/')
  const methods = schema.services.get(service)
  if (!methods) {
    const cure = suggest(service, [...schema.services.keys()], 'services')
    throw fault(`the schema has no service \`${service.slice(0, 128)}\``, cure, 'service')
  }
  const method = methods.get(name)
  if (!method) {
    const cure = suggest(name, [...methods.keys()], 'methods')
    throw fault(`${service} has no method \`${name.slice(0, 64)}\``, cure, 'method')
  }
  if (options.kind !== undefined && options.kind !== method.kind) {
    throw fault(`${name} is a call of the kind ${method.kind}`, 'Remove `kind`, or correct it.', 'kind')
  }
  const learned: LearnedMethod = { ...method, types: Object.fromEntries(reachable(method, schema)) }
  return { ...target, options: { ...target.options, learned } }
}

function reachable(
  { request, reply }: Omit<LearnedMethod, 'types'>,
  { types }: GrpcSchema,
): Map<string, LearnedType> {
  const found = new Map<string, LearnedType>()
  const visit = (name: string): void => {
    const type = types.get(name)
    if (!type || found.has(name)) return
    found.set(name, type)
    if (!('fields' in type)) return
    for (const field of Object.values(type.fields)) {
      if (field.type.startsWith('.')) visit(field.type.slice(1))
    }
  }
  visit(request)
  visit(reply)
  return found
}
