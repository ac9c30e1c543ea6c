package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSetupRunsInOrderBeforeReady(t *testing.T) {
	s := startSandbox(t, "--setup", `[["sh","-c","echo a >> log"],["sh","-c","echo $WHO >> log; pwd >> log"]]`, "--env", `{"WHO":"b"}`)
	expect(t, "log", string(s.get("log", "").body), "a\nb\n"+s.workdir+"\n")
	expect(t, "healthz", s.send("GET", "/healthz", "", nil).json["sandbox_uid"], testUID)
}

func TestWhileSetupRunsCallsAreRefused(t *testing.T) {
	s := launchSandbox(t, "--setup", `[["sh","-c","while [ ! -e go ]; do sleep 0.02; done"]]`)
	s.waitStatus("starting")
	expect(t, "healthz", s.send("GET", "/healthz", "", nil).status, 503)
	r := s.exec(object{})
	expect(t, "exec", r.status, 503)
	expect(t, "exec", r.code(), "starting")
	write(t, filepath.Join(s.workdir, "go"), "", 0o644)
	s.waitStatus("ready")
	expect(t, "exec when ready", s.exec(object{}).status, 200)
}

func TestASetupThatFailsSaysWhichCommandAndWhy(t *testing.T) {
	s := launchSandbox(t, "--setup", `[["true"],["sh","-c","yes | head -c 10000; echo broken >&2; exit 4"],["touch","never"]]`)
	found := s.waitStatus("setup_failed")
	expect(t, "exit_code", found["exit_code"], 4)
	expect(t, "argv", len(found["argv"].([]any)), 3)
	output := found["output"].(string)
	if len(output) > 4096 || !strings.HasSuffix(output, "broken\n") {
		t.Errorf("output of %d bytes ends in %q", len(output), output[max(0, len(output)-20):])
	}
	expect(t, "healthz", s.send("GET", "/healthz", "", nil).status, 500)
	expect(t, "exec", s.exec(object{}).code(), "setup_failed")
	expect(t, "later commands", exists(filepath.Join(s.workdir, "never")), false)
}

func TestASetupThatFailsInAPodLeavesWordForTheNodeAndEnds(t *testing.T) {
	message := filepath.Join(t.TempDir(), "termination")
	s := launchSandbox(t, "--termination-message", message, "--setup", `[["sh","-c","yes '\"' | head -c 10000; echo broken >&2; exit 4"]]`)
	_ = s.command.Wait()
	expect(t, "exit code", s.command.ProcessState.ExitCode(), 3)
	written, err := os.ReadFile(message)
	if err != nil || len(written) > 4096 {
		t.Fatalf("%d bytes, %v", len(written), err)
	}
	var found struct {
		ExitCode int    `json:"exit_code"`
		Output   string `json:"output"`
	}
	if err := json.Unmarshal(written, &found); err != nil {
		t.Fatal(err)
	}
	expect(t, "exit_code", found.ExitCode, 4)
	expect(t, "the end of the output", strings.HasSuffix(found.Output, "broken\n"), true)
}

func TestInstallCopiesTheProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sandboxd")
	output, err := asProgram(binary(), "install", path).CombinedOutput()
	expect(t, "install: "+string(output), err, nil)
	usage, err := asProgram(path, "help").Output()
	expect(t, "the copy", err, nil)
	expect(t, "its usage", strings.Contains(string(usage), "sandboxd install"), true)
	_, err = asProgram(path, "install", filepath.Join(path, "not-a-folder")).Output()
	expect(t, "a path that can't be", err != nil, true)
}

func asProgram(path string, args ...string) *exec.Cmd {
	command := exec.Command(path, args...)
	command.Env = append(os.Environ(), asSandboxd+"=1")
	return command
}

func TestASetupThatTakesTooLongFails(t *testing.T) {
	s := launchSandbox(t, "--setup", `[["sleep","0.5"],["sleep","100"]]`, "--setup-timeout-seconds", "1")
	found := s.waitStatus("setup_failed")
	if !strings.Contains(found["output"].(string), "timed out") {
		t.Errorf("output: %q", found["output"])
	}
}

func TestSettingsComeFromAFileAndFlagsWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config.json")
	write(t, file, `{"env":{"A":"file"},"max_execs":3,"setup":[["touch","from-file"]]}`, 0o644)
	s := startSandbox(t, "--config", file, "--env", `{"A":"flag"}`)
	expect(t, "flag", s.run("c", "echo $A")["stdout"], "flag\n")
	expect(t, "file", s.get("from-file", "").status, 200)
}

func TestBadSettingsAreNamedAndExitWithTwo(t *testing.T) {
	for name, c := range map[string]struct{ args, want string }{
		"nothing":         {"serve", "--listen is required"},
		"bad keys":        {"serve --listen tcp::0 --sandbox-uid u --keys [{\"kid\":\"a\",\"x\":\"AA\"}]", "32 bytes"},
		"no keys":         {"serve --listen tcp::0 --sandbox-uid u --keys []", "no key"},
		"not a namespace": {"serve --listen tcp::0 --sandbox-uid u --keys [] --pid-namespace", "PID namespace"},
		"unknown flag":    {"serve --shell", "not defined"},
		"no base":         {"supervise", "--base is required"},
		"no subcommand":   {"dance", "unknown subcommand"},
	} {
		command := exec.Command(binary(), strings.Fields(c.args)...)
		command.Env = []string{asSandboxd + "=1"}
		output, err := command.CombinedOutput()
		expect(t, name+" exit code", command.ProcessState.ExitCode(), 2)
		if err == nil || !strings.Contains(string(output), c.want) {
			t.Errorf("%s: %q does not say %q", name, output, c.want)
		}
	}
}

func TestTheLogHoldsNoArgumentsOutputsVariablesOrTokens(t *testing.T) {
	s := startSandbox(t, "--env", `{"V":"canary-env"}`)
	s.exec(object{"argv": []string{"sh", "-c", "echo canary-output; echo $V"}, "env": object{"X": "canary-call"}, "stdin": "canary-stdin"})
	s.put("canary-id", "canary-path", "canary-body")
	s.get("canary-missing", "")
	s.send("POST", "/v1/freeze", s.token, nil)
	s.stop()
	for _, secret := range []string{"canary", "leak", s.token} {
		if bytes.Contains(s.log.Bytes(), []byte(secret)) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !bytes.Contains(s.log.Bytes(), []byte(`"msg":"command ended"`)) {
		t.Errorf("the log has no line of the command: %s", s.log)
	}
}

func TestAWorkdirThatIsNotThereAndCannotBeMadeIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "", 0o644)
	for workdir, said := range map[string]string{
		// Nobody makes folders in /proc, root neither.
		"/proc/none": "sandboxd serve: the workdir /proc/none does not exist, and user ",
		file:         "sandboxd serve: the workdir " + file + " is no folder\n",
	} {
		s := launchSandbox(t, "--workdir", workdir)
		_ = s.command.Wait()
		expect(t, "exit code", s.command.ProcessState.ExitCode(), 4)
		if !strings.HasPrefix(s.log.String(), said) {
			t.Errorf("%q does not begin with %q", s.log.String(), said)
		}
	}
}
