/** What a JSON value may be, as its schema says, in the words of CEL. */
export type JsonType =
  | { readonly kind: 'string' | 'int' | 'double' | 'bool' }
  /** Anything: the schema does not say, or says several things. */
  | { readonly kind: 'dyn' }
  | { readonly kind: 'list'; readonly of: JsonType }
  /** An object whose keys are not known. */
  | { readonly kind: 'map' }
  | ObjectType

/** An object with these fields. */
export interface ObjectType {
  readonly kind: 'object'
  readonly fields: ReadonlyMap<string, JsonType>
  /** Whether it may have others. */
  readonly isOpen: boolean
}

/** See {@link JsonType}: its values are checked when they are used. */
export const DYN: JsonType = { kind: 'dyn' }
