package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

type supervisor struct {
	t       testing.TB
	command *exec.Cmd
	stdin   io.WriteCloser
	events  chan object
	base    string
	key     ed25519.PrivateKey
	public  ed25519.PublicKey
}

func startSupervisor(t testing.TB, flags ...string) *supervisor {
	t.Helper()
	dir, err := os.MkdirTemp("", "sbx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { // other uids must get through
		t.Fatal(err)
	}
	return superviseIn(t, filepath.Join(dir, "base"), flags...)
}

func superviseIn(t testing.TB, base string, flags ...string) *supervisor {
	t.Helper()
	s := &supervisor{t: t, base: base, events: make(chan object, 1000)}
	s.public, s.key, _ = ed25519.GenerateKey(nil)
	s.command = exec.Command(binary(), append([]string{"supervise", "--base", base}, flags...)...)
	s.command.Env = append(os.Environ(), asSandboxd+"=1")
	s.command.Stderr = os.Stderr
	s.stdin, _ = s.command.StdinPipe()
	stdout, _ := s.command.StdoutPipe()
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.events)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			var next object
			_ = json.Unmarshal(lines.Bytes(), &next)
			s.events <- next
		}
	}()
	t.Cleanup(func() { s.stdin.Close(); s.command.Wait() })
	return s
}

func (s *supervisor) send(members object) {
	s.t.Helper()
	line, _ := json.Marshal(members)
	if _, err := s.stdin.Write(append(line, '\n')); err != nil {
		s.t.Fatal(err)
	}
}

// next waits for the next event and checks its name.
func (s *supervisor) next(name string) object {
	s.t.Helper()
	select {
	case found := <-s.events:
		if found["event"] != name {
			s.t.Fatalf("got %v, want event %s", found, name)
		}
		return found
	case <-time.After(20 * time.Second):
		s.t.Fatalf("no event %s", name)
		return nil
	}
}

func (s *supervisor) root(id string) string   { return filepath.Join(s.base, id) }
func (s *supervisor) socket(id string) string { return filepath.Join(s.root(id), "run", "s.sock") }

// plain is a start command without isolation: sandboxd directly on the machine.
func (s *supervisor) plain(id string, flags ...string) object {
	workdir := filepath.Join(s.root(id), "work")
	argv := append([]string{binary(), "serve", "--listen", "fd:3", "--sandbox-uid", testUID,
		"--workdir", workdir, "--keys", keysJSON(s.public), "--die-with-parent"}, flags...)
	return object{"op": "start", "id": id, "root": s.root(id), "workdir": workdir, "argv": argv,
		"env": object{asSandboxd: "1"}, "ready": object{"unix": s.socket(id), "pass_fd": true}, "ready_timeout_ms": 10_000}
}

// client talks to a sandbox that the supervisor made.
func (s *supervisor) client(id string) *sandbox {
	c := &sandbox{t: s.t, key: s.key, client: unixClient(s.socket(id)), dir: s.root(id), workdir: filepath.Join(s.root(id), "work")}
	c.token = c.sign(claimsOf("r1", 0, 1))
	return c
}

func (s *supervisor) kill() {
	_ = s.command.Process.Signal(syscall.SIGKILL)
	_ = s.command.Wait()
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
