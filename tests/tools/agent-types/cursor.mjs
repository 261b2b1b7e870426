// Whether what we install for Cursor and answer it passes the judges of hooks that its own SDK ships: node cursor.mjs PACKAGE CURSOR_JSON.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const [folder, path] = process.argv.slice(2)
const made = JSON.parse(readFileSync(path, "utf8"))

// The SDK is bundled: its module of hooks stands in one of the parts and needs no other. Its exports have no names that last, so each is
// known by what it says.
const MODULE = "../hooks/dist/index.js"
const dist = join(folder, "dist/esm")
const part = readdirSync(dist).find((name) => name.endsWith(".js") && readFileSync(join(dist, name), "utf8").includes(`"${MODULE}"(`))
if (!part) throw new Error(`no part of the SDK holds ${MODULE}`)
const text = readFileSync(join(dist, part), "utf8")
const { __webpack_esm_modules__: modules } = await import(join(dist, part))
const found = {}
const needs = (name) => {
  throw new Error(`the module of hooks needs ${name}`)
}
needs.d = (_, getters) => Object.assign(found, getters)
modules[MODULE]({}, {}, needs)
function exported(what, is) {
  const all = Object.values(found).map((get) => get()).filter(is)
  if (all.length !== 1) throw new Error(`${all.length} exports are ${what}`)
  return all[0]
}
const says = (words) => (it) => typeof it === "function" && String(it).includes(words)
const judgeSettings = exported("the judge of settings", says("Hooks config must be an object"))
const judgeReply = exported("the judge of answers", says("success:!1"))
const subject = exported("what a matcher looks at", says("case\"beforeShellExecution\""))
const events = Object.keys(exported("the events", (it) => typeof it === "object" && "beforeShellExecution" in it))

function judge({ settings, replies, inputs, events: ours }) {
  const { isValid, errors } = judgeSettings(settings)
  if (!isValid) throw new Error(errors.join("; "))
  for (const { event, reply } of replies) {
    const { success, errors } = judgeReply(event, reply, {})
    if (!success) throw new Error(`${event}: ${errors.join("; ")}`)
    // The judge passes over members that it does not know; what is never read is not said either.
    const unread = Object.keys(reply).find((name) => !new RegExp(`\\.${name}\\b`).test(text))
    if (unread) throw new Error(`${event}: nothing reads ${unread}`)
  }
  for (const { event, input, subject: ours } of inputs) {
    if (subject(event, input) !== ours) throw new Error(`${event}: ${subject(event, input)} there and ${ours} here`)
  }
  const missing = events.filter((event) => !ours.includes(event))
  if (missing.length) throw new Error(`events that we refuse: ${missing.join(", ")}`)
}

judge(made)
// What must not pass.
for (const spoil of [
  (it) => (it.settings.hooks.beforeShell = it.settings.hooks.preToolUse),
  (it) => (it.settings.hooks.preToolUse[0].timeout = "10"),
  (it) => (it.settings.hooks.preToolUse[0].failClosed = "yes"),
  (it) => delete it.settings.hooks.preToolUse[0].command,
  (it) => delete it.settings.version,
  (it) => (it.replies[0].reply.permission = "block"),
  (it) => (it.replies.find(({ event }) => event === "beforeReadFile").reply.permission = "ask"),
  (it) => (it.replies[0].reply.user_remark = "no"),
  (it) => (it.inputs[0].subject = "another"),
  (it) => it.events.pop(),
]) {
  const spoilt = structuredClone(made)
  spoil(spoilt)
  let passed = true
  try {
    judge(spoilt)
  } catch {
    passed = false
  }
  if (passed) throw new Error(`this passes: ${spoil}`)
}
