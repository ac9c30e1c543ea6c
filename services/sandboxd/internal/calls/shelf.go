package calls

import (
	"os"
	"sync"
	"syscall"
)

// openTmpfile is O_TMPFILE (linux): a file without a name, so that the agent,
// which has the same uid and sees the same folders, can't open it.
const openTmpfile = 0x400000 | syscall.O_DIRECTORY

// stored is where an answer is: in memory, or a range of the unnamed file.
type stored struct {
	status int
	body   []byte
	offset int64
	length int
}

// shelf holds the bytes of answers.
type shelf struct {
	mu         sync.Mutex
	memoryLeft int64
	diskLimit  int64
	diskUsed   int64
	dir        string
	file       *os.File
	broken     bool
}

// full tells that the next answer may find no room.
func (s *shelf) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memoryLeft <= 0 && (s.broken || s.diskUsed >= s.diskLimit)
}

// put never loses an answer: what can't go to disk stays in memory, and full
// stops new calls.
func (s *shelf) put(answer Answer) stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := int64(len(answer.Body))
	if s.memoryLeft < size && s.spill(answer.Body) {
		s.diskUsed += size
		return stored{status: answer.Status, offset: s.diskUsed - size, length: len(answer.Body)}
	}
	s.memoryLeft -= size
	return stored{status: answer.Status, body: answer.Body}
}

func (s *shelf) spill(body []byte) bool {
	if s.broken || s.diskUsed+int64(len(body)) > s.diskLimit {
		return false
	}
	if s.file == nil && !s.open() {
		return false
	}
	if _, err := s.file.WriteAt(body, s.diskUsed); err != nil {
		s.broken = true
	}
	return !s.broken
}

func (s *shelf) open() bool {
	file, err := os.OpenFile(s.dir, os.O_RDWR|openTmpfile, 0o600)
	s.file, s.broken = file, err != nil
	return err == nil
}

func (s *shelf) get(entry stored) (Answer, error) {
	if entry.body != nil || entry.length == 0 {
		return Answer{Status: entry.status, Body: entry.body}, nil
	}
	body := make([]byte, entry.length)
	if _, err := s.file.ReadAt(body, entry.offset); err != nil {
		return Answer{}, err
	}
	return Answer{Status: entry.status, Body: body}, nil
}
