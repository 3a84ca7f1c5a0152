import type { CDPSession, Page } from 'playwright-core'

/** An authenticator inside the browser, for one page: a device with a lock of its own. */
export interface VirtualAuthenticator {
  /** Whether whoever is there opens its lock. */
  verifies(does: boolean): Promise<void>
  /** How many passkeys it holds. */
  count(): Promise<number>
}

/** Adds one that makes discoverable passkeys and verifies its user (the WebAuthn domain of the DevTools protocol). */
export async function virtualAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const session: CDPSession = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    verifies: async (isUserVerified) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
    count: async () =>
      (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length,
  }
}
