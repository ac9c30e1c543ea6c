"""Runs one training step's batch through the gateway, and reads each item's group back once it is complete."""
import json, os, sys, time, urllib.error, urllib.request

JOBS = f"{os.environ['ROLLYARD_GATEWAY']}/v1/namespaces/{os.environ['ROLLYARD_NAMESPACE']}/jobs"
TOKEN_FILE = os.environ.get("ROLLYARD_TOKEN_FILE", "/var/run/secrets/kubernetes.io/serviceaccount/token")


def call(path, job=None):
    headers = {"Authorization": f"Bearer {open(TOKEN_FILE).read().strip()}"}  # it rotates: read for each request
    body = json.dumps(job).encode() if job else None
    while True:
        try:
            return urllib.request.urlopen(urllib.request.Request(JOBS + path, body, headers), timeout=60)
        except urllib.error.HTTPError as error:
            if error.code != 503:  # busy, or its bus is away: again in a moment
                sys.exit(json.load(error)["error"]["message"])
            time.sleep(1)


def groups(name, after=0):
    while True:
        try:
            for line in map(json.loads, call(f"/{name}/results?follow=true&by=group&trajectories=true&after={after}")):
                after = line.get("cursor", after)
                if line["type"] == "group":
                    yield line["group"]["item_index"], [member["result"]["reward"] for member in line["results"]]
                elif line["type"] in ("end", "gone", "error"):
                    return
        except (OSError, ValueError):  # a gateway went away: another goes on behind the last line
            time.sleep(1)


step, batch, environment, model = sys.argv[1:]
spec = {"environmentRef": {"name": environment}, "samplesPerItem": 8, "policyVersion": f"step-{step}",
        "model": {"baseURL": model, "name": "policy"}}
call("", {"name": f"step-{step}", "spec": spec, "rows": [json.loads(row) for row in open(batch)]})
for item, rewards in groups(f"step-{step}"):
    print(json.dumps({"item": item, "rewards": rewards}))  # None is no reward, not zero
