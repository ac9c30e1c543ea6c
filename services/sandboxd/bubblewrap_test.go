package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// nobody is the unprivileged user that root drops to.
const nobody = 65534

// wrapped is a start command in a real bubblewrap sandbox, sandboxd as PID 1.
func (s *supervisor) wrapped(id string, flags ...string) object {
	bwrap, err := exec.LookPath("bwrap")
	if err != nil {
		s.t.Skip("bubblewrap is not installed")
	}
	start := s.plain(id)
	start["argv"] = append([]string{bwrap, "--unshare-all", "--as-pid-1", "--die-with-parent", "--clearenv", "--setenv", asSandboxd, "1",
		"--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
		"--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind", binary(), "/.sandboxd",
		"--bind", filepath.Join(s.root(id), "work"), "/workspace", "--chdir", "/workspace",
		"/.sandboxd", "serve", "--listen", "fd:3", "--sandbox-uid", testUID, "--keys", keysJSON(s.public), "--pid-namespace"}, flags...)
	if os.Geteuid() == 0 {
		start["uid"], start["gid"] = nobody, nobody
	}
	return start
}

// openTestBinary lets other users run the test binary, which go test keeps in a
// private folder.
func openTestBinary(t testing.TB) {
	t.Helper()
	for dir := filepath.Dir(binary()); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Skipf("the test binary can't be opened to others: %v", err)
		}
	}
}

func startWrapped(t testing.TB, flags ...string) (*supervisor, *sandbox, object) {
	t.Helper()
	openTestBinary(t)
	s := startSupervisor(t)
	start := s.wrapped("b1", flags...)
	s.next("hello")
	s.send(start)
	ready := <-s.events
	if stderr, _ := ready["stderr"].(string); strings.Contains(stderr, "namespace") {
		t.Skip("this machine does not allow user namespaces")
	}
	expect(t, "event of "+strconv.Quote(toText(ready)), ready["event"], "ready")
	return s, s.client("b1"), ready
}

func toText(o object) string { return string(mustJSON(o)) }

func TestBubblewrapRunsCommandsAsAnUnprivilegedUserInItsOwnNamespaces(t *testing.T) {
	_, c, _ := startWrapped(t)
	r := c.run("c", `echo made > file; cat file; id -u; ls /; ls /proc | grep -c '^[0-9]'; ls /home /root 2>&1 | head -2`)
	lines := strings.Split(r["stdout"].(string), "\n")
	expect(t, "exit", r["exit_code"], 0)
	expect(t, "workdir is writable", lines[0], "made")
	if os.Geteuid() == 0 {
		expect(t, "uid", lines[1], nobody)
	}
	expect(t, "file outside", exists(filepath.Join(c.workdir, "file")), true)
	expect(t, "network interfaces", c.run("net", "grep -c : /proc/net/dev")["stdout"], "1\n")
}

func TestBubblewrapSandboxSurvivesSIGKILLFromInsideAndReapsOrphans(t *testing.T) {
	_, c, _ := startWrapped(t)
	r := c.run("c", "kill -KILL 1; (sleep 0.05 & ) ; sleep 0.2; cat /proc/[0-9]*/stat | grep -c ' Z '")
	expect(t, "zombies", r["stdout"], "0\n")
	r = c.run("trace", "cat /proc/1/mem /proc/1/environ /proc/1/maps 2>&1 | grep -c 'ermission denied'; ls /proc/1/fd 2>&1 | grep -c 'ermission denied'")
	expect(t, "sandboxd's memory and descriptors are closed", r["stdout"], "3\n1\n")
}

func TestBubblewrapFreezeKillsAForkBomb(t *testing.T) {
	_, c, _ := startWrapped(t)
	c.run("bomb", `cat > b.sh <<'X'
setsid sh ./b.sh & sleep 0.05; sleep 100
X
for i in 1 2 3; do setsid sh ./b.sh & done >/dev/null 2>&1; sleep 0.3`)
	started := time.Now()
	r := c.send("POST", "/v1/freeze", c.token, nil)
	expect(t, "status", r.status, 200)
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("freeze took %v", took)
	}
	left := c.send("GET", "/v1/files?path=/proc/loadavg", c.token, nil)
	expect(t, "files can be read", left.status, 200)
}

func TestBubblewrapProcessLimitStopsAForkBombAndSparesSandboxd(t *testing.T) {
	_, c, _ := startWrapped(t, "--max-processes", "60")
	r := c.run("bomb", `i=0; while [ $i -lt 300 ]; do sleep 100 & i=$((i+1)); done >/dev/null 2>&1; echo all`)
	if r["stdout"] == "all\n" {
		t.Errorf("300 processes could be started: %v", r)
	}
	expect(t, "sandboxd still starts commands", c.exec(object{"call_id": "next"}).json["exit_code"], 0)
	expect(t, "freeze", c.send("POST", "/v1/freeze", c.token, nil).status, 200)
}

func TestBubblewrapSandboxDiesWithASIGKILLedSupervisor(t *testing.T) {
	s, c, ready := startWrapped(t)
	go c.trySend(t.Context(), "POST", "/v1/exec", c.token, execBody(object{"argv": []string{"sleep", "4242"}}))
	main := int(ready["pid"].(float64))
	var tree []int
	eventually(t, "the command runs", func() bool {
		tree = append([]int{main}, descendants(main)...)
		return len(tree) >= 3
	})
	s.kill()
	eventually(t, "all processes are gone", func() bool {
		for _, pid := range tree {
			if running(pid) {
				return false
			}
		}
		return true
	})
	next := superviseIn(t, s.base)
	next.next("hello")
	expect(t, "the next supervisor removed the folder", exists(s.root("b1")), false)
}

func running(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z ")
}
