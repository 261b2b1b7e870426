// Made by a test of sanctum-firewall; do not edit. tests/tools/agent-types/check reads it.
import type { BashInput, MonitorInput, REPLInput, FileReadInput, FileWriteInput, FileEditInput, NotebookEditInput, GrepInput, GlobInput, WebFetchInput, WebSearchInput, ReadMcpResourceInput, ReadMcpResourceDirInput } from "@anthropic-ai/claude-code/sdk-tools.d.ts"

export const ofBashInput: BashInput = {"command":"ls"}
export const ofMonitorInput: MonitorInput = {"command":"ls","description":"d","timeout_ms":1,"persistent":false}
export const ofREPLInput: REPLInput = {"code":"1"}
export const ofFileReadInput: FileReadInput = {"file_path":"/a"}
export const ofFileWriteInput: FileWriteInput = {"file_path":"/a","content":"c"}
export const ofFileEditInput: FileEditInput = {"file_path":"/a","old_string":"b","new_string":"c"}
export const ofNotebookEditInput: NotebookEditInput = {"notebook_path":"/a.ipynb","new_source":"c"}
export const ofGrepInput: GrepInput = {"pattern":"p","path":"/a"}
export const ofGlobInput: GlobInput = {"pattern":"*.rs","path":"/a"}
export const ofWebFetchInput: WebFetchInput = {"url":"https://example.org","prompt":"p"}
export const ofWebSearchInput: WebSearchInput = {"query":"q"}
export const ofReadMcpResourceInput: ReadMcpResourceInput = {"server":"s","uri":"file:///a"}
export const ofReadMcpResourceDirInput: ReadMcpResourceDirInput = {"server":"s","uri":"file:///a"}
