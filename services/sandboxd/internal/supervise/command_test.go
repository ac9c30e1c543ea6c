package supervise

import (
	"strings"
	"testing"
)

func TestIDsAreNamesOfOneFolder(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, "A-1.b_c": true, strings.Repeat("x", 128): true,
		"": false, ".": false, "..": false, ".lock": false, "-a": false, "a/b": false, "a b": false,
		"a\nb": false, "ä": false, "a\x00": false, strings.Repeat("x", 129): false,
	} {
		if isID(text) != want {
			t.Errorf("isID(%q) = %v", text, !want)
		}
	}
}
