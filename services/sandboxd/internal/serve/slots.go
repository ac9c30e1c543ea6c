package serve

import "net/http"

// slots bounds how much of one kind runs at once.
type slots struct {
	free chan struct{}
	code string
	what string
}

func newSlots(n int, code, what string) slots {
	return slots{free: make(chan struct{}, n), code: code, what: what}
}

func (s slots) take() error {
	select {
	case s.free <- struct{}{}:
		return nil
	default:
		return refuse(http.StatusTooManyRequests, s.code, "too many "+s.what+" at once")
	}
}

func (s slots) give() { <-s.free }
