// Package lease binds a sandbox to the first (rollout, attempt) that uses it
// and fences the older drivers of that attempt.
package lease

import (
	"errors"
	"sync"

	"rollyard.dev/sandboxd/internal/token"
)

// The refusals of Admit.
var (
	ErrBoundElsewhere = errors.New("the sandbox belongs to another rollout or attempt")
	ErrStaleEpoch     = errors.New("a newer driver has taken this attempt over")
)

// Lease is the binding of one sandbox. Its zero value is unbound.
type Lease struct {
	mu      sync.Mutex
	bound   bool
	rollout string
	attempt int64
	epoch   int64
}

// Admit binds an unbound sandbox, raises the epoch, and refuses everyone else:
// any other rollout or attempt for ever, any epoch below the highest seen.
func (l *Lease) Admit(claims token.Claims) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.bound {
		l.bound, l.rollout, l.attempt, l.epoch = true, claims.Rollout, claims.Attempt, claims.Epoch
		return nil
	}
	if claims.Rollout != l.rollout || claims.Attempt != l.attempt {
		return ErrBoundElsewhere
	}
	if claims.Epoch < l.epoch {
		return ErrStaleEpoch
	}
	l.epoch = claims.Epoch
	return nil
}
