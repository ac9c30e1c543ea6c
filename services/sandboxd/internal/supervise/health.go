package supervise

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	firstPause     = 2 * time.Millisecond
	longestPause   = 50 * time.Millisecond
	maxHealthBytes = 64 << 10
)

// health is what GET /healthz of a sandbox said. It is untrusted text.
type health struct {
	Status   string `json:"status"`
	Output   string `json:"output"`
	ExitCode *int   `json:"exit_code"`
}

// awaitHealth asks the socket until the sandbox is no longer starting, or the
// context ends.
func awaitHealth(ctx context.Context, socket string) (health, error) {
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		found, err := askHealth(ctx, socket)
		if err == nil && found.Status != "starting" {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return health{}, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// askHealth speaks HTTP by hand: a client with its pool and goroutines costs
// more than the whole question.
func askHealth(ctx context.Context, socket string) (health, error) {
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return health{}, err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Unix(1, 0)) })()
	if _, err := io.WriteString(connection, "GET /healthz HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n\r\n"); err != nil {
		return health{}, err
	}
	bounded := bufio.NewReaderSize(io.LimitReader(connection, maxHealthBytes), 1024)
	response, err := http.ReadResponse(bounded, nil)
	if err != nil {
		return health{}, err
	}
	defer response.Body.Close()
	var found health
	if json.NewDecoder(response.Body).Decode(&found) != nil || found.Status == "" {
		return health{}, errors.New("the answer of /healthz is not sandboxd's")
	}
	return found, nil
}
