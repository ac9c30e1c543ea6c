package serve

import (
	"testing"

	"rollyard.dev/sandboxd/internal/calls"
)

func TestAPanicOfACallBecomesAnInternalError(t *testing.T) {
	_, err := contained(func() (calls.Answer, error) { panic("bug") })
	if known := asRefusal(err); known.status != 500 || known.code != "internal" {
		t.Errorf("got %d %s", known.status, known.code)
	}
}

func TestReplayedIsAddedToTheStoredObject(t *testing.T) {
	stored := []byte(`{"exit_code":0}`)
	for replayed, want := range map[bool]string{
		false: `{"exit_code":0,"replayed":false}`, true: `{"exit_code":0,"replayed":true}`,
	} {
		if got := string(withReplayed(stored, replayed)); got != want {
			t.Errorf("got %s", got)
		}
	}
	if string(stored) != `{"exit_code":0}` {
		t.Errorf("the stored answer became %s", stored)
	}
}
