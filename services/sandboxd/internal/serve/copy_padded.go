package serve

import "io"

// copyPadded copies exactly size bytes and fills up with zeros when the source
// got shorter meanwhile: the size stands in the archive's header already.
func copyPadded(to io.Writer, from io.Reader, size int64) error {
	copied, err := io.Copy(to, io.LimitReader(from, size))
	if err != nil {
		return err
	}
	_, err = io.CopyN(to, zeros{}, size-copied)
	return err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
