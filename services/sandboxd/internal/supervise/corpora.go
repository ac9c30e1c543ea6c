package supervise

import (
	"sync"

	"rollyard.dev/sandboxd/internal/tree"
)

// corpora reads each corpus once for the supervisor's life: all sandboxes get
// the same, and none pays for reading it.
type corpora struct {
	mu          sync.Mutex
	known       map[string]func() (*tree.Corpus, error)
	memoryBytes int64
}

func newCorpora(memoryBytes int64) *corpora {
	return &corpora{known: map[string]func() (*tree.Corpus, error){}, memoryBytes: memoryBytes}
}

func (c *corpora) get(folder string) (*tree.Corpus, error) {
	c.mu.Lock()
	read, found := c.known[folder]
	if !found {
		read = sync.OnceValues(func() (*tree.Corpus, error) { return tree.ReadCorpus(folder, c.memoryBytes) })
		c.known[folder] = read
	}
	c.mu.Unlock()
	corpus, err := read()
	if err != nil {
		c.forget(folder)
	}
	return corpus, err
}

// forget lets a folder that could not be read be tried again.
func (c *corpora) forget(folder string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, folder)
}
