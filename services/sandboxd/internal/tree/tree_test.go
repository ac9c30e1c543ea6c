package tree

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRemoveNeverFollowsALinkAndTakesAMissingFolder(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "precious")
	if err := os.MkdirAll(filepath.Join(precious, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(precious, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, filepath.Join(dir, "missing")} {
		if err := Remove(path); err != nil {
			t.Errorf("Remove(%s): %v", path, err)
		}
	}
	if _, err := os.Lstat(link); !os.IsNotExist(err) {
		t.Error("the link itself is still there")
	}
	if _, err := os.Stat(filepath.Join(precious, "in")); err != nil {
		t.Error("what the link pointed to was removed")
	}
}

func TestACorpusIsCopiedAsItWasWhenItWasRead(t *testing.T) {
	source, target := t.TempDir(), t.TempDir()
	file := filepath.Join(source, "f")
	if err := os.WriteFile(file, []byte("first"), 0o644); err != nil {
		t.Fatal(err)
	}
	corpus, err := ReadCorpus(source, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("second"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := corpus.CopyTo(target, nil); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(target, "f")); string(text) != "first" {
		t.Errorf("copied %q", text)
	}
}

func TestACorpusThatIsNoFolderIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCorpus(file, 0); err == nil {
		t.Error("a file was taken for a folder")
	}
}
