package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func startPlain(t testing.TB, members object, flags ...string) (*supervisor, *sandbox, object) {
	t.Helper()
	s := startSupervisor(t)
	s.next("hello")
	start := s.plain("p1", flags...)
	for name, value := range members {
		start[name] = value
	}
	s.send(start)
	ready := s.next("ready")
	return s, s.client("p1"), ready
}

func TestAStartedSandboxHasItsCorpusAndFilesAndIsRemovedByStop(t *testing.T) {
	corpus := t.TempDir()
	write(t, filepath.Join(corpus, "src/a.txt"), "text", 0o640)
	write(t, filepath.Join(corpus, "run.sh"), "#!/bin/sh\necho ran", 0o775)
	write(t, filepath.Join(corpus, "shut/inner"), "x", 0o444)
	_ = os.Chmod(filepath.Join(corpus, "shut"), 0o555)
	t.Cleanup(func() { os.Chmod(filepath.Join(corpus, "shut"), 0o755) })
	_ = os.Symlink("/etc/hostname", filepath.Join(corpus, "link"))
	_ = syscall.Mkfifo(filepath.Join(corpus, "fifo"), 0o644)

	s, c, ready := startPlain(t, object{"copy_from": corpus, "files": []object{{"path": "run/extra/k.json", "content": "{}", "mode": 0o600}}})
	expect(t, "id", ready["id"], "p1")
	if ready["copy_ms"].(float64) <= 0 || ready["boot_ms"].(float64) <= 0 {
		t.Errorf("times: %v", ready)
	}
	expect(t, "modes", c.run("modes", "stat -c '%a %F' src src/a.txt run.sh shut link")["stdout"],
		"755 directory\n640 regular file\n775 regular file\n555 directory\n777 symbolic link\n")
	expect(t, "link", c.run("link", "readlink link; ls; ./run.sh; cat src/a.txt")["stdout"], "/etc/hostname\nlink\nrun.sh\nshut\nsrc\nran\ntext")
	info, err := os.Stat(filepath.Join(s.root("p1"), "run/extra/k.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("extra file: %v %v", info, err)
	}
	root, _ := os.Stat(s.root("p1"))
	expect(t, "root's mode", root.Mode().Perm(), os.FileMode(0o700))
	s.send(object{"op": "list"})
	expect(t, "list", s.next("list")["ids"], "[p1]")
	s.send(object{"op": "stop", "id": "p1"})
	s.next("stopped")
	expect(t, "folder", exists(s.root("p1")), false)
	expect(t, "processes", len(descendants(s.command.Process.Pid)), 0)
	s.send(object{"op": "list"})
	expect(t, "list", s.next("list")["ids"], "[]")
}

func TestTheCorpusCopyIsTheSameFromMemoryAndFromDisk(t *testing.T) {
	corpus := t.TempDir()
	write(t, filepath.Join(corpus, "big"), strings.Repeat("0123456789", 50_000), 0o755)
	s := startSupervisor(t, "--corpus-memory-bytes", "1000")
	s.next("hello")
	start := s.plain("p1")
	start["copy_from"] = corpus
	s.send(start)
	s.next("ready")
	copied, _ := os.ReadFile(filepath.Join(s.root("p1"), "work/big"))
	expect(t, "size", len(copied), 500_000)
	info, _ := os.Stat(filepath.Join(s.root("p1"), "work/big"))
	expect(t, "mode", info.Mode().Perm(), os.FileMode(0o755))
}

func TestTheEndOfStdinKillsAndRemovesEverything(t *testing.T) {
	s, c, _ := startPlain(t, nil)
	c.run("bg", "setsid sleep 4343 >/dev/null 2>&1 &")
	tree := descendants(s.command.Process.Pid)
	if len(tree) < 2 {
		t.Fatalf("processes: %v", tree)
	}
	s.stdin.Close()
	if err := s.command.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	expect(t, "processes left", len(alive(tree)), 0)
	expect(t, "base folder", exists(s.base), false)
}

func TestASIGKILLedSupervisorTakesItsSandboxesAlongAndTheNextSweeps(t *testing.T) {
	s, c, _ := startPlain(t, nil)
	c.run("bg", "setsid sleep 4444 >/dev/null 2>&1 &")
	tree := descendants(s.command.Process.Pid)
	s.kill()
	eventually(t, "all processes are gone", func() bool { return len(alive(tree)) == 0 })
	expect(t, "the folder is left", exists(s.root("p1")), true)
	next := superviseIn(t, s.base)
	next.next("hello")
	expect(t, "the folder is swept", exists(s.root("p1")), false)
}

func TestASandboxThatEndsByItselfIsReportedAndLeavesNoOrphan(t *testing.T) {
	s, c, ready := startPlain(t, nil)
	c.run("bg", "setsid sleep 4545 >/dev/null 2>&1 &")
	pid := int(ready["pid"].(float64))
	tree := descendants(pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
	gone := s.next("exited")
	expect(t, "signal", gone["signal"], "SIGKILL")
	expect(t, "exit_code", gone["exit_code"], 137)
	eventually(t, "orphans are gone", func() bool { return len(alive(tree)) == 0 })
	expect(t, "folder", exists(s.root("p1")), true)
	s.send(object{"op": "stop", "id": "p1"})
	s.next("stopped")
	expect(t, "folder after stop", exists(s.root("p1")), false)
}

func TestFoldersThatAnAgentMadeHardToRemoveAreRemoved(t *testing.T) {
	s, c, _ := startPlain(t, nil)
	outside := filepath.Join(t.TempDir(), "precious")
	write(t, outside, "x", 0o644)
	c.run("mess", `mkdir -p shut/in; echo x > shut/in/f; ln -s `+filepath.Dir(outside)+` shut/link; mkfifo p
		chmod 000 shut/in; chmod 000 shut; printf x > "$(printf 'odd\nname')"; chmod 000 .`)
	deep := c.workdir
	_ = os.Chmod(deep, 0o755)
	nest(t, filepath.Join(deep, "deep"), 3000)
	s.send(object{"op": "stop", "id": "p1"})
	s.next("stopped")
	expect(t, "folder", exists(s.root("p1")), false)
	expect(t, "what a link pointed to", exists(outside), true)
	left, _ := os.ReadDir(s.base)
	expect(t, "entries left in the base", len(left), 1) // the lock
}

// nest makes folders deeper than any path may name.
func nest(t *testing.T, at string, depth int) {
	t.Helper()
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	fd, _ := syscall.Open(at, syscall.O_DIRECTORY, 0)
	for range depth {
		if err := syscall.Mkdirat(fd, "d", 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := syscall.Openat(fd, "d", syscall.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		syscall.Close(fd)
		fd = next
	}
	syscall.Close(fd)
}

func TestStartsThatFailSayWhyAndLeaveNothing(t *testing.T) {
	s := startSupervisor(t)
	s.next("hello")
	change := func(name string, value any) object {
		start := s.plain("f1")
		start[name] = value
		return start
	}
	timeout := change("argv", []string{"sleep", "100"})
	timeout["ready_timeout_ms"] = 200
	for _, c := range []struct {
		name, reason string
		start        object
	}{
		{"exits", "exited", change("argv", []string{"sh", "-c", "echo broken >&2; exit 9"})},
		{"missing program", "spawn", change("argv", []string{"/no/such/program"})},
		{"missing corpus", "copy", change("copy_from", "/no/such/corpus")},
		{"never ready", "timeout", timeout},
		{"setup", "setup_failed", s.plain("f1", "--setup", `[["sh","-c","echo no >&2; exit 6"]]`)},
		{"root elsewhere", "bad_request", change("root", "/tmp/elsewhere")},
		{"root is the base", "bad_request", change("root", s.base)},
		{"root climbs", "bad_request", change("root", s.base+"/../x")},
		{"workdir outside", "bad_request", change("workdir", "/tmp")},
		{"file outside", "bad_request", change("files", []object{{"path": "../x", "content": ""}})},
		{"no argv", "bad_request", change("argv", []string{})},
		{"bad id", "bad_request", change("id", "../x")},
	} {
		s.send(c.start)
		failed := s.next("start_failed")
		expect(t, c.name, failed["reason"], c.reason)
		switch c.reason {
		case "exited":
			expect(t, "exit_code", failed["exit_code"], 9)
			expect(t, "stderr", failed["stderr"], "broken\n")
		case "setup_failed":
			expect(t, "exit_code", failed["exit_code"], 6)
			expect(t, "detail", failed["detail"], "no\n")
		}
		left, _ := os.ReadDir(s.base)
		expect(t, c.name+": entries left", len(left), 1)
	}
	expect(t, "processes left", len(descendants(s.command.Process.Pid)), 0)
}

func TestAStopDuringTheStartEndsBoth(t *testing.T) {
	s := startSupervisor(t)
	s.next("hello")
	s.send(s.plain("p1", "--setup", `[["sleep","100"]]`))
	s.send(object{"op": "stop", "id": "p1"})
	expect(t, "reason", s.next("start_failed")["reason"], "stopped")
	s.next("stopped")
	expect(t, "folder", exists(s.root("p1")), false)
	s.send(s.plain("p1"))
	s.next("ready") // the id is free again
	s.send(s.plain("p1"))
	expect(t, "twice", s.next("start_failed")["reason"], "bad_request")
	s.send(object{"op": "stop", "id": "unknown"})
	expect(t, "unknown id", s.next("stopped")["id"], "unknown")
}

func TestASecondSupervisorOnTheSameBaseIsRefused(t *testing.T) {
	s, _, _ := startPlain(t, nil)
	second := exec.Command(binary(), "supervise", "--base", s.base)
	second.Env = []string{asSandboxd + "=1"}
	output, _ := second.CombinedOutput()
	expect(t, "exit code", second.ProcessState.ExitCode(), 2)
	if !strings.Contains(string(output), `"reason":"base_locked"`) {
		t.Errorf("output: %s", output)
	}
	expect(t, "the first one's folder", exists(s.root("p1")), true)
}

func TestAFolderOfSomebodyElseIsNotEmptied(t *testing.T) {
	foreign := filepath.Join(t.TempDir(), "precious")
	write(t, filepath.Join(foreign, "file"), "x", 0o644)
	command := exec.Command(binary(), "supervise", "--base", foreign)
	command.Env = []string{asSandboxd + "=1"}
	output, _ := command.CombinedOutput()
	expect(t, "exit code", command.ProcessState.ExitCode(), 2)
	if !strings.Contains(string(output), `"reason":"base"`) {
		t.Errorf("output: %s", output)
	}
	expect(t, "the file", exists(filepath.Join(foreign, "file")), true)
}

func TestManySandboxesStartAndStopAtOnce(t *testing.T) {
	s := startSupervisor(t)
	s.next("hello")
	const n = 30
	for i := range n {
		s.send(s.plain("m" + strconv.Itoa(i)))
	}
	for range n {
		s.next("ready")
	}
	for i := range n {
		s.send(object{"op": "stop", "id": "m" + strconv.Itoa(i)})
	}
	for range n {
		s.next("stopped")
	}
	expect(t, "processes left", len(descendants(s.command.Process.Pid)), 0)
	left, _ := os.ReadDir(s.base)
	expect(t, "entries left", len(left), 1)
}

func TestLinesThatAreNoCommandsAreAnswered(t *testing.T) {
	s := startSupervisor(t)
	s.next("hello")
	_, _ = s.stdin.Write([]byte("not json\n"))
	s.next("error")
	s.send(object{"op": "dance"})
	s.next("error")
	s.send(object{"op": "quit"})
	if err := s.command.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}

func TestRootDropsToTheGivenUserWithoutGroups(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can change the user")
	}
	openTestBinary(t)
	corpus := t.TempDir()
	write(t, filepath.Join(corpus, "f"), "x", 0o600)
	_, c, _ := startPlain(t, object{"uid": nobody, "gid": nobody, "copy_from": corpus})
	r := c.run("c", "id -u; id -G; cat f; stat -c %u f . ..")
	expect(t, "output", r["stdout"], "65534\n65534\nx65534\n65534\n65534\n")
}
