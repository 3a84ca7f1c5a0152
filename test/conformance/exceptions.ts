/** Required scenarios that may fail, and the reason that the specification gives for each. There is none. */
export const EXCEPTIONS: ReadonlyMap<string, string> = new Map()
