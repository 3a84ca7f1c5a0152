import { html, markupOf, type Html } from './html.ts'

/** Where the pages find their stylesheet, their script and their icon. */
export const STYLESHEET_PATH = '/login.css'
export const SCRIPT_PATH = '/login.js'
export const ICON_PATH = '/login.svg'

/** The whole document around one card: narrow for a form, wide for lists. All but passkeys works without the script. */
export function layout(title: string, card: Html, width: 'narrow' | 'wide' = 'narrow'): string {
  return markupOf(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>${title} · Sallyport</title>
          <link rel="icon" href="${ICON_PATH}" type="image/svg+xml" />
          <link rel="stylesheet" href="${STYLESHEET_PATH}" />
          <script src="${SCRIPT_PATH}" type="module"></script>
        </head>
        <body>
          <main class="card ${width}">
            <p class="brand">
              <img src="${ICON_PATH}" alt="" width="22" height="22" />
              Sallyport
            </p>
            <h1>${title}</h1>
            ${card}
          </main>
        </body>
      </html>`,
  )
}

/** What went wrong, read out at once by screen readers; nothing for `undefined`. */
export function alert(message: string | undefined): Html | undefined {
  return message === undefined ? undefined : html`<p class="alert" role="alert">${message}</p>`
}

/** What has just happened; nothing for `undefined`. */
export function notice(message: string | undefined): Html | undefined {
  return message === undefined ? undefined : html`<p class="notice" role="status">${message}</p>`
}

/** The anti-forgery token of a form. */
export function formTokenField(formToken: string): Html {
  return html`<input type="hidden" name="csrf" value="${formToken}" />`
}
