package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// memoryGroup makes a memory cgroup of 96 MiB (v1 or v2), or skips.
func memoryGroup(t *testing.T) string {
	t.Helper()
	text, _ := os.ReadFile("/proc/self/cgroup")
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		parts := strings.SplitN(line, ":", 3)
		parent, limit := "/sys/fs/cgroup"+parts[2], "memory.max"
		if parts[1] == "memory" {
			parent, limit = "/sys/fs/cgroup/memory"+parts[2], "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue
		}
		group := filepath.Join(parent, "sandboxd-test-"+strconv.Itoa(os.Getpid()))
		if os.Mkdir(group, 0o755) != nil {
			continue
		}
		t.Cleanup(func() { os.Remove(group) })
		if os.WriteFile(filepath.Join(group, limit), []byte("100663296"), 0) == nil {
			return group
		}
	}
	t.Skip("no memory cgroup can be made here")
	return ""
}

func TestACommandThatTheKernelKilledForMemoryIsReported(t *testing.T) {
	group := memoryGroup(t)
	s := launchThrough(t, []string{"sh", "-c", "echo $$ > " + group + "/cgroup.procs; exec \"$@\"", "sh"})
	t.Cleanup(s.stop) // before the group is removed
	s.waitStatus("ready")
	const hog = "tail /dev/zero" // one endless line, kept whole
	direct := s.exec(object{"call_id": "direct", "argv": strings.Fields(hog)})
	expect(t, "oom", direct.json["oom"], true)
	expect(t, "signal", direct.json["signal"], "SIGKILL")
	expect(t, "through a shell", s.run("shell", hog+"; exit $?")["oom"], true)
	expect(t, "no memory trouble", s.run("kill", "kill -KILL $$")["oom"], false)
	expect(t, "sandboxd lives", s.run("after", "echo ok")["stdout"], "ok\n")
}
