import type { Admitted, AdmissionMemory } from './admission.ts'

/**
 * Remembers the admissions of the last `most` certificates, and those of one trust epoch only, so that nothing keeps
 * the revocation lists of an older one in memory.
 */
export function recentAdmissions(most: number): AdmissionMemory<string> {
  const entries = new Map<string, Admitted>()
  let trust: Admitted['trust'] | undefined
  return {
    get(key) {
      const known = entries.get(key)
      if (known === undefined) return undefined
      entries.delete(key)
      entries.set(key, known)
      return known
    },
    set(key, admitted) {
      if (admitted.trust !== trust) entries.clear()
      trust = admitted.trust
      entries.delete(key)
      entries.set(key, admitted)
      const [oldest] = entries.size > most ? entries.keys() : []
      if (oldest !== undefined) entries.delete(oldest)
    },
  }
}
