package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"rollyard.dev/sandboxd/internal/calls"
	"rollyard.dev/sandboxd/internal/token"
)

type fileWrite struct {
	path string
	mode os.FileMode
	body []byte
}

func (d *daemon) writeFile(w http.ResponseWriter, r *http.Request, claims token.Claims) error {
	query := r.URL.Query()
	path, err := d.pathOf(query)
	if err != nil {
		return err
	}
	id := query.Get("call_id")
	if err := checkCallID(id); err != nil {
		return err
	}
	mode, err := modeOf(query.Get("mode"))
	if err != nil {
		return err
	}
	body, err := readBody(w, r, d.options.MaxFileBytes)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	write := fileWrite{path: path, mode: mode, body: body}
	return d.answer(w, r, claims, call{
		id: id, digest: digestOf("put", []string{path, mode.String(), hex.EncodeToString(sum[:])}), slots: d.writes,
		run: func() (calls.Answer, error) { return d.runWrite(write) },
	})
}

// modeOf reads the octal permission of a new file; without one it is 0644.
func modeOf(text string) (os.FileMode, error) {
	if text == "" {
		return 0o644, nil
	}
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > 0o777 {
		return 0, invalid("mode must be octal, at most 777")
	}
	return os.FileMode(mode), nil
}

// runWrite stores what happened, also a failure: a repeat sees the same.
func (d *daemon) runWrite(write fileWrite) (calls.Answer, error) {
	d.writing.RLock()
	defer d.writing.RUnlock()
	if d.frozen {
		return calls.Answer{}, calls.ErrFrozen
	}
	if err := write.perform(); err != nil {
		known := asRefusal(fileRefusal(err))
		return calls.Answer{Status: known.status, Body: known.body()}, nil
	}
	return calls.Answer{Status: http.StatusOK, Body: encode(map[string]int{"size_bytes": len(write.body)})}, nil
}

// perform writes in place: an existing file keeps its mode, links and owner.
func (f fileWrite) perform() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return badParent(err)
	}
	file, _, err := openRegular(f.path, os.O_WRONLY|os.O_CREATE, f.mode)
	if err != nil {
		return err
	}
	err = errors.Join(file.Truncate(0), writeAll(file, f.body))
	return errors.Join(err, file.Close())
}

func writeAll(file *os.File, body []byte) error {
	_, err := file.Write(body)
	return err
}

func badParent(err error) error {
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.EEXIST) {
		return refuse(http.StatusBadRequest, "bad_path", "a part of the path is not a folder")
	}
	return err
}
