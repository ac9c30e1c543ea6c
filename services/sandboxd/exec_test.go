package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestExecReturnsOutputExitCodeAndStderr(t *testing.T) {
	s := startSandbox(t)
	r := s.exec(object{"argv": []string{"sh", "-c", "cat; echo oops >&2; exit 3"}, "stdin": "in <&>"})
	expect(t, "status", r.status, 200)
	expect(t, "stdout", r.json["stdout"], "in <&>")
	expect(t, "stderr", r.json["stderr"], "oops\n")
	expect(t, "exit_code", r.json["exit_code"], 3)
	expect(t, "signal", r.json["signal"], nil)
	expect(t, "replayed", r.json["replayed"], false)
	expect(t, "truncated", r.json["truncated"], false)
}

func TestExecGivesCommandsOnlyTheirOwnEnvironment(t *testing.T) {
	s := startSandbox(t, "--env", `{"GIVEN":"1","HOME":"/root-of-test"}`)
	r := s.exec(object{"argv": []string{"env"}, "env": object{"EXTRA": "2"}})
	got := strings.Split(strings.TrimSpace(r.json["stdout"].(string)), "\n")
	want := map[string]bool{"GIVEN=1": true, "HOME=/root-of-test": true, "EXTRA=2": true, "LANG=C.UTF-8": true,
		"TMPDIR=/tmp": true, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin": true}
	expect(t, "number of variables", len(got), len(want))
	for _, line := range got {
		if !want[line] {
			t.Errorf("unexpected variable %q", line)
		}
	}
}

func TestExecResolvesCwdAgainstTheWorkdir(t *testing.T) {
	s := startSandbox(t)
	s.run("mk", "mkdir -p a/b")
	expect(t, "default", s.run("c0", "pwd")["stdout"], s.workdir+"\n")
	r := s.exec(object{"call_id": "c1", "argv": []string{"pwd"}, "cwd": "a/b"})
	expect(t, "relative", r.json["stdout"], s.workdir+"/a/b\n")
	r = s.exec(object{"call_id": "c2", "argv": []string{"pwd"}, "cwd": "missing"})
	expect(t, "missing", r.json["spawn_error"], "bad_cwd")
	expect(t, "missing exit code", r.json["exit_code"], 126)
}

func TestExecReportsProgramsThatCannotStart(t *testing.T) {
	s := startSandbox(t)
	s.run("mk", "echo data > data; chmod 644 data; printf 'no magic' > odd; chmod 755 odd")
	for _, c := range []struct {
		argv, reason, text string
		code               int
	}{
		{"no-such-tool", "not_found", "no-such-tool: command not found\n", 127},
		{"./missing", "not_found", "./missing: command not found\n", 127},
		{"./data", "permission_denied", "./data: permission denied\n", 126},
		{"./odd", "bad_executable", "./odd: cannot execute: exec format error\n", 126},
	} {
		r := s.exec(object{"call_id": c.argv, "argv": []string{c.argv}})
		expect(t, c.argv+" code", r.json["exit_code"], c.code)
		expect(t, c.argv+" reason", r.json["spawn_error"], c.reason)
		expect(t, c.argv+" stderr", r.json["stderr"], c.text)
	}
}

func TestExecKillsTheWholeGroupAtTheTimeout(t *testing.T) {
	s := startSandbox(t)
	script := `trap "" TERM; sh -c 'trap "" TERM; while :; do sleep 1; done' & setsid sleep 1000 & echo started; wait`
	started := time.Now()
	r := s.exec(object{"argv": []string{"sh", "-c", script}, "timeout_ms": 300})
	expect(t, "timed_out", r.json["timed_out"], true)
	expect(t, "signal", r.json["signal"], "SIGKILL")
	expect(t, "exit_code", r.json["exit_code"], 137)
	expect(t, "stdout", r.json["stdout"], "started\n")
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	eventually(t, "no process is left", func() bool { return len(descendants(s.command.Process.Pid)) == 0 })
}

func TestExecReportsASignalThatTheCommandDiedOf(t *testing.T) {
	s := startSandbox(t)
	r := s.run("c", "kill -SEGV $$")
	expect(t, "signal", r["signal"], "SIGSEGV")
	expect(t, "exit_code", r["exit_code"], 139)
	expect(t, "timed_out", r["timed_out"], false)
	expect(t, "oom", r["oom"], false)
}

func TestExecCapsAGigabyteOfOutputInBoundedMemory(t *testing.T) {
	s := startSandbox(t)
	r := s.exec(object{"argv": []string{"head", "-c", "1000000000", "/dev/zero"}, "max_output_bytes": 1000, "timeout_ms": 60_000})
	expect(t, "kept", len(r.json["stdout"].(string)), 1000)
	expect(t, "truncated", r.json["truncated"], true)
	expect(t, "truncated_bytes", int64(r.json["truncated_bytes"].(float64)), 999_999_000)
	expect(t, "exit_code", r.json["exit_code"], 0)
	if peak := peakKiB(t, s.command.Process.Pid); peak > 64<<10 {
		t.Errorf("sandboxd used %d KiB", peak)
	}
}

func peakKiB(t testing.TB, pid int) int {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib
}

func TestExecCapsBothStreamsTogetherAtWholeCharacters(t *testing.T) {
	s := startSandbox(t)
	r := s.exec(object{"argv": []string{"sh", "-c", "printf 'abc€'"}, "max_output_bytes": 5})
	expect(t, "stdout", r.json["stdout"], "abc")
	expect(t, "truncated_bytes", r.json["truncated_bytes"], 3)
	expect(t, "invalid_bytes", r.json["invalid_bytes"], 0)
	r = s.exec(object{"call_id": "both", "argv": []string{"sh", "-c", "printf 123456; sleep 0.1; printf abcdef >&2"}, "max_output_bytes": 8})
	expect(t, "both stdout", r.json["stdout"], "123456")
	expect(t, "both stderr", r.json["stderr"], "ab")
}

func TestExecReplacesAndCountsBytesThatAreNotUTF8(t *testing.T) {
	s := startSandbox(t)
	r := s.run("c", `printf 'a\377\376b\303\251'`)
	expect(t, "stdout", r["stdout"], "a\uFFFD\uFFFDbé")
	expect(t, "invalid_bytes", r["invalid_bytes"], 2)
	expect(t, "truncated", r["truncated"], false)
	noise := s.exec(object{"call_id": "noise", "argv": []string{"head", "-c", "20000", "/dev/urandom"}})
	expect(t, "noise status", noise.status, 200)
	if noise.json["invalid_bytes"].(float64) < 1000 {
		t.Errorf("noise had %v invalid bytes", noise.json["invalid_bytes"])
	}
}

func TestExecDoesNotWaitForBackgroundProcessesThatHoldThePipes(t *testing.T) {
	s := startSandbox(t)
	started := time.Now()
	r := s.run("c", "sleep 1000 & echo $!")
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	expect(t, "exit_code", r["exit_code"], 0)
	alive := s.run("alive", "kill -0 "+strings.TrimSpace(r["stdout"].(string)))
	expect(t, "the background process lives on", alive["exit_code"], 0)
}

func TestExecAnswersARepeatedCallWithoutRunningItAgain(t *testing.T) {
	s := startSandbox(t)
	script := "echo x >> runs; wc -l < runs"
	first, second := s.run("c", script), s.run("c", script)
	expect(t, "first replayed", first["replayed"], false)
	expect(t, "second replayed", second["replayed"], true)
	expect(t, "same output", second["stdout"], "1\n")
	r := s.exec(object{"call_id": "c", "argv": []string{"sh", "-c", script}, "timeout_ms": 77})
	expect(t, "another timeout is the same call", r.json["replayed"], true)
	r = s.exec(object{"call_id": "c", "argv": []string{"true"}})
	expect(t, "another body", r.status, 422)
	expect(t, "another body's code", r.code(), "call_id_reused")
}

func TestExecRunsConcurrentRepeatsOnce(t *testing.T) {
	s := startSandbox(t)
	var wait sync.WaitGroup
	var mu sync.Mutex
	fresh := 0
	for range 20 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			r := s.run("same", "echo x >> runs; sleep 0.2; wc -l < runs")
			mu.Lock()
			defer mu.Unlock()
			expect(t, "stdout", r["stdout"], "1\n")
			if r["replayed"] == false {
				fresh++
			}
		}()
	}
	wait.Wait()
	expect(t, "answers that were not replayed", fresh, 1)
}

