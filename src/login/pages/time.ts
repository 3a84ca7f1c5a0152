import { html, type Html } from './html.ts'

const READABLE = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'short',
  timeZone: 'UTC',
})

/** A time, in ms since the epoch, for people and for programs. */
export function timeOf(time: number): Html {
  const date = new Date(time)
  return html`<time datetime="${date.toISOString()}">${READABLE.format(date)} UTC</time>`
}
