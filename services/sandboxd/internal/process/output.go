package process

import (
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

const readBytes = 64 << 10

var readBuffers = sync.Pool{New: func() any { return new([readBytes]byte) }}

// budget is the number of bytes that two streams may still keep together.
type budget struct{ left atomic.Int64 }

func newBudget(bytes int) *budget {
	b := &budget{}
	b.left.Store(int64(bytes))
	return b
}

// take grants at most n of what is left.
func (b *budget) take(n int) int {
	for {
		left := b.left.Load()
		granted := min(int64(n), left)
		if granted <= 0 {
			return 0
		}
		if b.left.CompareAndSwap(left, left-granted) {
			return int(granted)
		}
	}
}

// capture is one output stream: the first bytes that the budget grants are
// kept, the rest is read and counted, so that the writer never blocks.
type capture struct {
	kept    []byte
	dropped int64
}

// drain reads until the end or the reader's deadline.
func (c *capture) drain(from *os.File, shared *budget) {
	buffer := readBuffers.Get().(*[readBytes]byte)
	defer readBuffers.Put(buffer)
	for {
		n, err := from.Read(buffer[:])
		granted := 0
		if n > 0 && c.dropped == 0 {
			granted = shared.take(n)
		}
		c.kept = append(c.kept, buffer[:granted]...)
		c.dropped += int64(n - granted)
		if err != nil && err != io.ErrShortBuffer {
			return
		}
	}
}

// text is the stream as UTF-8. A character that the cap cut in two is dropped
// and counted as truncated; each other byte that is not UTF-8 becomes U+FFFD.
func (c *capture) text() (text string, invalid int64) {
	if c.dropped > 0 {
		whole := len(c.kept) - partialRune(c.kept)
		c.dropped += int64(len(c.kept) - whole)
		c.kept = c.kept[:whole]
	}
	if utf8.Valid(c.kept) {
		return string(c.kept), 0
	}
	return replaceInvalid(c.kept)
}

func replaceInvalid(kept []byte) (string, int64) {
	var out strings.Builder
	out.Grow(len(kept) + len(kept)/2)
	invalid := int64(0)
	for len(kept) > 0 {
		char, size := utf8.DecodeRune(kept)
		if char == utf8.RuneError && size == 1 {
			invalid++
		}
		out.WriteRune(char)
		kept = kept[size:]
	}
	return out.String(), invalid
}

// partialRune is the length of an unfinished character at the end of b.
func partialRune(b []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		tail := b[len(b)-back:]
		if utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return back
		}
	}
	return 0
}
