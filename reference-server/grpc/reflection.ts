import { type ServerDuplexStream, status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Service } from '../service.ts'
import type { ProtoFile } from './proto-file.ts'
import { ReplyStream } from './reply-stream.ts'

/** As protobufjs reads it: of the queries, the one that is set has a value of its own. */
interface ReflectionRequest {
  host: string
  message_request?: keyof Queries
}

interface Queries {
  file_by_filename: string
  file_containing_symbol: string
  file_containing_extension: object
  all_extension_numbers_of_type: string
  list_services: string
}

/** `ServerReflection` of any version, for clients that learn the messages from the server. */
export function reflection(service: Service, files: readonly ProtoFile[]): UntypedServiceImplementation {
  return {
    ServerReflectionInfo(call: ServerDuplexStream<ReflectionRequest & Queries, object>) {
      const replies = new ReplyStream<object>(service, call)
      call.on('data', (request: ReflectionRequest & Queries) => {
        const reply = { valid_host: request.host, original_request: request, ...answer(files, request) }
        replies.send(() => reply, '')
      })
      call.on('end', () => void replies.end())
    },
  }
}

function answer(files: readonly ProtoFile[], request: ReflectionRequest & Queries): object {
  switch (request.message_request) {
    case 'list_services': {
      const service = files.flatMap((file) => file.services.map(({ fullName: name }) => ({ name })))
      return { list_services_response: { service } }
    }
    case 'file_by_filename':
      return found(files.find(({ name }) => name === request.file_by_filename))
    case 'file_containing_symbol':
      return found(files.find(({ symbols }) => symbols.has(request.file_containing_symbol)))
    case 'all_extension_numbers_of_type': {
      const base_type_name = request.all_extension_numbers_of_type
      if (!files.some(({ symbols }) => symbols.has(base_type_name))) return found(undefined)
      return { all_extension_numbers_response: { base_type_name } }
    }
    case 'file_containing_extension':
      return found(undefined)
    default:
      return failed(status.INVALID_ARGUMENT, 'the request asks for nothing')
  }
}

function found(file: ProtoFile | undefined): object {
  if (!file) return failed(status.NOT_FOUND, 'not found')
  return { file_descriptor_response: { file_descriptor_proto: [file.descriptor] } }
}

function failed(error_code: status, error_message: string): object {
  return { error_response: { error_code, error_message } }
}
