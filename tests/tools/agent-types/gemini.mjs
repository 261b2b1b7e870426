// Whether what we install for Gemini CLI and answer it is what its own reference of hooks says: node gemini.mjs REFERENCE GEMINI_JSON.
import { readFileSync } from "node:fs"

const [reference, made] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"))

// The text below a heading, up to the next one of the same rank or above.
function section(title) {
  const rank = title.match(/^#+/)[0].length
  const at = reference.indexOf(`\n${title}\n`)
  if (at < 0) throw new Error(`the reference has no ${title}`)
  const rest = reference.slice(at + title.length + 2)
  const end = rest.search(new RegExp(`^#{1,${rank}} `, "m"))
  return end < 0 ? rest : rest.slice(0, end)
}

// Fields of a table: name, type, whether it is required.
function fields(title) {
  const rows = [...section(title).matchAll(/^\| `(\w+)`\s*\| `(\w+)`\s*\|([^|]*)\|/gm)]
  if (rows.length === 0) throw new Error(`no table below ${title}`)
  return new Map(rows.map(([, name, type, required]) => [name, { type, required: /yes/i.test(required) }]))
}

function fits(object, table, where) {
  for (const [name, value] of Object.entries(object)) {
    const type = table.get(name)?.type
    const is = Array.isArray(value) ? "array" : typeof value
    if (type !== is) throw new Error(`${where}: ${name} is ${type ?? "unknown"} there and ${is} here`)
  }
  for (const [name, { required }] of table) {
    if (required && !(name in object)) throw new Error(`${where}: ${name} is missing`)
  }
}

function judge({ settings, replies }) {
  const definition = fields("### Hook definition")
  const hook = fields("### Hook configuration")
  const common = fields("## Common output fields")
  for (const [event, definitions] of Object.entries(settings.hooks)) {
    section(`### \`${event}\``)
    for (const one of definitions) {
      fits(one, definition, event)
      new RegExp(one.matcher)
      one.hooks.forEach((each) => fits(each, hook, event))
    }
  }
  for (const { event, reply } of replies) {
    const { hookSpecificOutput, ...rest } = reply
    fits(rest, common, event)
    for (const name of Object.keys(hookSpecificOutput ?? {})) {
      const known = name === "hookEventName" || section(`### \`${event}\``).includes(`hookSpecificOutput.${name}\``)
      if (!known) throw new Error(`${event}: hookSpecificOutput.${name} is unknown`)
    }
    if (rest.decision && !["allow", "deny", "block"].includes(rest.decision)) throw new Error(`${event}: ${rest.decision}`)
  }
}

const all = JSON.parse(made)
judge(all)
// What must not pass: a reader that finds nothing in the reference would let everything through.
for (const spoil of [
  (it) => (it.settings.hooks.BeforeTools = it.settings.hooks.BeforeTool),
  (it) => (it.settings.hooks.BeforeTool[0].hooks[0].timeout = "10"),
  (it) => delete it.settings.hooks.AfterTool[0].hooks[0].type,
  (it) => (it.settings.hooks.AfterTool[0].onFailure = "block"),
  (it) => (it.replies[0].reply = { permissionDecision: "deny" }),
  (it) => (it.replies[0].reply = { hookSpecificOutput: { permissionDecision: "deny" } }),
]) {
  const spoilt = structuredClone(all)
  spoil(spoilt)
  let passed = true
  try {
    judge(spoilt)
  } catch {
    passed = false
  }
  if (passed) throw new Error(`this passes: ${spoil}`)
}
