package main

import "io"

// halfPipe lets a test send the first half of a body, wait, and send the rest.
type halfPipe struct {
	writer *io.PipeWriter
	rest   []byte
}

func newPipe() (io.Reader, *halfPipe) {
	reader, writer := io.Pipe()
	return reader, &halfPipe{writer: writer}
}

func (h *halfPipe) writeHalf(body io.Reader) {
	text, _ := io.ReadAll(body)
	half := len(text) / 2
	h.rest = text[half:]
	_, _ = h.writer.Write(text[:half])
}

func (h *halfPipe) writeRest() {
	_, _ = h.writer.Write(h.rest)
	_ = h.writer.Close()
}
