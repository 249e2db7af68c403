"""Takes from the compare.json of a run with --small what the first rival of each row gave, for this engine's tests:

    python expected.py compare.json > bench/src/test/resources/io/llm2clip/bench/compare/small.json
"""
import json
import sys

rows = []
for row in json.load(open(sys.argv[1]))["rows"]:
    if len(row["entrants"]) < 2:  # A rival that is not installed.
        continue
    rival = row["entrants"][1]
    rows.append({"name": row["name"], "work": row["work"], "count": rival["elements"], "rms": rival["rms"], "output": rival["output"]})
print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")
