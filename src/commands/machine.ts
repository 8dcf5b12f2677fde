/** What the system tells of itself. What it does not tell, as on systems other than Linux, is null. */

import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { dirname, join } from 'node:path'
import { systemClock } from '../load/clock.ts'
import { clockResolutionMs, timerLatenessMs } from '../load/clock-check.ts'
import type { MachineFacts } from '../result/diagnosis.ts'

const SLEEPS = 300
const CGROUPS = '/sys/fs/cgroup'
const CPUS = '/sys/devices/system/cpu'

export async function readMachine(): Promise<MachineFacts> {
  const ticksBefore = cpuTicks()
  const latenesses = await timerLatenessMs(systemClock, SLEEPS)
  const at = (share: number) => latenesses[Math.ceil(latenesses.length * share) - 1]!
  const cpus = os.cpus()
  return {
    node: { version: process.versions.node, path: process.execPath },
    os: `${os.type()} ${os.arch()}`,
    kernel: os.release(),
    cpu: cpus[0]?.model.trim() || 'unknown',
    cores: Math.max(1, os.availableParallelism()),
    cpu_quota: cpuQuota(),
    steal_share: stealShare(ticksBefore, cpuTicks()),
    governors: governors(),
    clock_resolution_ms: clockResolutionMs(systemClock),
    clock_source: firstLine('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
    timer_lateness: { p50_ms: at(0.5), p99_ms: at(0.99) },
    file_descriptors: fileDescriptors(),
    ephemeral_ports: ephemeralPorts(),
    somaxconn: numberIn('/proc/sys/net/core/somaxconn'),
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function firstLine(file: string): string | null {
  return read(file)?.trim().split('\n')[0] || null
}

function numberIn(file: string): number | null {
  const text = firstLine(file)
  return text !== null && Number.isFinite(Number(text)) ? Number(text) : null
}

/** Node raises the soft limit to the hard one when it starts. */
function fileDescriptors(): MachineFacts['file_descriptors'] {
  const found = /^Max open files\s+(\S+)\s+(\S+)/m.exec(read('/proc/self/limits') ?? '')
  if (!found) return null
  const count = (text: string) => (text === 'unlimited' ? null : Number(text))
  return { soft: count(found[1]!), hard: count(found[2]!) }
}

function ephemeralPorts(): MachineFacts['ephemeral_ports'] {
  const found = /^(\d+)\s+(\d+)/.exec(firstLine('/proc/sys/net/ipv4/ip_local_port_range') ?? '')
  return found && { first: Number(found[1]), last: Number(found[2]) }
}

/** CPU time in ticks since the machine started: all of it, and what the hypervisor gave to others. */
function cpuTicks(): { all: number; stolen: number } | null {
  const found = /^cpu\s+(.*)$/m.exec(read('/proc/stat') ?? '')
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice.
  const ticks = found?.[1]?.trim().split(/\s+/).slice(0, 8).map(Number)
  return ticks && ticks.length === 8
    ? { all: ticks.reduce((sum, one) => sum + one), stolen: ticks[7]! }
    : null
}

function stealShare(before: ReturnType<typeof cpuTicks>, after: ReturnType<typeof cpuTicks>): number | null {
  if (!before || !after || after.all <= before.all) return null
  return (after.stolen - before.stolen) / (after.all - before.all)
}

function governors(): string[] | null {
  try {
    const cpus = readdirSync(CPUS).filter((name) => /^cpu\d+$/.test(name))
    const found = cpus.flatMap((name) => firstLine(join(CPUS, name, 'cpufreq/scaling_governor')) ?? [])
    return found.length > 0 ? [...new Set(found)].sort() : null
  } catch {
    return null
  }
}

/** Cores' worth of time that the container may use; null where there is no such limit, or none to be read. */
function cpuQuota(): number | null {
  const own = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1]
  const quotas = own === undefined ? [] : quotasAbove(join(CGROUPS, own))
  const quotaUs = numberIn(join(CGROUPS, 'cpu/cpu.cfs_quota_us'))
  const periodUs = numberIn(join(CGROUPS, 'cpu/cpu.cfs_period_us'))
  if (quotaUs !== null && quotaUs > 0 && periodUs) quotas.push(quotaUs / periodUs)
  return quotas.length > 0 ? Math.min(...quotas) : null
}

/** Each group is held to what those above it are held to. */
function quotasAbove(folder: string): number[] {
  const [quotaUs, periodUs] = (firstLine(join(folder, 'cpu.max')) ?? '').split(' ').map(Number)
  const own = quotaUs && periodUs ? [quotaUs / periodUs] : []
  return folder === CGROUPS || !folder.startsWith(CGROUPS) ? own : [...own, ...quotasAbove(dirname(folder))]
}
