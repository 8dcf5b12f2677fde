import { metricsText } from '../metrics.ts'
import type { Convention } from './router.ts'

/** What an operator asks, rather than a client. */
export function operations(): Convention {
  return {
    prefix: '/',
    interfaceName: 'admin',
    errorBody: (error) => JSON.stringify({ error: error.message }),
    routes: [
      {
        method: 'GET',
        path: '/healthz',
        handler: (exchange) => {
          const status = exchange.service.stopping ? 503 : 200
          exchange.reply(status, { 'content-type': 'text/plain' }, status === 200 ? 'ok\n' : 'stopping\n')
        },
      },
      {
        method: 'GET',
        path: '/metrics',
        handler: (exchange) => {
          const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }
          exchange.reply(200, headers, metricsText(exchange.service))
        },
      },
    ],
  }
}
