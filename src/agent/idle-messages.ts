/** What the tool and the process of the do-nothing servers say to each other. */

import type { IdleRequest, IdleServer } from '../drivers/driver.ts'

export type IdleOrder =
  | { do: 'start'; id: number; interface: string; asked: IdleRequest }
  | { do: 'stop'; id: number }

/** `id`: of the order to start. */
export type IdleReply = { id: number; server: Omit<IdleServer, 'close'> } | { id: number; error: string }
