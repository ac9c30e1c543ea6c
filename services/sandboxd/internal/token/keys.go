package token

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
)

type jwk struct {
	Kid string `json:"kid"`
	X   string `json:"x"`
}

// ParseKeys reads the public keys of a sandbox: a JSON array of {"kid","x"},
// or an object of them such as {"current":{…},"next":{…}}. x is the raw
// Ed25519 public key in base64url (RFC 8037). At least one key is required.
func ParseKeys(raw []byte) (map[string]ed25519.PublicKey, error) {
	list, err := keyList(raw)
	if err != nil {
		return nil, err
	}
	keys := make(map[string]ed25519.PublicKey, len(list))
	for _, entry := range list {
		key, err := decode(entry.X)
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("key %q: x is not 32 bytes of base64url", entry.Kid)
		}
		if _, double := keys[entry.Kid]; double || entry.Kid == "" {
			return nil, fmt.Errorf("key %q: kid is empty or given twice", entry.Kid)
		}
		keys[entry.Kid] = key
	}
	if len(keys) == 0 {
		return nil, errors.New("no key was given")
	}
	return keys, nil
}

func keyList(raw []byte) ([]jwk, error) {
	var list []jwk
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	var named map[string]*jwk
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, errors.New("keys must be a JSON array of {kid, x} or an object {current, next}")
	}
	for _, entry := range named {
		if entry != nil {
			list = append(list, *entry)
		}
	}
	return list, nil
}
