// Made by a test of sanctum-firewall; do not edit. tests/tools/agent-types/check reads it.
import type { SyncHookJSONOutput, Settings } from "@anthropic-ai/claude-agent-sdk"

export const replies: SyncHookJSONOutput[] = [
  {},
  {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"ask","permissionDecisionReason":"why?"}},
  {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":"no"}},
  {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"defer","permissionDecisionReason":"why?"}},
  {"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"ask","permissionDecisionReason":"","updatedInput":{"command":"y"}}},
  {"hookSpecificOutput":{"hookEventName":"PreToolUse","additionalContext":"known"}},
  {"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"no"}}},
  {"hookSpecificOutput":{"hookEventName":"PostToolUse","updatedToolOutput":{"stdout":"","stderr":""},"additionalContext":"covered"}},
  {"decision":"block","reason":"no"},
  {"hookSpecificOutput":{"hookEventName":"PostToolUse","updatedToolOutput":[],"updatedMCPToolOutput":[],"additionalContext":"covered"}},
  {"decision":"block","reason":"no","hookSpecificOutput":{"hookEventName":"UserPromptSubmit","suppressOriginalPrompt":true}},
  {"hookSpecificOutput":{"hookEventName":"UserPromptSubmit","additionalContext":"known"}},
  {"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"known"}},
  {"decision":"block","reason":"no"},
]

export const settings: Settings = {
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "*",
        "hooks": [
          {
            "type": "command",
            "command": "/usr/local/bin/sanctum",
            "args": [
              "hook",
              "--agent",
              "claude"
            ],
            "timeout": 10,
            "onFailure": "block"
          }
        ]
      }
    ],
    "PostToolUse": [
      {
        "matcher": "*",
        "hooks": [
          {
            "type": "command",
            "command": "/usr/local/bin/sanctum",
            "args": [
              "hook",
              "--agent",
              "claude"
            ],
            "timeout": 10,
            "onFailure": "block"
          }
        ]
      }
    ],
    "ConfigChange": [
      {
        "hooks": [
          {
            "type": "command",
            "command": "/usr/local/bin/sanctum",
            "args": [
              "hook",
              "--agent",
              "claude"
            ],
            "timeout": 10,
            "onFailure": "block"
          }
        ]
      }
    ]
  }
}
