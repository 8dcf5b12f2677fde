import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js'
import type { Service } from '../service.ts'

/** What an operator's tools ask, who have no token: `/healthz` of gRPC. */
const openService = '/grpc.health.v1.Health/'

/** Ends calls without the server's token before their messages are read. */
export function admission(service: Service): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, receive) {
            const [authorization] = metadata.get('authorization')
            if (path.startsWith(openService) || service.tokens.admits(authorization?.toString())) {
              receive(metadata)
              return
            }
            service.countRequest('grpc', 'UNAUTHENTICATED')
            call.sendStatus({ code: status.UNAUTHENTICATED, details: 'this server wants a bearer token' })
          },
        })
      },
    })
}
