"""Runs one training step's batch through the gateway, and reads each item's group back once it is complete."""
import json, os, sys, time, urllib.error, urllib.request

JOBS = f"{os.environ['ROLLYARD_GATEWAY']}/v1/namespaces/{os.environ.get('ROLLYARD_NAMESPACE', 'default')}/jobs"
TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # rotates: read for each request


def call(method, path, body=None):
    token = os.environ.get("ROLLYARD_TOKEN") or open(TOKEN_FILE).read().strip()
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(JOBS + path, data, {"Authorization": f"Bearer {token}"}, method=method)
    try:
        return urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as error:
        if error.code != 503:  # 503: busy, or its bus is away; again in a moment
            sys.exit(json.load(error)["error"]["message"])
        raise


def groups(name, after=0):
    while True:
        try:
            for line in call("GET", f"/{name}/results?follow=true&by=group&trajectories=true&after={after}"):
                line = json.loads(line)
                after = line.get("cursor", after)  # another gateway goes on behind it
                if line["type"] == "group":
                    yield line
                elif line["type"] in ("end", "gone", "error"):
                    return print(line, file=sys.stderr)
        except (OSError, ValueError):
            time.sleep(1)


step, rows, environment, model = sys.argv[1], [json.loads(row) for row in open(sys.argv[2])], sys.argv[3], sys.argv[4]
spec = {"environmentRef": {"name": environment}, "samplesPerItem": 8, "policyVersion": f"step-{step}",
        "model": {"baseURL": model, "name": "policy"}, "ttlSecondsAfterFinished": 3600}
call("POST", "", {"name": f"step-{step}", "spec": spec, "rows": rows})  # the same again finds the same job
for group in groups(f"step-{step}"):
    rewards = [member["result"]["reward"] for member in group["results"]]
    print(json.dumps({"item": group["group"]["item_index"], "rewards": rewards}))  # None is no reward, not zero
