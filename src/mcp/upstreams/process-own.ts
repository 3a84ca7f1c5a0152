import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'

/** Whether a path is a folder, or lies in it. Both absolute; nothing is looked up. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith('../'))
}

/**
 * Why these paths may not be seen by an upstream, in words for the operator: one of them has in it what is Sallyport's
 * own, or lies in that. Each is taken by its name and by where its symbolic links lead.
 */
export async function ownFault(
  paths: readonly string[],
  own: readonly string[],
): Promise<string | undefined> {
  return shown(await relatedOf(paths, own, isEitherWithin))
}

/** The same for the home of an upstream, which may lie in a folder of Sallyport's, but has nothing of it within. */
export async function homeFault(home: string, own: readonly string[]): Promise<string | undefined> {
  return shown(await relatedOf([home], own, has))
}

/** Why these paths and this home may not be written by an upstream: code that Sallyport runs would be what it writes. */
export async function codeFault(
  { write, home }: { readonly write: readonly string[]; readonly home: string },
  code: readonly string[],
): Promise<string | undefined> {
  const found = (await relatedOf(write, code, isEitherWithin)) ?? (await relatedOf([home], code, has))
  if (found === undefined) return undefined
  return `${found.path} would let it write ${found.one}, which Sallyport runs code from: list a smaller folder, or move one of them`
}

interface Related {
  readonly path: string
  readonly one: string
}

function shown(found: Related | undefined): string | undefined {
  if (found === undefined) return undefined
  return `${found.path} would show it ${found.one}, which is Sallyport's own: list a smaller folder, or move one of them`
}

function has(path: string, one: string): boolean {
  return isWithin(one, path)
}

function isEitherWithin(path: string, one: string): boolean {
  return isWithin(path, one) || isWithin(one, path)
}

async function relatedOf(
  paths: readonly string[],
  others: readonly string[],
  related: (path: string, one: string) => boolean,
): Promise<Related | undefined> {
  const [formsOfPaths, formsOfOthers] = await Promise.all([formsOf(paths), formsOf(others)])
  for (const path of formsOfPaths)
    for (const one of formsOfOthers)
      if (path.forms.some((form) => one.forms.some((other) => related(form, other))))
        return { path: path.name, one: one.name }
  return undefined
}

interface Named {
  readonly name: string
  readonly forms: readonly string[]
}

async function formsOf(paths: readonly string[]): Promise<readonly Named[]> {
  return Promise.all(
    paths.map(async (name) => ({ name, forms: [resolve(name), await realPathOf(resolve(name))] })),
  )
}

/** Where a path leads; what is not there yet is where its folder leads. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const folder = dirname(path)
    return folder === path ? path : join(await realPathOf(folder), basename(path))
  }
}

/** Why a listed path cannot be shown: it is not there. In words for the operator. */
export async function missingFault(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths)
    if ((await stat(path).catch(() => undefined)) === undefined)
      return `${path} is listed for it and does not exist`
  return undefined
}
