import type { SurfaceEntry } from './surface.ts'

/** Stands for what the surface does not have: whatever its arguments are, they are not known beforehand. */
export function openEntry(kind: SurfaceEntry['kind'], name: string): SurfaceEntry {
  return {
    kind,
    name,
    permission: 'authenticated',
    upstream: null,
    annotations: null,
    inputSchema: { type: 'object', additionalProperties: true },
  }
}
