package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces the file at path by b, whole or not at all: it writes a temporary file beside
// it, makes that durable, renames it and makes the name durable. Errors carry the path.
func WriteFile(path string, b []byte) error {
	temporary := path + ".tmp"
	if err := writeDurably(temporary, b); err != nil {
		os.Remove(temporary) // the error that matters is the one above
		return fmt.Errorf("ledger: cannot save %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("ledger: cannot save %s: %w", path, err)
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("ledger: cannot save %s: %w", path, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("ledger: cannot save %s: %w", path, err)
	}
	return nil
}

func writeDurably(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
