/**
 * The one script of the pages, for what no page can do without: passkeys, and a button that copies. Whatever needs it is
 * hidden until it runs. It writes text, never markup, and goes only where a page of ours says.
 */
export const script: string = String.raw`
/** A challenge is good for five minutes: what waits longer asks for another. */
const ASK_AGAIN = 4 * 60000

const bytesOf = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0))
const textOf = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '')
const withBytes = (list) => (list || []).map((one) => ({ ...one, id: bytesOf(one.id) }))

async function post(path, body) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  const said = await answer.json()
  if (!answer.ok) throw Object.assign(new Error(said.message), { isSaid: true })
  return said
}

/** Asks the browser for a passkey of this site, and says what it answered. */
async function got(more) {
  const asked = await post('/auth/passkey/options', {})
  const challenge = bytesOf(asked.challenge)
  const publicKey = { ...asked, challenge, allowCredentials: withBytes(asked.allowCredentials) }
  const { id, response } = await navigator.credentials.get({ ...more, publicKey })
  return {
    id,
    clientDataJSON: textOf(response.clientDataJSON),
    authenticatorData: textOf(response.authenticatorData),
    signature: textOf(response.signature),
    ...(response.userHandle && response.userHandle.byteLength > 0
      ? { userHandle: textOf(response.userHandle) }
      : {}),
  }
}

/** Has the browser make a passkey. */
async function made() {
  const asked = await post('/auth/enrol/passkey/options', {})
  const { response } = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytesOf(asked.challenge),
      user: { ...asked.user, id: bytesOf(asked.user.id) },
      excludeCredentials: withBytes(asked.excludeCredentials),
    },
  })
  return {
    clientDataJSON: textOf(response.clientDataJSON),
    attestationObject: textOf(response.attestationObject),
    transports: response.getTransports ? response.getTransports().join(' ') : '',
  }
}

/** Says what went wrong; who cancels is told nothing. */
function tell(box, error) {
  const region = box.querySelector('[role=alert]')
  const isQuiet = error.name === 'NotAllowedError' || error.name === 'AbortError'
  const words = error.isSaid
    ? error.message
    : error.name === 'InvalidStateError'
      ? 'This device has a passkey for you already.'
      : 'That did not work. Please try again.'
  region.textContent = isQuiet ? '' : words
  region.hidden = isQuiet
}

/** Runs one attempt at a time, with the buttons of the box out of use. */
async function attempt(box, work) {
  const buttons = [...box.querySelectorAll('button')]
  if (buttons.some((button) => button.disabled)) return
  for (const button of buttons) button.disabled = true
  try {
    tell(box, { name: 'AbortError' })
    await work()
  } catch (error) {
    tell(box, error)
  }
  for (const button of buttons) button.disabled = false
}

async function enter(box, answer) {
  await post('/auth/passkey', answer)
  location.assign(box.dataset.next)
}

/** Offers passkeys in the field for the name for as long as the page is open, until the button is used. */
async function autofill(box, stop) {
  const { PublicKeyCredential: passkeys } = window
  if (!passkeys.isConditionalMediationAvailable || !(await passkeys.isConditionalMediationAvailable())) return
  while (!stop.aborted) {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(ASK_AGAIN)])
    try {
      const answer = await got({ mediation: 'conditional', signal })
      return await attempt(box, () => enter(box, answer))
    } catch (error) {
      if (!signal.aborted) return
    }
  }
}

function offerToGet(box) {
  const stop = new AbortController()
  box.querySelector('button').addEventListener('click', () => {
    stop.abort()
    attempt(box, async () => enter(box, await got({})))
  })
  if (box.dataset.autofill === 'yes' && AbortSignal.any && AbortSignal.timeout) autofill(box, stop.signal)
}

function offerToMake(form) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    attempt(form, async () => {
      for (const [name, value] of Object.entries(await made())) {
        const field = form.elements.namedItem(name) || document.createElement('input')
        Object.assign(field, { type: 'hidden', name, value })
        form.append(field)
      }
      form.submit()
    })
  })
}

function offerToCopy(button) {
  button.ariaLive = 'polite'
  button.addEventListener('click', async () => {
    const { innerText } = document.getElementById(button.dataset.copy)
    const isCopied = await navigator.clipboard.writeText(innerText).then(
      () => true,
      () => false,
    )
    button.textContent = isCopied ? 'Copied' : 'Select them and copy by hand'
  })
}

if (window.PublicKeyCredential && navigator.credentials)
  for (const box of document.querySelectorAll('[data-passkey]')) {
    box.hidden = false
    if (box.dataset.passkey === 'get') offerToGet(box)
    else offerToMake(box)
  }
if (navigator.clipboard)
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.hidden = false
    offerToCopy(button)
  }
`
