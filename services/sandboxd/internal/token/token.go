// Package token verifies lease tokens: compact JWTs (RFC 7519, RFC 7515) signed
// with EdDSA over Ed25519 (RFC 8037), and nothing else.
package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"
)

const maxTokenBytes = 4096

// Claims is what a lease token says: this driver of this attempt of this
// rollout may use the sandbox until ExpiresAt.
type Claims struct {
	Rollout   string
	Attempt   int64
	Epoch     int64
	ExpiresAt time.Time
}

// Verifier checks tokens for one audience (the sandbox uid) against a fixed key set.
type Verifier struct {
	audience string
	keys     map[string]ed25519.PublicKey
	now      func() time.Time

	mu         sync.Mutex
	lastToken  string
	lastClaims Claims
}

// NewVerifier returns a Verifier. keys maps a key id to its public key.
func NewVerifier(audience string, keys map[string]ed25519.PublicKey, now func() time.Time) *Verifier {
	return &Verifier{audience: audience, keys: keys, now: now}
}

// The errors of Verify. Their texts are safe to show: none repeats a token.
var (
	ErrMalformed = errors.New("the token is not a compact JWT")
	ErrAlgorithm = errors.New("the token's algorithm is not EdDSA")
	ErrKey       = errors.New("the token names a key that this sandbox does not know")
	ErrSignature = errors.New("the token's signature does not verify")
	ErrAudience  = errors.New("the token is for another sandbox")
	ErrClaims    = errors.New("the token lacks a claim: rollout, attempt, epoch and exp are required")
	ErrExpired   = errors.New("the token has expired")
)

// Verify returns the claims of a valid token. The last good token is kept, so
// that a busy driver costs one signature check per token and not per call.
func (v *Verifier) Verify(raw string) (Claims, error) {
	if claims, ok := v.cached(raw); ok {
		return v.unexpired(claims)
	}
	claims, err := v.verify(raw)
	if err != nil {
		return Claims{}, err
	}
	v.mu.Lock()
	v.lastToken, v.lastClaims = raw, claims
	v.mu.Unlock()
	return v.unexpired(claims)
}

func (v *Verifier) cached(raw string) (Claims, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.lastClaims, raw != "" && raw == v.lastToken
}

func (v *Verifier) unexpired(claims Claims) (Claims, error) {
	if !v.now().Before(claims.ExpiresAt) {
		return Claims{}, ErrExpired
	}
	return claims, nil
}

func (v *Verifier) verify(raw string) (Claims, error) {
	if len(raw) > maxTokenBytes {
		return Claims{}, ErrMalformed
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return Claims{}, ErrMalformed
	}
	key, err := v.keyOf(parts[0])
	if err != nil {
		return Claims{}, err
	}
	signature, err := decode(parts[2])
	if err != nil {
		return Claims{}, ErrMalformed
	}
	if !ed25519.Verify(key, []byte(parts[0]+"."+parts[1]), signature) {
		return Claims{}, ErrSignature
	}
	return v.claimsOf(parts[1])
}

func (v *Verifier) keyOf(part string) (ed25519.PublicKey, error) {
	var header struct {
		Alg  string          `json:"alg"`
		Kid  string          `json:"kid"`
		Crit json.RawMessage `json:"crit"`
	}
	if err := decodeJSON(part, &header); err != nil {
		return nil, ErrMalformed
	}
	if header.Alg != "EdDSA" || header.Crit != nil {
		return nil, ErrAlgorithm
	}
	key, ok := v.keys[header.Kid]
	if !ok {
		return nil, ErrKey
	}
	return key, nil
}

func (v *Verifier) claimsOf(part string) (Claims, error) {
	var body struct {
		Aud     string   `json:"aud"`
		Rollout string   `json:"rollout"`
		Attempt *int64   `json:"attempt"`
		Epoch   *int64   `json:"epoch"`
		Exp     *float64 `json:"exp"`
	}
	if err := decodeJSON(part, &body); err != nil {
		return Claims{}, ErrClaims
	}
	if body.Aud != v.audience {
		return Claims{}, ErrAudience
	}
	if body.Rollout == "" || body.Attempt == nil || body.Epoch == nil || body.Exp == nil {
		return Claims{}, ErrClaims
	}
	if *body.Attempt < 0 || *body.Epoch < 0 || *body.Exp < 0 || *body.Exp > 1e12 {
		return Claims{}, ErrClaims
	}
	expires := time.UnixMilli(int64(*body.Exp * 1000))
	return Claims{Rollout: body.Rollout, Attempt: *body.Attempt, Epoch: *body.Epoch, ExpiresAt: expires}, nil
}

func decode(part string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(part)
}

func decodeJSON(part string, into any) error {
	text, err := decode(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
