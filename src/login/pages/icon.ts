/** A gate with two doors. */
export const icon: string = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <path fill="#3b5bdb" d="M4 30V12A12 12 0 0 1 28 12V30Z"/>
  <path fill="#fff" d="M9 30V13a7 7 0 0 1 6-6.9V30Zm8 0V6.1A7 7 0 0 1 23 13V30Z"/>
  <circle cx="13" cy="19" r="1.3" fill="#3b5bdb"/><circle cx="19" cy="19" r="1.3" fill="#3b5bdb"/>
</svg>
`
