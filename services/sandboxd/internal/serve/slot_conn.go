package serve

import (
	"net"
	"sync"
)

// slotConn gives its slot back when it is closed.
type slotConn struct {
	net.Conn
	once  sync.Once
	slots chan struct{}
}

// Close implements net.Conn.
func (s *slotConn) Close() error {
	s.once.Do(func() { <-s.slots })
	return s.Conn.Close()
}
