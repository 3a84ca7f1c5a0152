import { totpField } from './code-field.ts'
import { html } from './html.ts'
import { alert, formTokenField, layout } from './layout.ts'
import { logOutForm } from './log-out-form.ts'

/** What the page to set up an authenticator app shows. */
export interface EnrolTotpPage {
  readonly formToken: string
  /** Base32. */
  readonly secret: string
  /** `otpauth:`, for an app on this very device. */
  readonly uri: string
  /** The same as a QR code: its side in modules, and the path of an SVG image. */
  readonly qr: { readonly size: number; readonly path: string }
  readonly problem?: string | undefined
}

/** The secret to be read by an authenticator app, and the form for the first code. */
export function enrolTotpPage({ formToken, secret, uri, qr, problem }: EnrolTotpPage): string {
  return layout(
    'Set up an authenticator app',
    html`
      ${alert(problem)}
      <p>Scan this with the app, within five minutes.</p>
      <svg
        class="qr"
        viewBox="0 0 ${qr.size} ${qr.size}"
        role="img"
        aria-label="QR code with the secret that is written below"
        shape-rendering="crispEdges"
      >
        <rect width="${qr.size}" height="${qr.size}" fill="#fff" />
        <path d="${qr.path}" fill="#000" />
      </svg>
      <p class="hint">Or type this into the app, as a key that is based on time:</p>
      <p><code class="secret">${grouped(secret)}</code></p>
      <p class="hint"><a href="${uri}">Open in an app on this device</a></p>
      <form method="post" action="/auth/enrol/totp">
        ${formTokenField(formToken)} ${totpField('The code that the app shows now')}
        <button type="submit">Confirm</button>
      </form>
      <p class="links"><a href="/enrol">Back to the choice</a></p>
      ${logOutForm(formToken)}
    `,
  )
}

/** In groups of four, which can be read out; apps take the spaces. */
function grouped(secret: string): string {
  return (secret.match(/.{1,4}/g) ?? []).join(' ')
}
