import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js'
import type { Service } from '../service.ts'
import { StatusError, toStatusError } from './status.ts'

/** What an operator's tools ask, who have no token: `/healthz` of gRPC. */
const openService = '/grpc.health.v1.Health/'
/** gRPC's own services: what they are asked for is no call of a model. */
const ownServices = '/grpc.'

/** Ends calls before their messages are read: those without the server's token, and those that are too many. */
export function admission(service: Service): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, receive) {
            const refusal = refusalOf(service, path, metadata)
            if (!refusal) {
              receive(metadata)
              return
            }
            service.countRequest('grpc', status[refusal.code])
            call.sendStatus(refusal)
          },
        })
      },
    })
}

function refusalOf(service: Service, path: string, metadata: Metadata): StatusError | null {
  const [authorization] = metadata.get('authorization')
  if (!path.startsWith(openService) && !service.tokens.admits(authorization?.toString())) {
    return new StatusError(status.UNAUTHENTICATED, 'this server wants a bearer token')
  }
  if (path.startsWith(ownServices)) return null
  try {
    service.admit()
    return null
  } catch (error) {
    return toStatusError(error)
  }
}
