package supervise

import "time"

type stopwatch struct{ started time.Time }

func newStopwatch() stopwatch { return stopwatch{started: time.Now()} }

func (s stopwatch) milliseconds() float64 { return milliseconds(time.Since(s.started)) }
