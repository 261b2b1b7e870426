// sanctum: asks before and after every tool. Written by `sanctum hooks install opencode`; changes are found and undone there.
import { spawn } from "node:child_process"

const PROGRAM = "@PROGRAM@"
// Milliseconds; a verdict takes a few of them.
const TIMEOUT = 10000

// Whatever is not an answer is a refusal: no program, no JSON, a code other than 0, or no end in time.
function ask(question) {
  return new Promise((resolve, reject) => {
    const refuse = (why) => reject(new Error(`sanctum: ${why}`))
    const child = spawn(PROGRAM, ["hook", "--agent", "opencode"], { stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT })
    const out = []
    const err = []
    child.stdout.on("data", (chunk) => out.push(chunk))
    child.stderr.on("data", (chunk) => err.push(chunk))
    child.stdin.on("error", () => {})
    child.on("error", (error) => refuse(`the hook did not start: ${error.message}`))
    child.on("close", (code) => {
      if (code !== 0) return refuse(Buffer.concat(err).toString().trim() || `the hook ended with ${code}`)
      try {
        const answer = JSON.parse(Buffer.concat(out).toString())
        if (answer.decision === "allow") return resolve(answer)
        refuse(answer.reason || "not allowed")
      } catch {
        refuse("the hook gave no answer")
      }
    })
    child.stdin.end(JSON.stringify(question))
  })
}

export const Sanctum = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    const answer = await ask({
      agent: "opencode",
      event: "tool.execute.before",
      tool: input.tool,
      session: input.sessionID,
      cwd: directory,
      args: output.args ?? {},
    })
    if (answer.args) output.args = Object.assign(output.args ?? {}, answer.args)
  },
  "tool.execute.after": async (input, output) => {
    try {
      const answer = await ask({
        agent: "opencode",
        event: "tool.execute.after",
        tool: input.tool,
        session: input.sessionID,
        cwd: directory,
        args: input.args ?? {},
        output: String(output.output ?? ""),
      })
      if (typeof answer.output === "string") {
        output.output = answer.output
        output.metadata = {}
      }
    } catch (error) {
      // What could not be looked at is not shown.
      output.output = `[withheld: ${error.message}]`
      output.metadata = {}
    }
  },
})
