package process

import (
	"math/rand"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextIsValidAndCountsWhatItReplacedOrCut(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	alphabet := []string{"a", "é", "€", "😀", "\xff", "\xc3", "\xe2\x82", "\x00", "\uFFFD"}
	for range 2000 {
		var whole strings.Builder
		for range random.Intn(20) {
			whole.WriteString(alphabet[random.Intn(len(alphabet))])
		}
		input := whole.String()
		limit := random.Intn(len(input) + 1)
		c := capture{kept: []byte(input[:limit]), dropped: int64(len(input) - limit)}
		text, invalid := c.text()
		if !utf8.ValidString(text) {
			t.Fatalf("%q gave %q", input, text)
		}
		if kept := int64(len(text)) - 2*invalid; kept+c.dropped != int64(len(input)) {
			t.Fatalf("%q cut at %d: %d kept, %d dropped", input, limit, kept, c.dropped)
		}
	}
}

func TestACompleteStreamLosesNothingAtItsEnd(t *testing.T) {
	c := capture{kept: []byte("a\xe2\x82")}
	text, invalid := c.text()
	if text != "a\uFFFD\uFFFD" || invalid != 2 || c.dropped != 0 {
		t.Errorf("%q %d %d", text, invalid, c.dropped)
	}
}

func TestTheBudgetIsSharedAndNeverExceeded(t *testing.T) {
	shared := newBudget(1000)
	captures := make([]capture, 4)
	done := make(chan bool)
	for i := range captures {
		reader, writer, _ := os.Pipe()
		go func() { writer.Write(make([]byte, 5000)); writer.Close() }()
		go func() { captures[i].drain(reader, shared); done <- true }()
	}
	kept, dropped := 0, int64(0)
	for range captures {
		<-done
	}
	for i := range captures {
		kept += len(captures[i].kept)
		dropped += captures[i].dropped
	}
	if kept != 1000 || dropped != 19_000 {
		t.Errorf("kept %d, dropped %d", kept, dropped)
	}
}
