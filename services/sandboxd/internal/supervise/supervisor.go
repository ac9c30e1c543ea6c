package supervise

import (
	"os"
	"sort"
	"sync"

	"rollyard.dev/sandboxd/internal/process"
)

// supervisor holds the sandboxes of one base folder. Each start gets exactly one
// ready or start_failed, each stop exactly one stopped.
type supervisor struct {
	base    *base
	table   *process.Table
	corpora *corpora
	events  *events
	starts  chan struct{} // one slot for each start at once
	removes chan struct{}

	mu    sync.Mutex
	boxes map[string]*box
	work  sync.WaitGroup
}

func (s *supervisor) begin(id string, start startCommand) {
	if err := start.check(id, s.base.path); err != nil {
		s.events.send(event{Event: "start_failed", ID: id, Reason: reasonBadRequest, Detail: err.Error()})
		return
	}
	b, added := s.add(id, start)
	if !added {
		s.events.send(event{Event: "start_failed", ID: id, Reason: reasonBadRequest, Detail: "this id or root is in use"})
		return
	}
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		s.launch(b)
	}()
}

func (s *supervisor) add(id string, start startCommand) (*box, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.boxes {
		if other.id == id || other.start.Root == start.Root {
			return nil, false
		}
	}
	if _, err := os.Lstat(start.Root); err == nil {
		return nil, false
	}
	b := newBox(id, start)
	s.boxes[id] = b
	return b, true
}

func (s *supervisor) launch(b *box) {
	defer close(b.launched)
	select {
	case s.starts <- struct{}{}:
	case <-b.ctx.Done():
		s.fail(b, &failure{reason: reasonStopped})
		return
	}
	booting := newStopwatch()
	failed := b.launch(s.table, s.corpora)
	<-s.starts
	if failed != nil {
		s.fail(b, failed)
		return
	}
	bootMs := booting.milliseconds() - b.copyMs
	s.events.send(event{Event: "ready", ID: b.id, PID: b.child.Pid, CopyMs: &b.copyMs, BootMs: &bootMs})
	go s.watch(b)
}

// fail cleans up, then tells: a start that failed leaves nothing to stop.
func (s *supervisor) fail(b *box, why *failure) {
	told := event{Event: "start_failed", ID: b.id, Reason: why.reason, Detail: why.detail, ExitCode: why.exitCode}
	s.remove(b)
	if b.stderr != nil {
		told.Stderr = b.stderr.final()
	}
	s.events.send(told)
}

// watch tells when a sandbox ends that nobody stopped.
func (s *supervisor) watch(b *box) {
	<-b.child.Done()
	if b.ctx.Err() != nil {
		return
	}
	code, signal := exitOf(b.child)
	s.events.send(event{Event: "exited", ID: b.id, ExitCode: &code, Signal: signal, Stderr: b.stderr.text()})
}

// end stops a sandbox in the background. An unknown id is stopped already.
func (s *supervisor) end(id string) {
	s.mu.Lock()
	b, found := s.boxes[id]
	s.mu.Unlock()
	if !found {
		s.events.send(event{Event: "stopped", ID: id})
		return
	}
	b.cancel()
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		<-b.launched
		s.remove(b)
		s.events.send(event{Event: "stopped", ID: id})
	}()
}

func (s *supervisor) remove(b *box) {
	s.removes <- struct{}{}
	defer func() { <-s.removes }()
	if err := b.remove(s.table); err != nil {
		s.events.send(event{Event: "error", ID: b.id, Detail: err.Error()})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boxes[b.id] == b {
		delete(s.boxes, b.id)
	}
}

func (s *supervisor) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, 0, len(s.boxes))
	for id := range s.boxes {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids
}

// close stops all sandboxes and leaves nothing behind.
func (s *supervisor) close() {
	for _, id := range s.ids() {
		s.end(id)
	}
	s.work.Wait()
	s.table.Seal()
	_ = process.WaitNoStrangers(s.table, goneLimit)
	s.base.close()
}
