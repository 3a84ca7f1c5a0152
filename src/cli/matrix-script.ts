/** Filters rows and columns by what is typed. Without it everything is there, and the fields are not. */
export const matrixScript: string = `
const [form, principal, thing, found] = ['filter', 'principal', 'thing', 'found'].map((id) => document.getElementById(id))
const rows = [...document.querySelectorAll('#matrix tr')]
const heads = [...rows[0].cells].slice(1)
const subjects = [...document.querySelectorAll('.subject')]
const groups = [...document.querySelectorAll('#matrix tbody')]
const has = (element, text) => element.textContent.toLowerCase().replace(/\\s+/g, ' ').includes(text)
const wanted = (field) => field.value.trim().toLowerCase().replace(':', ' ')
const filter = () => {
  const columns = heads.map((head) => has(head, wanted(principal)))
  for (const row of rows) {
    if (row.className === 'group') continue
    if (row.className === 'thing') row.hidden = !has(row.cells[0], thing.value.trim().toLowerCase())
    for (const [at, shown] of columns.entries()) row.cells[at + 1].hidden = !shown
  }
  for (const [at, subject] of subjects.entries()) subject.hidden = !columns[at]
  for (const group of groups) group.hidden = ![...group.querySelectorAll('.thing')].some((row) => !row.hidden)
  const things = rows.filter((row) => row.className === 'thing' && !row.hidden).length
  found.value = columns.filter(Boolean).length + ' × ' + things
}
form.hidden = false
form.addEventListener('submit', (event) => event.preventDefault())
for (const field of [principal, thing]) field.addEventListener('input', filter)
filter()
`
