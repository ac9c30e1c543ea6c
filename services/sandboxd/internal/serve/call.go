package serve

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"rollyard.dev/sandboxd/internal/calls"
	"rollyard.dev/sandboxd/internal/token"
)

const maxCallIDBytes = 256

// call is one request that must run at most once.
type call struct {
	id     string
	digest calls.Digest
	slots  slots
	// run does the work. An error means that it never began: the id is free again.
	run func() (calls.Answer, error)
}

func checkCallID(id string) error {
	if id == "" || len(id) > maxCallIDBytes {
		return invalid("call_id must have 1 to 256 bytes")
	}
	return nil
}

func digestOf(kind string, value any) calls.Digest {
	return sha256.Sum256(append([]byte(kind+"\x00"), encode(value)...))
}

// answer runs the call, joins it, or replays its answer. The work goes on when
// the client leaves. The lease is asked again, because a newer driver may have
// come while the body was read.
func (d *daemon) answer(w http.ResponseWriter, r *http.Request, claims token.Claims, c call) error {
	if err := d.lease.Admit(claims); err != nil {
		return err
	}
	reserved, mine, err := d.calls.Reserve(c.id, c.digest, c.slots.take)
	if err != nil {
		return err
	}
	if mine {
		go d.perform(reserved, c)
	}
	answer, err := d.calls.Wait(r.Context(), reserved)
	if err != nil {
		return err
	}
	writeJSON(w, answer.Status, withReplayed(answer.Body, !mine))
	return nil
}

func (d *daemon) perform(reserved *calls.Call, c call) {
	defer c.slots.give()
	answer, err := contained(c.run)
	if err != nil {
		d.calls.Abandon(c.id, reserved, err)
		return
	}
	d.calls.Finish(reserved, answer)
}

// contained turns a panic of ours into an error: a daemon that dies looks like
// an agent that killed it.
func contained(run func() (calls.Answer, error)) (answer calls.Answer, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			slog.Error("call panicked", "error_type", fmt.Sprintf("%T", problem), "stack", string(debug.Stack()))
			err = refuse(http.StatusInternalServerError, "internal", "sandboxd failed; its log names the error")
		}
	}()
	return run()
}

// withReplayed adds the member "replayed" to an encoded JSON object.
func withReplayed(object []byte, replayed bool) []byte {
	member := `,"replayed":false}`
	if replayed {
		member = `,"replayed":true}`
	}
	return append(append(make([]byte, 0, len(object)+len(member)), object[:len(object)-1]...), member...)
}

func fail(w http.ResponseWriter, err error) {
	known := asRefusal(err)
	if known.code == "internal" {
		slog.Error("request failed", "error_type", errorKind(err))
	}
	known.write(w)
}
