package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

func (s *sandbox) execAs(token, id string) reply {
	s.t.Helper()
	return s.send("POST", "/v1/exec", token, execBody(object{"call_id": id}))
}

func TestOnlyAProperTokenIsAccepted(t *testing.T) {
	s := startSandbox(t)
	with := func(name string, value any) object {
		claims := claimsOf("r1", 0, 1)
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
		return claims
	}
	header := object{"alg": "EdDSA", "kid": testKid}
	_, stranger, _ := ed25519.GenerateKey(nil)
	good := s.sign(claimsOf("r1", 0, 1))
	parts := strings.Split(good, ".")
	other := strings.Split(s.sign(claimsOf("r2", 0, 1)), ".")
	cases := map[string]string{
		"none":                   "",
		"garbage":                "abc",
		"two parts":              parts[0] + "." + parts[1],
		"unsigned":               parts[0] + "." + parts[1] + ".",
		"swapped payload":        parts[0] + "." + other[1] + "." + parts[2],
		"padded signature":       good + "==",
		"alg none":               signToken(s.key, object{"alg": "none", "kid": testKid}, claimsOf("r1", 0, 1)),
		"alg none, no signature": b64(mustJSON(object{"alg": "none"})) + "." + parts[1] + ".",
		"alg HS256 of the key":   hs256(s.key.Public().(ed25519.PublicKey), claimsOf("r1", 0, 1)),
		"lower case alg":         signToken(s.key, object{"alg": "eddsa", "kid": testKid}, claimsOf("r1", 0, 1)),
		"critical extension":     signToken(s.key, object{"alg": "EdDSA", "kid": testKid, "crit": []string{"x"}}, claimsOf("r1", 0, 1)),
		"unknown kid":            signToken(s.key, object{"alg": "EdDSA", "kid": "k9"}, claimsOf("r1", 0, 1)),
		"no kid":                 signToken(s.key, object{"alg": "EdDSA"}, claimsOf("r1", 0, 1)),
		"wrong key":              signToken(stranger, header, claimsOf("r1", 0, 1)),
		"wrong audience":         s.sign(with("aud", "sandbox-2")),
		"audience list":          s.sign(with("aud", []string{testUID})),
		"no audience":            s.sign(with("aud", nil)),
		"no rollout":             s.sign(with("rollout", nil)),
		"no attempt":             s.sign(with("attempt", nil)),
		"no epoch":               s.sign(with("epoch", nil)),
		"no expiry":              s.sign(with("exp", nil)),
		"attempt is a string":    s.sign(with("attempt", "0")),
		"negative epoch":         s.sign(with("epoch", -1)),
		"expired":                s.sign(with("exp", time.Now().Add(-time.Second).Unix())),
		"too long":               s.sign(with("rollout", strings.Repeat("r", 5000))),
	}
	for name, token := range cases {
		r := s.execAs(token, "c")
		expect(t, name, r.status, 401)
		expect(t, name, r.code(), "unauthorized")
		if token != "" && strings.Contains(string(r.body), token) {
			t.Errorf("%s: the answer repeats the token", name)
		}
	}
	expect(t, "none of them has bound the sandbox", s.execAs(good, "c").status, 200)
}

func hs256(secret []byte, claims object) string {
	input := b64(mustJSON(object{"alg": "HS256", "kid": testKid})) + "." + b64(mustJSON(claims))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func TestATokenStopsWorkingWhenItExpires(t *testing.T) {
	s := startSandbox(t)
	claims := claimsOf("r1", 0, 1)
	claims["exp"] = float64(time.Now().Add(700*time.Millisecond).UnixMilli()) / 1000
	token := s.sign(claims)
	expect(t, "fresh", s.execAs(token, "a").status, 200)
	eventually(t, "it is refused", func() bool { return s.execAs(token, "a").status == 401 })
}

func TestTheFirstTokenBindsTheSandboxToOneAttemptForEver(t *testing.T) {
	s := startSandbox(t)
	expect(t, "first", s.execAs(s.sign(claimsOf("r1", 1, 5)), "a").status, 200)
	for name, claims := range map[string]object{
		"another rollout":           claimsOf("r2", 1, 5),
		"another rollout, newer":    claimsOf("r2", 9, 99),
		"a later attempt":           claimsOf("r1", 2, 99),
		"an earlier attempt":        claimsOf("r1", 0, 5),
		"a later attempt, no epoch": claimsOf("r1", 2, 0),
	} {
		r := s.execAs(s.sign(claims), "b")
		expect(t, name, r.status, 409)
		expect(t, name, r.code(), "bound_elsewhere")
	}
	expect(t, "still bound", s.execAs(s.sign(claimsOf("r1", 1, 5)), "b").status, 200)
}

func TestTheHighestEpochWins(t *testing.T) {
	s := startSandbox(t)
	for _, step := range []struct{ epoch, status int }{{5, 200}, {5, 200}, {4, 409}, {8, 200}, {7, 409}, {5, 409}, {8, 200}} {
		r := s.execAs(s.sign(claimsOf("r1", 0, step.epoch)), "c")
		expect(t, "status", r.status, step.status)
		if step.status == 409 {
			expect(t, "code", r.code(), "stale_epoch")
		}
	}
	for _, target := range []string{"/v1/files?path=x", "/v1/archive?path=."} {
		expect(t, target, s.send("GET", target, s.sign(claimsOf("r1", 0, 1)), nil).code(), "stale_epoch")
	}
	expect(t, "freeze", s.send("POST", "/v1/freeze", s.sign(claimsOf("r1", 0, 1)), nil).code(), "stale_epoch")
}

func TestANewDriverFencesAnOldOneInTheMiddleOfItsRequest(t *testing.T) {
	s := startSandbox(t)
	body, feed := newPipe()
	answer := make(chan reply, 1)
	go func() {
		r, _ := s.trySend(t.Context(), "POST", "/v1/exec", s.sign(claimsOf("r1", 0, 1)), body)
		answer <- r
	}()
	feed.writeHalf(execBody(object{"call_id": "old", "argv": []string{"touch", "old"}}))
	expect(t, "the new driver", s.execAs(s.sign(claimsOf("r1", 0, 2)), "new").status, 200)
	feed.writeRest()
	expect(t, "the old driver", (<-answer).code(), "stale_epoch")
	expect(t, "its command did not run", exists(s.workdir+"/old"), false)
}

func TestBothKeysOfARotationAreAccepted(t *testing.T) {
	current, currentKey, _ := ed25519.GenerateKey(nil)
	next, nextKey, _ := ed25519.GenerateKey(nil)
	keys := string(mustJSON(object{"current": object{"kid": "a", "x": b64(current)}, "next": object{"kid": "b", "x": b64(next)}}))
	s := startSandbox(t, "--keys", keys)
	expect(t, "current", s.execAs(signToken(currentKey, object{"alg": "EdDSA", "kid": "a"}, claimsOf("r1", 0, 1)), "c").status, 200)
	expect(t, "next", s.execAs(signToken(nextKey, object{"alg": "EdDSA", "kid": "b"}, claimsOf("r1", 0, 1)), "c").status, 200)
	expect(t, "crossed", s.execAs(signToken(nextKey, object{"alg": "EdDSA", "kid": "a"}, claimsOf("r1", 0, 1)), "c").status, 401)
}
