package serve

import (
	"log/slog"
	"net/http"
	"time"

	"rollyard.dev/sandboxd/internal/process"
	"rollyard.dev/sandboxd/internal/token"
)

const killLimit = 10 * time.Second

// freeze ends all that runs, for good. Files can still be read, and calls that
// were made before can still be replayed.
func (d *daemon) freeze(w http.ResponseWriter, _ *http.Request, _ token.Claims) error {
	if err := d.stopAll(); err != nil {
		return err
	}
	slog.Info("sandbox frozen")
	writeJSON(w, http.StatusOK, encode(map[string]bool{"frozen": true}))
	return nil
}

// stopAll refuses new work, waits for writes under way, and kills every process.
func (d *daemon) stopAll() error {
	d.calls.Freeze()
	d.runner.Table.Seal()
	err := d.killAll()
	d.writing.Lock()
	d.frozen = true
	d.writing.Unlock()
	return err
}

func (d *daemon) killAll() error {
	if d.options.PIDNamespace {
		return process.KillNamespace(killLimit)
	}
	return process.KillDescendants(killLimit)
}
