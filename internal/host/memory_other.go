//go:build !linux

package host

import (
	"errors"
	"runtime"
)

func lockMemory() error { return errors.New("not known how on " + runtime.GOOS) }
