import assert from 'node:assert/strict'
import { mock, suite, test, before, after } from 'node:test'
import { deadlineOf } from '../../../src/mcp/upstreams/peer-deadline.ts'

suite('the time of a request', { concurrency: false }, () => {
  let now = 0
  const elapse = (ms: number): void => {
    now += ms
    mock.timers.tick(ms)
  }
  before(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    mock.method(performance, 'now', () => now)
  })
  after(() => mock.reset())

  const started = (time: number) => {
    const late: number[] = []
    return { late, ...deadlineOf(time, () => void late.push(now)) }
  }

  test('is over after so many ms', () => {
    const { late } = started(100)
    elapse(99)
    assert.equal(late.length, 0)
    elapse(1)
    assert.equal(late.length, 1)
  })

  test('stands still while somebody is asked, and goes on where it stood', () => {
    const { late, pause, resume } = started(100)
    elapse(60)
    pause()
    elapse(5000)
    pause()
    resume()
    resume()
    elapse(39)
    assert.equal(late.length, 0)
    elapse(1)
    assert.equal(late.length, 1)
  })

  test('does not stand still for ever, however often somebody is asked', () => {
    const { late, pause, resume } = started(100)
    for (let times = 0; times < 14; times++) {
      pause()
      elapse(60_000)
      resume()
    }
    pause()
    assert.equal(late.length, 0)
    elapse(60_000)
    assert.equal(late.length, 1)
  })

  test('is never over for a request that may last, nor after its end', () => {
    const lasting = started(Infinity)
    const ended = started(10)
    ended.clear()
    elapse(10_000_000)
    assert.deepEqual([...lasting.late, ...ended.late], [])
  })
})
