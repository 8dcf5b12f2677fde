/** Lists and mappings of a result, which may come from a stranger. */

import { z } from 'zod'

/** Cases, rounds of a case, errors or thresholds. */
export const MOST_ITEMS = 10_000

/** Counted before its items are looked at, so that a hostile file costs one message and not a million. */
export const list = <T extends z.ZodType>(item: T) => z.array(z.unknown()).max(MOST_ITEMS).pipe(z.array(item))

/** The same of what has names. */
export const named = <T extends z.ZodType>(item: T) =>
  z
    .record(z.string(), z.unknown())
    .refine((record) => Object.keys(record).length <= MOST_ITEMS, `more than ${MOST_ITEMS} names`)
    .pipe(z.record(z.string(), item))
