package supervise

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"rollyard.dev/sandboxd/internal/tree"
)

const lockName = ".lock"

var (
	errLocked  = errors.New("another supervisor holds this base folder")
	errForeign = errors.New("the base folder holds files and no supervisor's lock: it would be emptied, so give a folder that is empty or new")
)

// base is the folder of all sandboxes of one supervisor. Its lock lives as long
// as the process, so that leftovers of a dead one can be told from live folders.
type base struct {
	path string
	made bool
	lock *os.File
}

// openBase makes and locks the folder and removes what a former supervisor left.
func openBase(path string) (*base, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	b := &base{path: absolute}
	if _, err := os.Lstat(absolute); os.IsNotExist(err) {
		b.made = true
	}
	// 0711: sandboxes of another uid must reach their own folder.
	if err := os.MkdirAll(absolute, 0o711); err != nil {
		return nil, err
	}
	if b.isForeign() {
		return nil, errForeign
	}
	if err := b.acquire(); err != nil {
		return nil, err
	}
	if folder, err := os.Open(absolute); err == nil {
		spread(folder)
		_ = folder.Close()
	}
	return b, b.sweep()
}

// isForeign tells that no supervisor made what is in the folder: one that died
// left its lock file.
func (b *base) isForeign() bool {
	if _, err := os.Lstat(filepath.Join(b.path, lockName)); err == nil {
		return false
	}
	entries, _ := os.ReadDir(b.path)
	return len(entries) > 0
}

// acquire takes the lock. A former holder may have removed the file between
// open and lock, so the name must still be the file that was locked.
func (b *base) acquire() error {
	for {
		file, err := os.OpenFile(filepath.Join(b.path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			_ = file.Close()
			return errLocked
		}
		held, heldErr := file.Stat()
		named, namedErr := os.Stat(file.Name())
		if heldErr == nil && namedErr == nil && os.SameFile(held, named) {
			b.lock = file
			return nil
		}
		_ = file.Close()
	}
}

func (b *base) sweep() error {
	entries, err := os.ReadDir(b.path)
	for _, entry := range entries {
		if entry.Name() != lockName {
			err = errors.Join(err, tree.Remove(filepath.Join(b.path, entry.Name())))
		}
	}
	return err
}

// close empties the folder of what its user put beside the sandboxes, removes
// the lock file, and the folder if this supervisor made it. What could not be
// removed keeps its lock file, so that the next supervisor knows it as ours.
func (b *base) close() {
	if b.sweep() == nil {
		_ = os.Remove(b.lock.Name())
	}
	if b.made {
		_ = os.Remove(b.path)
	}
	_ = b.lock.Close()
}
