package supervise

import (
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

const tailBytes = 4096

// tailReader reads a sandbox's stderr to its end and keeps the last 4 KiB.
type tailReader struct {
	mu   sync.Mutex
	kept []byte
	done chan struct{}
}

func readTail(from *os.File) *tailReader {
	t := &tailReader{done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer from.Close()
		_, _ = io.Copy(t, from)
	}()
	return t
}

// Write implements io.Writer.
func (t *tailReader) Write(chunk []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, chunk...)
	if over := len(t.kept) - tailBytes; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(chunk), nil
}

// final waits for the end of the stream, but not for a process that holds it open.
func (t *tailReader) final() string {
	select {
	case <-t.done:
	case <-time.After(time.Second):
	}
	return t.text()
}

func (t *tailReader) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.kept), "\uFFFD")
}
