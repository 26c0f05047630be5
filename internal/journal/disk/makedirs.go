package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// MakeDirs makes dir and what is missing above it. A directory is made only when the name of the one
// above it is durable, so if one is found that was made like this, its own name is all that may not be:
// that is made durable too.
func MakeDirs(files FS, dir string) error {
	above := filepath.Dir(filepath.Clean(dir))
	_, err := files.List(dir)
	found := err == nil
	if errors.Is(err, fs.ErrNotExist) && above != filepath.Clean(dir) {
		if err := MakeDirs(files, above); err != nil {
			return err
		}
		if err = files.MakeDir(dir); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	err = files.SyncDir(above)
	if found && errors.Is(err, fs.ErrPermission) {
		return nil // what we may not even open we have not made
	}
	if err != nil {
		return fmt.Errorf("cannot make the name of %s durable: %w", dir, err)
	}
	return nil
}
