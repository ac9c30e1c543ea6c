// Package tree copies a folder into sandboxes and removes what agents left.
package tree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

type entry struct {
	path   string // relative, with the separator
	mode   fs.FileMode
	target string // of a symbolic link
	body   []byte
	onDisk bool // too large to keep: copied from the source each time
}

// Corpus is a folder as it was when it was read: names, modes, links, and the
// contents of files as far as the memory given for them went. Copies of one
// corpus are equal although somebody edits the folder meanwhile, but for the
// files that were left on disk.
type Corpus struct {
	root    string
	entries []entry
}

// ReadCorpus reads a folder. Symbolic links are kept as links; sockets, FIFOs
// and devices are left out. At most memoryBytes of contents are kept.
func ReadCorpus(folder string, memoryBytes int64) (*Corpus, error) {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", folder)
	}
	c := &Corpus{root: root}
	left := memoryBytes
	err = filepath.WalkDir(root, func(path string, found fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		return c.add(path, found, &left)
	})
	return c, err
}

func (c *Corpus) add(path string, found fs.DirEntry, left *int64) error {
	info, err := found.Info()
	if err != nil {
		return err
	}
	relative, err := filepath.Rel(c.root, path)
	if err != nil {
		return err
	}
	e := entry{path: string(filepath.Separator) + relative, mode: info.Mode() & (fs.ModeType | fs.ModePerm)}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		e.target, err = os.Readlink(path)
	case info.Mode().IsRegular() && info.Size() <= *left:
		e.body, err = os.ReadFile(path)
		*left -= int64(len(e.body))
	case info.Mode().IsRegular():
		e.onDisk = true
	case !info.IsDir():
		return nil
	}
	c.entries = append(c.entries, e)
	return err
}
