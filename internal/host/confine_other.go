//go:build !linux

package host

import "errors"

// Confine always fails.
func Confine([]int) (func() error, error) {
	return nil, errors.New("host: this system has no thread affinity")
}
