// Package serve is sandboxd's part inside a sandbox: it runs commands and moves
// files over HTTP/JSON for the one lease that the sandbox belongs to.
package serve

import (
	"net/http"
	"strings"
	"sync"

	"rollyard.dev/sandboxd/internal/calls"
	"rollyard.dev/sandboxd/internal/lease"
	"rollyard.dev/sandboxd/internal/process"
	"rollyard.dev/sandboxd/internal/token"
)

const maxWrites = 8

type daemon struct {
	options     options
	environment environment
	state       *state
	verifier    *token.Verifier
	lease       *lease.Lease
	calls       *calls.Store
	runner      *process.Runner
	execs       slots
	writes      slots
	// writing is held shared by each write and exclusively by freeze, so that no
	// write is half done when freeze answers.
	writing sync.RWMutex
	frozen  bool
	// gaveUp gets one value when setup failed and sandboxd is to end with it.
	gaveUp chan struct{}
}

func (d *daemon) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", d.state.serveHealth)
	mux.HandleFunc("POST /v1/exec", d.leased(d.exec))
	mux.HandleFunc("GET /v1/files", d.leased(d.readFile))
	mux.HandleFunc("PUT /v1/files", d.leased(d.writeFile))
	mux.HandleFunc("GET /v1/archive", d.leased(d.archive))
	mux.HandleFunc("POST /v1/freeze", d.leased(d.freeze))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(http.StatusNotFound, "no_such_route", "no such route").write(w)
	})
	return mux
}

// handler serves one request of an admitted lease. An error that it returns is
// written as a refusal; it must not have written anything before.
type handler func(w http.ResponseWriter, r *http.Request, claims token.Claims) error

func (d *daemon) leased(next handler) http.HandlerFunc {
	return func(plain http.ResponseWriter, r *http.Request) {
		w := newPatientWriter(plain)
		defer w.finish()
		claims, err := d.admit(r)
		if err == nil {
			err = next(w, r, claims)
		}
		if err != nil {
			fail(w, err)
		}
	}
}

func (d *daemon) admit(r *http.Request) (token.Claims, error) {
	if d.state.status() == statusRestarted {
		return token.Claims{}, d.state.refusal()
	}
	raw, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		return token.Claims{}, refuse(http.StatusUnauthorized, "unauthorized", "a lease token is required")
	}
	claims, err := d.verifier.Verify(raw)
	if err != nil {
		return token.Claims{}, refuse(http.StatusUnauthorized, "unauthorized", err.Error())
	}
	if err := d.lease.Admit(claims); err != nil {
		return token.Claims{}, err
	}
	return claims, d.state.refusal()
}
