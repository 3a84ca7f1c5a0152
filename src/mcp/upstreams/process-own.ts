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
  return faultOf(paths, own, (path, one) => isWithin(path, one) || isWithin(one, path))
}

/** The same for the home of an upstream, which may lie in a folder of Sallyport's, but has nothing of it within. */
export async function homeFault(home: string, own: readonly string[]): Promise<string | undefined> {
  return faultOf([home], own, (path, one) => isWithin(one, path))
}

async function faultOf(
  paths: readonly string[],
  own: readonly string[],
  related: (path: string, one: string) => boolean,
): Promise<string | undefined> {
  const [formsOfPaths, formsOfOwn] = await Promise.all([formsOf(paths), formsOf(own)])
  for (const path of formsOfPaths)
    for (const one of formsOfOwn)
      if (path.forms.some((form) => one.forms.some((other) => related(form, other))))
        return `${path.name} would show it ${one.name}, which is Sallyport's own: list a smaller folder, or move one of them`
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
