// Package calls remembers every call of a sandbox's life, so that a call that
// is sent again joins the running one or gets its stored answer.
package calls

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
)

// The refusals of Reserve.
var (
	ErrReused = errors.New("the call_id was used before with another body")
	ErrFrozen = errors.New("the sandbox is frozen")
	ErrFull   = errors.New("the store of answers is full")
)

const maxCalls = 100_000

// Digest identifies what a call asks for.
type Digest = [sha256.Size]byte

// Answer is what a call was answered with: an HTTP status and a JSON object.
type Answer struct {
	Status int
	Body   []byte
}

// Call is one reserved call_id.
type Call struct {
	digest  Digest
	done    chan struct{}
	stored  stored
	refusal error
}

// Store keeps the calls. Answers stay in memory up to a bound, then go to an
// unnamed file; when that is full too, new calls are refused and the old ones
// can still be replayed.
type Store struct {
	mu     sync.Mutex
	calls  map[string]*Call
	frozen bool
	shelf  *shelf
}

// NewStore returns an empty store. memoryBytes and diskBytes bound the answers
// kept in memory and in the unnamed file, which is made in spillDir when needed.
func NewStore(memoryBytes, diskBytes int64, spillDir string) *Store {
	return &Store{
		calls: map[string]*Call{},
		shelf: &shelf{memoryLeft: memoryBytes, diskLimit: diskBytes, dir: spillDir},
	}
}

// Reserve returns the call of an id. mine tells that the id is new and that the
// caller must now run the call and end it with Finish or Abandon. admit is asked
// last, and only for a new id; its error is returned as it is.
func (s *Store) Reserve(id string, digest Digest, admit func() error) (call *Call, mine bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.calls[id]; ok {
		if known.digest != digest {
			return nil, false, ErrReused
		}
		return known, false, nil
	}
	if s.frozen {
		return nil, false, ErrFrozen
	}
	if len(s.calls) >= maxCalls || s.shelf.full() {
		return nil, false, ErrFull
	}
	if err := admit(); err != nil {
		return nil, false, err
	}
	call = &Call{digest: digest, done: make(chan struct{})}
	s.calls[id] = call
	return call, true, nil
}

// Finish stores the answer of a call that ran.
func (s *Store) Finish(call *Call, answer Answer) {
	call.stored = s.shelf.put(answer)
	close(call.done)
}

// Abandon gives back the id of a call that never ran. Those who joined it get
// the refusal.
func (s *Store) Abandon(id string, call *Call, refusal error) {
	s.mu.Lock()
	delete(s.calls, id)
	s.mu.Unlock()
	call.refusal = refusal
	close(call.done)
}

// Wait returns the answer once there is one, the refusal of an abandoned call,
// or the error of the context.
func (s *Store) Wait(ctx context.Context, call *Call) (Answer, error) {
	select {
	case <-call.done:
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
	if call.refusal != nil {
		return Answer{}, call.refusal
	}
	return s.shelf.get(call.stored)
}

// Freeze refuses every new call from now on.
func (s *Store) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = true
}
