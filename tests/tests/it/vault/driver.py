# Drives a published client in Python: its class and options as JSON in the first argument, one call a line on standard
# input ({"do": "retrieve", "args": ["a/b"], "options": {"ttl": 60}}), one answer a line.
import dataclasses
import importlib
import json
import sys

spec = json.loads(sys.argv[1])
module = importlib.import_module(spec["module"])
client = getattr(module, spec["class"])(spec["agent"], **spec["options"])
for line in sys.stdin:
    call = json.loads(line)
    try:
        member = getattr(client, call["do"])
        result = member(*call.get("args", []), **call.get("options", {})) if callable(member) else member
        if dataclasses.is_dataclass(result):
            result = dataclasses.asdict(result)
        if result is client:
            result = True
        answer = {"result": result}
    except Exception as error:
        words = {name: getattr(error, name, None) for name in ("code", "detail", "suggestion", "docs_url", "context")}
        answer = {"error": {"class": type(error).__name__, "message": str(error), **words}}
    print(json.dumps(answer), flush=True)
