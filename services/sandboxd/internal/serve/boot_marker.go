package serve

import (
	"errors"
	"io/fs"
	"os"
)

// claimBoot makes the marker file. It returns false when it was there: sandboxd
// ran here before, and what its calls did and answered is unknown.
func claimBoot(marker string) (first bool, err error) {
	if marker == "" {
		return true, nil
	}
	file, err := os.OpenFile(marker, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, file.Close()
}
