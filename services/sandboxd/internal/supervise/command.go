package supervise

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// command is one line of stdin.
type command struct {
	Op string `json:"op"` // start | stop | list | quit
	ID string `json:"id"`
	startCommand
}

type startCommand struct {
	Root           string            `json:"root"`
	CopyFrom       *string           `json:"copy_from"`
	Workdir        string            `json:"workdir"`
	Argv           []string          `json:"argv"`
	Env            map[string]string `json:"env"`
	UID            *int              `json:"uid"`
	GID            *int              `json:"gid"`
	Ready          readyCheck        `json:"ready"`
	ReadyTimeoutMs int64             `json:"ready_timeout_ms"`
	Files          []extraFile       `json:"files"`
}

// readyCheck names the socket of the sandbox's sandboxd. With PassFD the
// supervisor makes it, listens, and hands it over as descriptor 3
// (--listen fd:3); else sandboxd makes it.
type readyCheck struct {
	Unix   string `json:"unix"`
	PassFD bool   `json:"pass_fd"`
}

// extraFile is written before the start; its path is relative to the root.
type extraFile struct {
	Path    string `json:"path"`
	Content string `json:"content"`
	Mode    uint32 `json:"mode"`
}

const (
	maxSocketPath   = 107 // unix(7): 108 bytes with the final NUL
	defaultReadyMs  = 300_000
	defaultFileMode = 0o644
)

// isID tells whether a text can be an id and a folder's name. (A regular
// expression would be compiled at each start of serve too, which takes longer
// than the rest of its start.)
func isID(text string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return len(text) >= 1 && len(text) <= 128 && strings.Contains(letters, text[:1]) &&
		!strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(letters+"._-", r) })
}

func (s *startCommand) readyTimeout() time.Duration {
	if s.ReadyTimeoutMs <= 0 {
		return defaultReadyMs * time.Millisecond
	}
	return time.Duration(s.ReadyTimeoutMs) * time.Millisecond
}

// check keeps all that is written and removed inside a folder of its own,
// directly below the base.
func (s *startCommand) check(id, base string) error {
	if !isID(id) {
		return errors.New("id must be 1 to 128 letters, digits, dots, dashes or underscores")
	}
	if filepath.Dir(s.Root) != base || !isID(filepath.Base(s.Root)) {
		return errors.New("root must be a folder directly in the base folder")
	}
	if len(s.Argv) == 0 || s.Argv[0] == "" {
		return errors.New("argv must name a program")
	}
	if !within(s.Root, s.Workdir) || !within(s.Root, s.Ready.Unix) {
		return errors.New("workdir and ready.unix must lie in root")
	}
	if len(s.Ready.Unix) > maxSocketPath {
		return fmt.Errorf("the socket path is longer than %d bytes: use a shorter base folder", maxSocketPath)
	}
	for _, file := range s.Files {
		if !filepath.IsLocal(file.Path) {
			return errors.New("a file's path must lie in root")
		}
	}
	return nil
}

func within(root, path string) bool {
	return filepath.Clean(path) == path && strings.HasPrefix(path, root+"/")
}
