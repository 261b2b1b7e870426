// Whether what we read, answer and install is what Codex's own program says: node codex.mjs PROGRAM CODEX_JSON.
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [program, path] = process.argv.slice(2)
const made = JSON.parse(readFileSync(path, "utf8"))

// The schemas stand in the program as they were written, one JSON document each.
function schemas() {
  const bytes = readFileSync(program)
  const found = new Map()
  const head = '{\n  "$schema"'
  for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) {
    const end = bytes.indexOf("\n}", at)
    const text = bytes.subarray(at, end + 2).toString("latin1")
    const title = text.match(/"title": "([a-z-]+\.command\.(?:input|output))"/)?.[1]
    if (title) found.set(title, JSON.parse(text))
  }
  return found
}

// As much of JSON Schema as these use; a word that is not known here is an error.
const WORDS = ["$schema", "$ref", "additionalProperties", "allOf", "const", "default", "definitions", "description", "enum", "properties", "required", "title", "type"]
function fits(value, schema, root, where) {
  if (schema === true) return
  const strange = Object.keys(schema).find((word) => !WORDS.includes(word))
  if (strange) throw new Error(`${where}: the schema says ${strange}`)
  if (schema.$ref) return fits(value, root.definitions[schema.$ref.split("/").pop()], root, where)
  schema.allOf?.forEach((one) => fits(value, one, root, where))
  const is = value === null ? "null" : Array.isArray(value) ? "array" : typeof value
  if (schema.type && ![schema.type].flat().includes(is)) throw new Error(`${where} is ${is}`)
  if ("const" in schema && value !== schema.const) throw new Error(`${where} is ${value}`)
  if (schema.enum && !schema.enum.includes(value)) throw new Error(`${where} is ${value}`)
  if (is !== "object") return
  for (const name of schema.required ?? []) if (!(name in value)) throw new Error(`${where} has no ${name}`)
  for (const [name, inner] of Object.entries(value)) {
    const known = schema.properties?.[name]
    if (known !== undefined) fits(inner, known, root, `${where}.${name}`)
    else if (schema.additionalProperties === false) throw new Error(`${where}.${name} is unknown`)
  }
}

const known = schemas()
function judge({ inputs, replies }) {
  for (const [kind, all] of [["input", inputs], ["output", replies]]) {
    for (const { schema, value } of all) {
      const found = known.get(`${schema}.command.${kind}`)
      if (!found) throw new Error(`the program has no schema of ${schema}`)
      fits(value, found, found, `${schema}.${kind}`)
    }
  }
}

// What the program lists of the hooks in a home with these files.
async function listed(files) {
  const home = mkdtempSync(join(tmpdir(), "codex-"))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text.replaceAll("HOME", home))
  const child = spawn(program, ["app-server"], { env: { CODEX_HOME: home, HOME: home, PATH: "/usr/bin:/bin" }, stdio: ["pipe", "pipe", "ignore"] })
  const say = (message) => child.stdin.write(`${JSON.stringify(message)}\n`)
  say({ id: 1, method: "initialize", params: { clientInfo: { name: "check", title: "check", version: "0" } } })
  say({ method: "initialized" })
  say({ id: 2, method: "hooks/list", params: { cwds: [home] } })
  let text = ""
  for await (const chunk of child.stdout) {
    text += chunk
    const line = text.split("\n").slice(0, -1).find((line) => JSON.parse(line).id === 2)
    if (!line) continue
    child.kill()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
    const [{ hooks, warnings, errors }] = JSON.parse(line).result.data
    return { hooks, home, wrong: [...warnings, ...errors] }
  }
  throw new Error("the program ended without an answer")
}

function must(holds, what) {
  if (!holds) throw new Error(what)
}

judge(made)
for (const spoil of [
  (it) => (it.replies[0].value.permission = "deny"),
  (it) => (it.replies[0].value.hookSpecificOutput.permissionDecision = "block"),
  (it) => delete it.replies[0].value.hookSpecificOutput.hookEventName,
  (it) => delete it.inputs[0].value.turn_id,
]) {
  const spoilt = structuredClone(made)
  spoil(spoilt)
  let passed = true
  try {
    judge(spoilt)
  } catch {
    passed = false
  }
  must(!passed, `this passes: ${spoil}`)
}

const settings = JSON.stringify(made.settings)
const first = await listed({ "hooks.json": settings })
const command = made.settings.hooks.PreToolUse[0].hooks[0].command
must(first.wrong.length === 0, first.wrong.join("; "))
must(first.hooks.map((one) => one.eventName).sort().join() === "permissionRequest,postToolUse,preToolUse", "not every hook is listed")
must(first.hooks.every((one) => one.command === command && one.enabled && one.trustStatus === "untrusted" && one.timeoutSec === 10), "a hook is listed otherwise")
const snake = { preToolUse: "pre_tool_use", postToolUse: "post_tool_use", permissionRequest: "permission_request" }
must(first.hooks.every((one) => one.key === `${first.home}/hooks.json:${snake[one.eventName]}:0:0`), "the keys are others")
// The trust that `hooks status` reads: by key and by the hash of today's definition.
const trust = (hash) => first.hooks.map((one) => `[hooks.state."HOME/hooks.json:${snake[one.eventName]}:0:0"]\ntrusted_hash = "${hash(one)}"\n`).join("")
const is = async (files, status) => {
  const { hooks } = await listed(files)
  must(hooks.length === 3 && hooks.every((one) => one.trustStatus === status), `not ${status}`)
}
await is({ "hooks.json": settings, "config.toml": trust((one) => one.currentHash) }, "trusted")
await is({ "hooks.json": settings, "config.toml": trust(() => "sha256:00") }, "modified")
must((await listed({ "hooks.json": settings, "config.toml": "[features]\nhooks = false\n" })).hooks.length === 0, "features.hooks leaves hooks on")
for (const [text, hooks] of [
  ["{ not json", 0],
  [settings.replace('"timeout":10', '"timeout":"x"'), 0],
  [settings.replace('"matcher":"*"', '"matcher":"(("'), 2],
]) {
  const { hooks: left, wrong } = await listed({ "hooks.json": text })
  must(left.length === hooks && wrong.length > 0, `this passes: ${text}`)
}
must((await listed({ "hooks.json": settings.replace("PreToolUse", "PreToolUses") })).hooks.length === 2, "an unknown event is listed")
