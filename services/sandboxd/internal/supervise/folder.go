package supervise

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rollyard.dev/sandboxd/internal/tree"
)

// makeFolder makes the sandbox's folder: mode 0700, with its workdir (a copy of
// the corpus), the folder of its socket, and the extra files; all the owner's.
func makeFolder(start *startCommand, owner *tree.Owner, corpora *corpora) error {
	if err := os.Mkdir(start.Root, 0o700); err != nil {
		return err
	}
	if err := give(start.Root, owner); err != nil {
		return err
	}
	for _, folder := range []string{start.Workdir, filepath.Dir(start.Ready.Unix)} {
		if err := makeBelow(start.Root, folder, owner); err != nil {
			return err
		}
	}
	if start.CopyFrom != nil {
		corpus, err := corpora.get(*start.CopyFrom)
		if err != nil {
			return err
		}
		if err := corpus.CopyTo(start.Workdir, owner); err != nil {
			return err
		}
	}
	for _, file := range start.Files {
		if err := writeExtra(start.Root, file, owner); err != nil {
			return err
		}
	}
	return nil
}

// makeBelow makes the folders from root down to path that are missing.
func makeBelow(root, path string, owner *tree.Owner) error {
	at := root
	for _, part := range strings.Split(strings.TrimPrefix(path, root), "/") {
		if part == "" {
			continue
		}
		at += "/" + part
		if err := os.Mkdir(at, 0o755); os.IsExist(err) {
			continue
		} else if err != nil {
			return err
		}
		if err := give(at, owner); err != nil {
			return err
		}
	}
	return nil
}

func writeExtra(root string, file extraFile, owner *tree.Owner) error {
	path := filepath.Join(root, file.Path)
	if err := makeBelow(root, filepath.Dir(path), owner); err != nil {
		return err
	}
	mode := fs.FileMode(file.Mode).Perm()
	if file.Mode == 0 {
		mode = defaultFileMode
	}
	if err := os.WriteFile(path, []byte(file.Content), mode); err != nil {
		return err
	}
	return give(path, owner)
}

func give(path string, owner *tree.Owner) error {
	if owner == nil {
		return nil
	}
	return os.Lchown(path, owner.UID, owner.GID)
}
