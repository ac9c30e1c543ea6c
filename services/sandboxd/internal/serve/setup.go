package serve

import (
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"rollyard.dev/sandboxd/internal/process"
)

const setupOutputBytes = 4096

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
	d.state.set(health{Status: statusSetupFailed, Argv: argv, ExitCode: &result.ExitCode, Output: tail(output)})
	slog.Error("setup failed", "exit_code", result.ExitCode, "timed_out", result.TimedOut)
}

// tail keeps the end of a text, where a failing command says what was wrong.
func tail(text string) string {
	if len(text) <= setupOutputBytes {
		return text
	}
	text = text[len(text)-setupOutputBytes:]
	return strings.TrimLeftFunc(text, func(r rune) bool { return r == utf8.RuneError })
}
