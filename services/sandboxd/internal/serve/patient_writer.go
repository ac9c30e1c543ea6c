package serve

import (
	"net/http"
	"time"
)

const writeTimeout = 60 * time.Second

// patientWriter gives each chunk of an answer its own time: a long answer may
// take as long as it needs, a client that stops reading may not.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func newPatientWriter(w http.ResponseWriter) *patientWriter {
	return &patientWriter{ResponseWriter: w, control: http.NewResponseController(w)}
}

// Write implements io.Writer.
func (p *patientWriter) Write(chunk []byte) (int, error) {
	_ = p.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return p.ResponseWriter.Write(chunk)
}

// Unwrap lets http.ResponseController reach the connection.
func (p *patientWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// finish takes the deadline off, or the connection's next answer would meet it.
func (p *patientWriter) finish() {
	if control, ok := p.ResponseWriter.(http.Flusher); ok {
		control.Flush()
	}
	_ = p.control.SetWriteDeadline(time.Time{})
}
