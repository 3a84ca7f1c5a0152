import { SallyportError } from '../errors.ts'

/**
 * The URL of a server, from the command line.
 *
 * @throws SallyportError `NAME_INVALID` for anything but https
 */
export function assertHttpsUrl(text: string): URL {
  const url = URL.parse(text)
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url
  throw new SallyportError(
    'NAME_INVALID',
    `${text} is no URL of a server: write it as in https://localhost:8443`,
  )
}
