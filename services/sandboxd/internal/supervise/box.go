package supervise

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"rollyard.dev/sandboxd/internal/process"
	"rollyard.dev/sandboxd/internal/tree"
)

const goneLimit = 5 * time.Second

// box is one sandbox from its start command to the removal of its folder.
type box struct {
	id       string
	start    startCommand
	ctx      context.Context // ends when a stop was asked for
	cancel   context.CancelFunc
	launched chan struct{} // closed when ready or start_failed was sent
	child    *process.Child
	stderr   *tailReader
	copyMs   float64
	removal  sync.Once
}

// failure is why a start failed.
type failure struct {
	reason   string
	detail   string
	exitCode *int
}

func newBox(id string, start startCommand) *box {
	b := &box{id: id, start: start, launched: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// launch makes the folder, starts the command and waits until it is ready.
func (b *box) launch(table *process.Table, corpora *corpora) *failure {
	owner, err := ownerOf(&b.start)
	if err != nil {
		return &failure{reason: reasonSpawn, detail: err.Error()}
	}
	started := time.Now()
	if err := makeFolder(&b.start, owner, corpora); err != nil {
		return &failure{reason: reasonCopy, detail: err.Error()}
	}
	b.copyMs = milliseconds(time.Since(started))
	if b.ctx.Err() != nil {
		return &failure{reason: reasonStopped}
	}
	b.child, b.stderr, err = spawn(table, &b.start, owner)
	if err != nil {
		return &failure{reason: reasonSpawn, detail: err.Error()}
	}
	return b.awaitReady()
}

func (b *box) awaitReady() *failure {
	ctx, cancel := context.WithTimeout(b.ctx, b.start.readyTimeout())
	defer cancel()
	go func() {
		select {
		case <-b.child.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	found, err := awaitHealth(ctx, b.start.Ready.Unix)
	if err != nil {
		return b.notReady(ctx)
	}
	if found.Status != "ready" {
		return &failure{reason: reasonSetupFailed, detail: found.Output, exitCode: found.ExitCode}
	}
	return nil
}

func (b *box) notReady(ctx context.Context) *failure {
	select {
	case <-b.child.Done():
		code, _ := exitOf(b.child)
		return &failure{reason: reasonExited, exitCode: &code}
	default:
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &failure{reason: reasonTimeout, detail: "the sandbox was not ready in time"}
	}
	return &failure{reason: reasonStopped}
}

// remove kills what runs, waits for its end, and deletes the folder. A second
// call waits for the first.
func (b *box) remove(table *process.Table) (err error) {
	b.removal.Do(func() {
		if b.child != nil {
			b.kill(table)
		}
		err = tree.Remove(b.start.Root)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	})
	return err
}

func (b *box) kill(table *process.Table) {
	tree := table.Kill(b.child)
	select {
	case <-b.child.Done():
	case <-time.After(goneLimit):
	}
	if tree == nil { // it ended by itself: what it left came to us
		_ = process.WaitNoStrangers(table, goneLimit)
		return
	}
	_ = process.WaitGone(tree, goneLimit)
}

func exitOf(child *process.Child) (code int, signal string) {
	status := child.Status()
	if status.Signaled() {
		return 128 + int(status.Signal()), process.SignalName(status.Signal())
	}
	return status.ExitStatus(), ""
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
