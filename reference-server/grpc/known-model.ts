import { status } from '@grpc/grpc-js'
import type { ModelInfo } from '../runtime/runtime.ts'
import type { Service } from '../service.ts'
import { StatusError } from './status.ts'

/** @throws RequestError or StatusError NOT_FOUND */
export function knownModel(service: Service, name: string, version: string): ModelInfo {
  const model = service.model(name)
  if (version === '' || version === '1') return model
  throw new StatusError(status.NOT_FOUND, `model ${name} has version 1 only`)
}
