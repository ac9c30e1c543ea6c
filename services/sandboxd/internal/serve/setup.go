package serve

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"rollyard.dev/sandboxd/internal/process"
)

const (
	setupOutputBytes = 4096
	terminationBytes = 4096
	exitSetupFailed  = 3
)

// setup runs the environment's setup commands in order and then makes the
// sandbox ready. The first that fails ends it; the time is for all together.
func (d *daemon) setup() {
	deadline := time.Now().Add(d.options.setupTimeout())
	for _, argv := range d.options.Setup {
		result, err := d.runner.Run(process.Command{
			Argv: argv, Env: d.environment.list(nil), Path: d.environment.path(nil), Dir: d.options.Workdir,
			Timeout: time.Until(deadline), MaxOutputBytes: 1 << 20,
		})
		if err != nil {
			return // frozen or stopping: nobody waits for ready any more
		}
		if result.ExitCode != 0 || result.TimedOut {
			d.setupFailed(argv, result)
			return
		}
	}
	d.state.set(health{Status: statusReady, SandboxUID: d.options.SandboxUID})
	slog.Info("sandbox ready")
}

func (d *daemon) setupFailed(argv []string, result process.Result) {
	output := result.Stdout + result.Stderr
	if result.TimedOut {
		output += "\nsetup timed out"
	}
	d.state.set(health{Status: statusSetupFailed, Argv: argv, ExitCode: &result.ExitCode, Output: tail(output, setupOutputBytes)})
	slog.Error("setup failed", "exit_code", result.ExitCode, "timed_out", result.TimedOut)
	d.giveUp(result.ExitCode, output)
}

// giveUp leaves word where the node reads it and lets sandboxd end, when it was told of such a place: there nobody asks a
// sandbox how it is before it is ready.
func (d *daemon) giveUp(exitCode int, output string) {
	if d.options.TerminationMessage == "" {
		return
	}
	if err := os.WriteFile(d.options.TerminationMessage, terminationMessage(exitCode, output), 0o644); err != nil {
		slog.Error("termination message not written", "error_type", errorKind(err))
	}
	d.gaveUp <- struct{}{}
}

// terminationMessage is JSON of at most terminationBytes, the most that a node takes; of the output it keeps the end.
func terminationMessage(exitCode int, output string) []byte {
	for kept := setupOutputBytes; ; kept /= 2 {
		message, err := json.Marshal(map[string]any{"exit_code": exitCode, "output": tail(output, kept)})
		if err != nil || len(message) <= terminationBytes || kept == 0 {
			return message
		}
	}
}

// tail keeps the end of a text, where a failing command says what was wrong.
func tail(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[len(text)-most:]
	return strings.TrimLeftFunc(text, func(r rune) bool { return r == utf8.RuneError })
}
