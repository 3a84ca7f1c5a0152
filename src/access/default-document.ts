/** The access policy that `init` writes: four roles, granted to nobody. */
export function defaultAccessDocument(): string {
  return `# yaml-language-server: $schema=./access.schema.json
# Who may use which tools. Whatever is not granted here is denied, and not shown.
# A running server takes a change within a second; a faulty file is refused and the old policy stays.

version: 1

# Conditions on top of permissions: deny, step-up (a fresh second factor), approve (by somebody else), hide. POLICY.md has all
# of them. Instead of "[]", one rule per item:
#   - name: notes-in-office-hours
#     effect: deny
#     tools: [ notes_write, notes_delete ]
#     when: now.hour("Europe/Berlin") < 8 || now.hour("Europe/Berlin") >= 18
rules: []

# Named sets of permissions, each written area:verb. Wildcards: "notes:*" (all of an area), "*:read", "*" (everything).
# A person with a role that says "mfa: required" is refused without a second factor; write every role so to ask all for it.
roles:
  guest: [ "notes:read" ]
  reader: [ "notes:read", "time:read" ]
  user: [ "notes:read", "notes:write", "time:read" ]
  admin: { permissions: [ "*" ], mfa: required }

# Who has which roles: one of service, agent or user with its name, and roles from above.
#   - service: billing
#     roles: [ reader ]
# Also certificate, group, authenticated; and "when" for a grant that counts on a condition.
grants: []
`
}
