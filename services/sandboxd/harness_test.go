package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// The test binary is sandboxd itself when this variable is set.
const asSandboxd = "SANDBOXD_TEST_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(asSandboxd) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const (
	testUID = "sandbox-1"
	testKid = "k1"
)

type sandbox struct {
	t       testing.TB
	command *exec.Cmd
	client  *http.Client
	dir     string // outside the workdir
	workdir string
	key     ed25519.PrivateKey
	token   string
	log     *bytes.Buffer
}

// startSandbox runs "sandboxd serve" on a Unix socket, with extra flags.
func startSandbox(t testing.TB, flags ...string) *sandbox {
	t.Helper()
	s := launchSandbox(t, flags...)
	s.waitStatus("ready")
	return s
}

func launchSandbox(t testing.TB, flags ...string) *sandbox {
	t.Helper()
	return launchThrough(t, nil, flags...)
}

// launchThrough starts sandboxd by way of another program, such as a shell that
// prepares something and then becomes it.
func launchThrough(t testing.TB, wrapper []string, flags ...string) *sandbox {
	t.Helper()
	dir, err := os.MkdirTemp("", "sbx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	public, private, _ := ed25519.GenerateKey(nil)
	s := &sandbox{t: t, dir: dir, workdir: filepath.Join(dir, "work"), key: private, log: &bytes.Buffer{}}
	if err := os.Mkdir(s.workdir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.token = s.sign(claimsOf("r1", 0, 1))
	s.client = unixClient(s.socket())
	arguments := append([]string{"serve", "--listen", "unix:" + s.socket(), "--sandbox-uid", testUID,
		"--workdir", s.workdir, "--keys", keysJSON(public)}, flags...)
	whole := append(append(wrapper[:len(wrapper):len(wrapper)], binary()), arguments...)
	s.command = exec.Command(whole[0], whole[1:]...)
	s.command.Env = append(os.Environ(), asSandboxd+"=1", "CANARY_SECRET=leak")
	s.command.Stderr = s.log
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return s
}

func (s *sandbox) socket() string { return filepath.Join(s.dir, "s.sock") }

func (s *sandbox) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	_ = s.command.Wait()
}

func unixClient(path string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 100}}
}

func keysJSON(public ed25519.PublicKey) string {
	return fmt.Sprintf(`[{"kid":%q,"x":%q}]`, testKid, b64(public))
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

type object = map[string]any

func claimsOf(rollout string, attempt, epoch int) object {
	return object{"aud": testUID, "rollout": rollout, "attempt": attempt, "epoch": epoch,
		"exp": time.Now().Add(time.Hour).Unix()}
}

func (s *sandbox) sign(claims object) string {
	return signToken(s.key, object{"alg": "EdDSA", "kid": testKid}, claims)
}

func signToken(key ed25519.PrivateKey, header, claims object) string {
	head, _ := json.Marshal(header)
	body, _ := json.Marshal(claims)
	input := b64(head) + "." + b64(body)
	return input + "." + b64(ed25519.Sign(key, []byte(input)))
}

type reply struct {
	status int
	body   []byte
	json   object
}

func (r reply) code() string {
	inner, _ := r.json["error"].(object)
	code, _ := inner["code"].(string)
	return code
}

func (s *sandbox) send(method, target, token string, body io.Reader) reply {
	s.t.Helper()
	r, err := s.trySend(context.Background(), method, target, token, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	return r
}

func (s *sandbox) trySend(ctx context.Context, method, target, token string, body io.Reader) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://sandbox"+target, body)
	if err != nil {
		return reply{}, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	r := reply{status: response.StatusCode, body: text}
	_ = json.Unmarshal(text, &r.json)
	return r, err
}

// execBody is an exec request with defaults under the given members.
func execBody(members object) io.Reader {
	body := object{"call_id": "c", "argv": []string{"true"}, "timeout_ms": 10_000, "max_output_bytes": 65536}
	for name, value := range members {
		body[name] = value
	}
	text, _ := json.Marshal(body)
	return bytes.NewReader(text)
}

func (s *sandbox) exec(members object) reply {
	s.t.Helper()
	return s.send("POST", "/v1/exec", s.token, execBody(members))
}

// run executes a shell script under a call id and expects an answer.
func (s *sandbox) run(id, script string) object {
	s.t.Helper()
	r := s.exec(object{"call_id": id, "argv": []string{"sh", "-c", script}})
	if r.status != 200 {
		s.t.Fatalf("exec answered %d %s", r.status, r.body)
	}
	return r.json
}

func (s *sandbox) waitStatus(want string) object {
	s.t.Helper()
	var last reply
	eventually(s.t, "healthz status "+want, func() bool {
		last, _ = s.trySend(context.Background(), "GET", "/healthz", "", nil)
		return last.json["status"] == want
	})
	return last.json
}

// eventually polls a condition for up to ten seconds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("not within 10 s: %s", what)
}

func expect(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// binary is the sandboxd under test: SANDBOXD_BINARY when set (for benchmarks),
// else the test binary itself.
func binary() string {
	if given := os.Getenv("SANDBOXD_BINARY"); given != "" {
		return given
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return self
}

func mustJSON(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}
