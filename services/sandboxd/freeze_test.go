package main

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestFreezeKillsAForkTreeAndRefusesMore(t *testing.T) {
	s := startSandbox(t)
	s.put("w", "kept", "text")
	s.run("known", "echo before")
	// Processes that leave the group, the session and their parent.
	s.run("tree", `for i in 1 2 3; do setsid sh -c 'while :; do (sleep 0.01 &); done' >/dev/null 2>&1 & done; trap "" TERM; sleep 0.2`)
	running := make(chan reply, 1)
	go func() { running <- s.exec(object{"call_id": "long", "argv": []string{"sleep", "100"}}) }()
	eventually(t, "the command runs", func() bool { return len(descendants(s.command.Process.Pid)) > 3 })

	started := time.Now()
	r := s.send("POST", "/v1/freeze", s.token, nil)
	expect(t, "status", r.status, 200)
	expect(t, "answer", r.json["frozen"], true)
	expect(t, "processes left", len(alive(descendants(s.command.Process.Pid))), 0)
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	interrupted := <-running
	if interrupted.status == 200 {
		expect(t, "the running call", interrupted.json["signal"], "SIGKILL")
		expect(t, "the running call", interrupted.json["timed_out"], false)
	} else {
		expect(t, "the call that had not started", interrupted.code(), "frozen")
	}
	expect(t, "exec", s.exec(object{"call_id": "new"}).code(), "frozen")
	expect(t, "put", s.put("new-put", "f", "x").code(), "frozen")
	expect(t, "files", string(s.get("kept", "").body), "text")
	expect(t, "archive", s.send("GET", "/v1/archive?path=.", s.token, nil).status, 200)
	expect(t, "a known call", s.run("known", "echo before")["replayed"], true)
	expect(t, "again", s.send("POST", "/v1/freeze", s.token, nil).status, 200)
}

func alive(pids []int) []int {
	var found []int
	for _, pid := range pids {
		if running(pid) {
			found = append(found, pid)
		}
	}
	return found
}

func TestSIGTERMAndSIGINTKillCommandsAndAreToldByTheExitCode(t *testing.T) {
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 0, syscall.SIGTERM: 143} {
		s := startSandbox(t)
		s.run("bg", "setsid sleep 5151 >/dev/null 2>&1 &")
		tree := descendants(s.command.Process.Pid)
		_ = s.command.Process.Signal(signal)
		_ = s.command.Wait()
		expect(t, "exit code", s.command.ProcessState.ExitCode(), code)
		expect(t, "processes left", len(alive(tree)), 0)
	}
}

// A command that the node ends must not come back as one that ended by itself.
func TestSIGTERMLetsNoAnswerOut(t *testing.T) {
	s := startSandbox(t)
	answered := make(chan error, 1)
	go func() {
		command := object{"argv": []string{"sh", "-c", "touch started; sleep 60"}, "timeout_ms": 90_000}
		_, err := s.trySend(context.Background(), "POST", "/v1/exec", s.token, execBody(command))
		answered <- err
	}()
	eventually(t, "the command runs", func() bool {
		_, err := os.Stat(filepath.Join(s.workdir, "started"))
		return err == nil
	})
	_ = s.command.Process.Signal(syscall.SIGTERM)
	if err := <-answered; err == nil {
		t.Error("a command that was ended from outside got an answer")
	}
}

func TestARestartedSandboxdRefusesEverything(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "booted")
	first := startSandbox(t, "--boot-marker", marker)
	expect(t, "first", first.run("c", "true")["exit_code"], 0)
	first.stop()
	second := launchSandbox(t, "--boot-marker", marker)
	second.waitStatus("restarted")
	expect(t, "healthz", second.send("GET", "/healthz", "", nil).status, 500)
	expect(t, "with a token", second.exec(object{}).status, 410)
	expect(t, "code", second.exec(object{}).code(), "restarted")
	expect(t, "without a token", second.send("GET", "/v1/files?path=x", "", nil).status, 410)
}
