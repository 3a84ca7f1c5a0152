/** As long as the sealed credentials of most users. */
export const NOBODY: string = 'x'.repeat(480)