func TestExecGoesOnWhenTheClientLeavesAndARetryJoinsIt(t *testing.T) {
	s := startSandbox(t)
	body := object{"argv": []string{"sh", "-c", "echo x >> runs; while [ ! -e go ]; do sleep 0.02; done; wc -l < runs"}}
	ctx, leave := context.WithCancel(context.Background())
	left := make(chan error, 1)
	go func() {
		_, err := s.trySend(ctx, "POST", "/v1/exec", s.token, execBody(body))
		left <- err
	}()
	eventually(t, "the command runs", func() bool {
		_, err := os.Stat(filepath.Join(s.workdir, "runs"))
		return err == nil
	})
	leave()
	if err := <-left; err == nil {
		t.Error("the first client got an answer")
	}
	if err := os.WriteFile(filepath.Join(s.workdir, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r := s.exec(body)
	expect(t, "stdout", r.json["stdout"], "1\n")
	expect(t, "replayed", r.json["replayed"], true)
}

func TestExecRefusesMoreCommandsAtOnceThanAllowed(t *testing.T) {
	s := startSandbox(t, "--max-execs", "2")
	var wait sync.WaitGroup
	for _, id := range []string{"a", "b"} {
		wait.Add(1)
		go func() {
			defer wait.Done()
			s.run(id, "touch started-"+id+"; while [ ! -e go ]; do sleep 0.02; done")
		}()
	}
	eventually(t, "both run", func() bool {
		found, _ := filepath.Glob(filepath.Join(s.workdir, "started-*"))
		return len(found) == 2
	})
	r := s.exec(object{"call_id": "third"})
	expect(t, "status", r.status, 429)
	expect(t, "code", r.code(), "too_many_execs")
	_ = os.WriteFile(filepath.Join(s.workdir, "go"), nil, 0o644)
	wait.Wait()
	eventually(t, "the refused id is free", func() bool {
		r = s.exec(object{"call_id": "third"})
		return r.status == 200
	})
	expect(t, "it ran now", r.json["replayed"], false)
}

func TestExecRefusesBadRequests(t *testing.T) {
	s := startSandbox(t)
	for name, members := range map[string]object{
		"no argv":          {"argv": []string{}},
		"empty program":    {"argv": []string{""}},
		"NUL":              {"argv": []string{"a\x00b"}},
		"no timeout":       {"timeout_ms": 0},
		"endless":          {"timeout_ms": 86_400_001},
		"huge output":      {"max_output_bytes": 16<<20 + 1},
		"unknown member":   {"shell": true},
		"bad env":          {"env": object{"A=B": "c"}},
		"no call id":       {"call_id": ""},
		"a long call id":   {"call_id": strings.Repeat("x", 257)},
		"argv is a string": {"argv": "ls"},
	} {
		r := s.exec(members)
		expect(t, name, r.status, 400)
		expect(t, name, r.code(), "invalid_request")
	}
	r := s.exec(object{"stdin": strings.Repeat("x", 4<<20)})
	expect(t, "too large", r.status, 413)
	expect(t, "too large", r.code(), "too_large")
}

func TestAnswersBeyondMemoryAreReplayedFromDisk(t *testing.T) {
	s := startSandbox(t, "--store-memory-bytes", "10000", "--store-disk-bytes", "50000")
	script := func(i int) string { return "head -c 8000 /dev/zero | tr '\\0' " + strconv.Itoa(i) }
	for i := range 5 {
		s.run("c"+strconv.Itoa(i), script(i))
	}
	for i := range 5 {
		r := s.run("c"+strconv.Itoa(i), script(i))
		expect(t, "replayed", r["replayed"], true)
		expect(t, "stdout", r["stdout"], strings.Repeat(strconv.Itoa(i), 8000))
	}
}

func TestExecRefusesNewCallsWhenTheStoreIsFullAndStillReplays(t *testing.T) {
	s := startSandbox(t, "--store-memory-bytes", "500", "--store-disk-bytes", "0")
	s.run("big", "head -c 2000 /dev/zero | tr '\\0' x")
	r := s.exec(object{"call_id": "next"})
	expect(t, "status", r.status, 507)
	expect(t, "code", r.code(), "call_store_full")
	expect(t, "replayed", s.run("big", "head -c 2000 /dev/zero | tr '\\0' x")["replayed"], true)
}
