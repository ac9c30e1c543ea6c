package serve

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const exitNoWorkdir = 4

// makeWorkdir makes the folder of commands where an image has none. Its error is a sentence for whoever wrote the
// environment: the path is theirs, and no agent has been there yet.
func makeWorkdir(path string) error {
	err := os.MkdirAll(path, 0o755)
	if err == nil {
		return nil
	}
	if info, statErr := os.Stat(path); statErr == nil && !info.IsDir() {
		return fmt.Errorf("the workdir %s is no folder", path)
	}
	if _, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
		return fmt.Errorf("the workdir %s does not exist, and user %d can't make it (%s): make it in the image, or name a folder that is there",
			path, os.Getuid(), errorKind(err))
	}
	return fmt.Errorf("the workdir %s can't be used by user %d: %s", path, os.Getuid(), errorKind(err))
}
