package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"rollyard.dev/sandboxd/internal/calls"
	"rollyard.dev/sandboxd/internal/lease"
	"rollyard.dev/sandboxd/internal/process"
)

// refusal is an error that a client sees: {"error":{"code","message"}}.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message}
}

func invalid(message string) *refusal {
	return refuse(http.StatusBadRequest, "invalid_request", message)
}

// body is the JSON object of the refusal, without a trailing newline.
func (r *refusal) body() []byte {
	return encode(map[string]any{"error": map[string]string{"code": r.code, "message": r.message}})
}

func (r *refusal) write(w http.ResponseWriter) { writeJSON(w, r.status, r.body()) }

var known = []struct {
	err     error
	refusal *refusal
}{
	{lease.ErrBoundElsewhere, refuse(http.StatusConflict, "bound_elsewhere", lease.ErrBoundElsewhere.Error())},
	{lease.ErrStaleEpoch, refuse(http.StatusConflict, "stale_epoch", lease.ErrStaleEpoch.Error())},
	{calls.ErrReused, refuse(http.StatusUnprocessableEntity, "call_id_reused", calls.ErrReused.Error())},
	{calls.ErrFrozen, refuse(http.StatusConflict, "frozen", calls.ErrFrozen.Error())},
	{process.ErrSealed, refuse(http.StatusConflict, "frozen", calls.ErrFrozen.Error())},
	{calls.ErrFull, refuse(http.StatusInsufficientStorage, "call_store_full", calls.ErrFull.Error())},
	{process.ErrSurvivors, refuse(http.StatusInternalServerError, "freeze_incomplete", process.ErrSurvivors.Error())},
	{context.Canceled, refuse(499, "client_gone", "the client closed the connection")},
}

// asRefusal makes any error one that a client may see.
func asRefusal(err error) *refusal {
	var own *refusal
	if errors.As(err, &own) {
		return own
	}
	for _, entry := range known {
		if errors.Is(err, entry.err) {
			return entry.refusal
		}
	}
	return refuse(http.StatusInternalServerError, "internal", "sandboxd failed; its log names the error")
}

func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil { // only unsupported types fail, and none is used here
		panic(err)
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
